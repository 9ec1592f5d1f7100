package net_test

import (
	"testing"

	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestBothEnds talks to itself: a task listens, the script connects.
func TestBothEnds(t *testing.T) {
	cases := []struct{ name, server, client string }{
		{"lines", `
conn:write("one\r\n", "two\nthree")
conn:close()`, `
assert(conn:read_line() == "one" and conn:read_line() == "two" and conn:read_line() == "three")
local line, err = conn:read_line()
assert(line == nil and err == "closed by the peer", err)`},
		{"bytes", `
conn:write("abcdefgh::rest")
assert(conn:read(3) == "xyz")
conn:close()`, `
assert(conn:read(2) == "ab" and conn:read_until("::") == "cdefgh" and conn:read_some(2) == "re" and conn:read_some() == "st")
assert(conn:write("x", "yz"))
local data, err = conn:read(1)
assert(data == nil and err == "closed by the peer", err)`},
		{"an end within", `
conn:write("abc")
conn:close()`, `
local data, err = conn:read(10)
assert(data == nil and err == "the connection ended after 3 of 10 bytes", err)
assert(conn:read(3) == "abc")`},
		{"a line that is too long", `
conn:write(("x"):rep(2000), "\n")
conn:close()`, `
local line, err = conn:read_line(1000)
assert(line == nil and err == "the line is too long", err)
assert(#conn:read_line(2000) == 2000)`},
		{"a timeout loses nothing", `
conn:write("ha")
assert(conn:read_line() == "go on")
conn:write("lf\n")
conn:close()`, `
conn:set_timeout(0.02)
local line, err = conn:read_line()
assert(line == nil and err == "timeout", err)
conn:set_timeout(0)
conn:write("go on\n")
assert(conn:read_line() == "half")`},
		{"two readers are an error", `
conn:read_line()
conn:close()`, `
local reader = spectrum.spawn(function() return conn:read_line() end)
spectrum.sleep(0)
local ok, err = pcall(conn.read_line, conn)
assert(not ok and err:find("another task reads from this connection", 1, true), err)
assert(conn:write("bye\n"))
assert(reader:join())`},
		{"what a replaced task has not read is there for the next", `
conn:write("first\n")
assert(conn:read_line() == "again")
conn:write("second\n")
conn:close()`, `
local got = spectrum.channel(10)
local function reader() while true do local line = conn:read_line(); if not line then return end; got:send(line) end end
spectrum.spawn("reader", reader)
assert(got:receive() == "first")
local new = spectrum.spawn("reader", reader)
conn:write("again\n")
assert(got:receive() == "second")
assert(new:join())`},
		{"closing wakes who reads", `
conn:read_line()
conn:close()`, `
local reader = spectrum.spawn(function() return select(2, conn:read_line()) end)
spectrum.sleep(0)
conn:close()
assert(select(2, reader:join()) == "the connection is closed")
assert(select(2, conn:write("x")) == "the connection is closed" and select(2, conn:read_line()) == "the connection is closed")`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			luatest.Run(t, `
local spectrum, net = require "spectrum", require "spectrum.net"
local listener = assert(net.listen("127.0.0.1:0"))
local server = spectrum.spawn("server", function()
  local conn = assert(listener:accept(5))
`+c.server+`
end)
local conn = assert(net.connect(listener.address))
assert(conn.peer == listener.address)
`+c.client+`
local ok, err = server:join(5)
assert(ok, err)
`)
		})
	}
}

func TestFailures(t *testing.T) {
	luatest.Run(t, `
local net = require "spectrum.net"
local conn, err = net.connect("127.0.0.1:1")
assert(conn == nil and err == "cannot connect to 127.0.0.1:1: connection refused", err)
conn, err = net.connect("nowhere..invalid:1")
assert(conn == nil and err == "cannot connect to nowhere..invalid:1: there is no host nowhere..invalid", err)
conn, err = net.connect("unix:/nonexistent/socket")
assert(conn == nil and err:find("no such file or directory", 1, true), err)
for text, fn in pairs {
  ["is not an address"] = function() net.connect("localhost") end,
  ["connect has no option \"timout\"; did you mean \"timeout\"?"] = function() net.connect("127.0.0.1:1", { timout = 1 }) end,
  ["timeout: number of seconds expected, got string \"soon\""] = function() net.connect("127.0.0.1:1", { timeout = "soon" }) end,
  ["owner: module spectrum or session expected"] = function() net.connect("127.0.0.1:1", { owner = 1 }) end,
} do
  local ok, err = pcall(fn)
  assert(not ok and err:find(text, 1, true), tostring(err))
end
assert(#net.resolve("127.0.0.1") == 1)
`)
}

func TestLogoutClosesWhatTheSessionHasOpen(t *testing.T) {
	st := luatest.Start(t, `
local spectrum, net = require "spectrum", require "spectrum.net"
local listener = assert(net.listen("127.0.0.1:0"))
local on = {}
spectrum.spawn("server", function()
  while true do
    local conn = listener:accept()
    spectrum.spawn(function()
      conn:write("hello\n")
      local line, err = conn:read_line()
      spectrum.send("query", { config = tostring(line) .. " " .. tostring(err) })
    end)
  end
end)
function on.login(session)
  local conn = assert(net.connect(listener.address))
  session.data.conn = conn
  session:spawn("reader", function()
    while true do
      local line = assert(conn:read_line())
      session:conv_message { buddy_name = "b", message = line }
    end
  end)
end
return on`)
	st.Login("alice@localhost")
	st.ExpectSaid("hello")
	st.Logout("alice@localhost")
	st.ExpectQuery("nil closed by the peer")
}
