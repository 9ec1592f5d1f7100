package scripttest_test

import (
	"strings"
	"testing"
)

// client is a script that exchanges lines with a server.
const client = `
local spectrum, net = require "spectrum", require "spectrum.net"
local server, ca = spectrum.config.get("my.server"), spectrum.config.get("my.ca", "")
local on = {}
function on.login(session, m)
  local conn, err = net.connect(server, ca ~= "" and { tls = true, ca = ca } or {})
  if not conn then return session:disconnected { error = "network_error", message = err } end
  session.data.conn = conn
  conn:write("HELLO ", m.legacy_name, "\r\n")
  session:connected()
  session:spawn(function()
    for line in function() return conn:read_line() end do
      session:conv_message { buddy_name = "server", message = line }
    end
    session:disconnected { error = "network_error", message = "gone" }
  end)
end
function on.conv_message(session, m) session.data.conn:write(m.message, "\r\n") end
return on
`

var serving = []struct{ name, body string }{
	{"a conversation", `
		local p = t:serve(function(conn, n)
			t.equal(n, 1)
			t.equal(conn:expect_line("^HELLO (%w+)$"), "alice")
			conn:write_line("welcome", "to the server")
			t.equal(conn:read_line(), "one")
			t.equal(conn:find_line("three"), "three")
			conn:expect_close()
		end)
		t.equal(p.address, p.host .. ":" .. p.port)
		t:start { config = { my = { server = p.address } } }
		local u = t:login()
		u:expect("conv_message", { message = "welcome" })
		u:expect("conv_message", { message = "to the server" })
		u:say("server", "one"); u:say("server", "two"); u:say("server", "three")
		t:settle()
		u:logout()
		p:wait()
		t.equal(p.count, 1)`},
	{"a config with the peer's address", `
		local p
		p = t:serve(function(conn) conn:expect_line("HELLO"); conn:write_line("hi") end)
		t:start { config = { my = { server = function() return p.address end } } }
		t:login():expect("disconnected", { message = "gone" })`},
	{"TLS", `
		local p = t:serve(function(conn)
			t.truthy(conn.tls)
			conn:expect_line("HELLO")
			conn:write_line("secret")
		end, { tls = true })
		t:start { config = { my = { server = p.address, ca = p.ca } } }
		t:login():expect("conv_message", { message = "secret" })`},
	{"TLS that is not trusted", `
		local p, q = t:serve(function() end, { tls = true }), t:serve(function() end, { tls = true })
		t:start { config = { my = { server = p.address, ca = q.ca } } }
		t:login():expect("disconnected", { message = t.pattern("TLS") })`},
	{"a closed peer", `
		local p = t:serve(function() end)
		p:close()
		t:start { config = { my = { server = p.address } } }
		t:login():expect("disconnected", { message = t.pattern("refused") })`},
	{"many connections", `
		local p = t:serve(function(conn, n) conn:expect_line("HELLO"); conn:write_line("you are " .. n); conn:expect_close() end)
		t:start { config = { my = { server = p.address } } }
		local seen = {}
		local users = {}
		for i = 1, 5 do users[i] = t:login("user" .. i .. "@localhost") end
		for i = 1, 5 do seen[users[i]:expect("conv_message").message] = true end
		for i = 1, 5 do t.truthy(seen["you are " .. i]); users[i]:logout() end
		p:wait(5)`},
	{"the peer uses the clock of the test", `
		local spectrum = require "spectrum"
		local p = t:serve(function(conn)
			conn:expect_line("HELLO")
			while conn:write_line("ping") do spectrum.sleep(60) end
		end)
		t:start { config = { my = { server = p.address } } }
		local u = t:login()
		u:expect("conv_message", { message = "ping" })
		t:advance(600)
		for i = 1, 10 do u:expect("conv_message", { message = "ping" }) end`},
}

func TestServePlaysAServer(t *testing.T) {
	for _, c := range serving {
		t.Run(c.name, func(t *testing.T) {
			if r := one(t, client, c.body); !r.Passed() {
				t.Errorf("the case failed:\n%s\nlog:\n%s", strings.Join(r.Failures, "\n"), strings.Join(r.Log, "\n"))
			}
		})
	}
}

// TestAFailureOfThePeerFailsTheCase checks that the failure names the peer's line.
func TestAFailureOfThePeerFailsTheCase(t *testing.T) {
	for _, c := range []struct{ name, peer, user, want string }{
		{"a line that does not match", "conn:expect_line('^BYE')", "u:expect('vcard')",
			"script_test.lua:4: the line does not match\n  expected: t.pattern(\"^BYE\")\n  got:      \"HELLO alice\"\n  (in the function of t:serve, connection 1)"},
		{"no line", "conn:read_line(); conn:expect_line('x', 0.05)", "u:expect('vcard')",
			"script_test.lua:4: no line arrived\n  expected: t.pattern(\"x\")\n  got:      timeout"},
		{"lines that do not match", "conn:find_line('x', 0.05)", "u:expect('vcard')",
			"script_test.lua:4: no matching line arrived\n  expected: t.pattern(\"x\")\n  got:      timeout\n  lines before that:\n    \"HELLO alice\""},
		{"not closed", "conn:read_line() conn:expect_close(0.05)", "u:expect('vcard')",
			"script_test.lua:4: the script should close the connection, but did not"},
		{"a line before the close", "conn:expect_close()", "u:expect('vcard')",
			"script_test.lua:4: the script should close the connection\n  got:      the line \"HELLO alice\""},
		{"an error", "error('oops')", "u:expect('vcard')", "script_test.lua:4: oops"},
		{"a wait for more connections", "", "p:wait(2, 0.05)",
			"script_test.lua:8: the peer is not done: 1 of 2 connections have arrived, and 0 are open"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := one(t, client, "local p = t:serve(function(conn)\n"+c.peer+"\nend)\nt:start { config = { my = { server = p.address } } }\nlocal u = t:login()\n"+c.user)
			if len(r.Failures) != 1 || !strings.Contains(r.Failures[0], c.want) {
				t.Errorf("the failures are %q, want %q", r.Failures, c.want)
			}
		})
	}
}
