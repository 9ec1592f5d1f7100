package scripttest_test

import (
	"strings"
	"testing"
)

// filesScript returns each file of the user in upper case, and by a function.
const filesScript = `
local files = require "spectrum.files"
local on = {}
function on.login(s) s:connected() end
function on.conv_message(s, m)
  local a = m.attachment and m.attachment[1] or m.message:match "%S+$"
  local file, why = files.fetch(a)
  if not file then return s:conv_message { buddy_name = m.buddy_name, message = why } end
  local data = file:read_all()
  s:conv_message { buddy_name = m.buddy_name, message = m.message .. " " .. file.name .. " " .. file.mime_type .. " " .. file.size, attachment = {
    assert(files.share { name = file.name, data = data:upper() }),
    assert(files.share { name = "made.txt", fetch = function() if data == "fail" then return nil, "no" end return data .. "!" end }),
  } }
end
return on
`

func TestFilesGoBothWays(t *testing.T) {
	for _, c := range []struct{ name, body, failure string }{
		{"everything", `
		local u = t:login()
		local sent = u:send_file("carol", { data = "hello", name = "../a b.txt", mime_type = "text/x-a", text = "look" })
		t.same(sent, { id = "client-1", message = "look", attachment = { { name = "a b.txt", mime_type = "text/x-a", size = 5, url = t.any } } })
		local m = u:expect("conv_message", { buddy_name = "carol", message = "look a b.txt text/x-a 5" })
		local data, status, headers = u:fetch(m.attachment[1])
		t.equal(data, "HELLO") t.equal(status, 200) t.equal(headers["X-Content-Type-Options"], "nosniff")
		t.equal(u:fetch(m.attachment[2]), "hello!")
		t.equal(u:fetch(sent.attachment[1].url), "hello")`, ""},
		{"an address for a text", `
		local u = t:login()
		local sent = u:send_file("carol", { data = "" })
		t.equal(sent.message, sent.attachment[1].url)
		u:expect("conv_message", { message = t.pattern " file text/plain.* 0$" })`, ""},
		{"under Spectrum", `
		t:start { home = "spectrum" }
		local u = t:login()
		local sent = u:send_file("carol", { data = "hi", name = "a.txt" })
		t.equal(sent.attachment, nil)
		t.match(u:send_file("carol", { data = "hi", text = "look" }).message, "^look\nhttp")
		local xml = t:expect("raw_xml", t.pattern "a.txt text/plain; charset=utf%-8 2")
		t.equal(u:fetch(xml:match "<url>(.-)</url>"), "HI")`, ""},
		{"other addresses of this machine", `
		local server = t:serve(function() t.fail("connected") end)
		local u = t:login()
		u:send("conv_message", { buddy_name = "carol", message = "x", attachment = { { url = "http://" .. server.address .. "/a" } } })
		u:expect("conv_message", { message = t.pattern "private network" })
		t.equal(server.count, 0)`, ""},
		{"a status", `
		local u = t:login()
		u:send_file("carol", { data = "fail" })
		local _, status = u:fetch(u:expect("conv_message").attachment[2])
		t.equal(status, 502)
		t:log("a shared file could not be made")`, ""},
		{"a size limit", `
		t:start { config = { files = { max_size = 4 } } }
		t:login():send_file("carol", { data = "hello" })`, "send_file: the file is too large"},
		{"no data", `t:login():send_file("carol", { name = "x" })`, "send_file: data: string expected, got nil"},
		{"a wrong type", `t:login():send_file("carol", { data = "x", mime_type = "x" })`, "is not a media type"},
		{"a wrong option", `t:login():send_file("carol", { data = "x", mime = "x" })`, "mime"},
		{"a list", `t:login():fetch({ { url = "x" } })`, "this is a list of attachments"},
		{"nothing", `t:login():fetch({})`, "address or attachment expected"},
		{"no server", `t:login():fetch("http://127.0.0.1:" .. t:free_port() .. "/")`, "fetch: "},
		{"a slow server", `
		local server = t:serve(function(conn) while conn:read_line() do end end)
		t:login():fetch("http://" .. server.address, 0.05)`, "fetch: it did not arrive in time"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := one(t, filesScript, c.body)
			failures := strings.Join(r.Failures, "\n")
			if r.Passed() != (c.failure == "") || !strings.Contains(failures, c.failure) {
				t.Errorf("failures:\n%s\nlog:\n%s", failures, strings.Join(r.Log, "\n"))
			}
		})
	}
}
