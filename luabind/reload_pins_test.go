package luabind_test

import (
	"fmt"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// TestKeptValuesDoNotReferToOldVMs uses a module or keeps its values in a data table, and
// reloads. Values that scripts may keep must not refer to the VM that made them.
func TestKeptValuesDoNotReferToOldVMs(t *testing.T) {
	for _, c := range []struct{ name, load, handler string }{
		{name: "a timer that was replaced", load: `data.timer = data.timer or spectrum.every("t", 100, function() return big end) spectrum.every("t", 100, function() end)`},
		{name: "a timer without a name", load: `data.timer = data.timer or spectrum.after(100, function() return big end)`},
		{name: "a timer that has run", load: `local done = spectrum.channel(1) data.timer = data.timer or spectrum.after(0, function() done:send(big) end) spectrum.spawn(function() done:receive(1) end)`},
		{name: "a timer that was cancelled", load: `if not data.timer then data.timer = spectrum.every("c", 100, function() return big end) data.timer:cancel() end`},
		{name: "a task that was replaced", load: `local f = function() return big end data.task = data.task or spectrum.spawn("t", function() f() spectrum.sleep(100) end) spectrum.spawn("t", function() end)`},
		{name: "a task that has ended", load: `data.task = data.task or spectrum.spawn(function() return #big end)`},
		{name: "a task that has failed", load: `data.task = data.task or spectrum.spawn(function() pcall(error, big) error "an error of the test" end)`},
		{name: "a task that was cancelled", load: `if not data.task then data.task = spectrum.spawn("x", function() spectrum.sleep(100) return big end) data.task:cancel() end`},
		{name: "a session's timer", handler: `session.data.timer = session.data.timer or session:after(100, function() return big end)`},
		{name: "a session's task", handler: `session.data.task = session.data.task or session:spawn(function() return #big end) session:spawn("n", function() spectrum.sleep(100) return big end)`},
		{name: "a channel that functions went through", load: `data.c = data.c or spectrum.channel(4) for i = 1, 4 do data.c:send(function() return big end) end for i = 1, 4 do data.c:receive() end`},
		{name: "a channel at which tasks have waited", load: `
data.c = data.c or spectrum.channel()
local c = data.c
spectrum.spawn("r", function() for i = 1, 3 do c:receive(100) end end)
spectrum.spawn("s", function() for i = 1, 3 do c:send(function() return big end, 100) end end)`},
		{name: "an object for answers", load: `
data.p = data.p or spectrum.pending(100)
data.p:answer(data.p:new(), 1)
spectrum.spawn("w", function() data.p:wait(data.p:new(), 100) return big end)`},
		{name: "a connection that reads", load: `
local net = require "spectrum.net"
data.ln = data.ln or assert(net.listen(0))
data.c = spectrum.connection("c", { connect = function() return net.connect(data.ln.address) end,
  line = function() return big end, online = function() return big end, lost = function() return big end,
  ping = function() return big end, send = function(conn, text) return conn:write(text, #big) end })
data.c:send("x")`},
		{name: "a connection that waits for the next attempt", load: `
data.c = spectrum.connection("c", { connect = function() return nil, "no" .. #big end, line = print })
data.c:send("x")`},
		{name: "a connection that is closed", load: `
local c = spectrum.connection("c", { connect = function() return nil, "no" .. #big end, line = print })
data.c = data.c or c
c:close()`},
		{name: "a session's connection", handler: `
local net = require "spectrum.net"
session.data.ln = session.data.ln or assert(net.listen(0))
session.data.c = session:connection("c", { connect = function() return net.connect(session.data.ln.address) end,
  read = function(conn) return conn:read_line(), big end, line = function() return big end })`},
		{name: "a server", load: `local http = require "spectrum.http" data.server = assert(http.serve("127.0.0.1:0", function() return { body = "x" .. #big } end))`},
		{name: "a server that is not kept", load: `local http = require "spectrum.http" local s = assert(http.serve("127.0.0.1:0", function() return { body = "x" .. #big } end))`},
		{name: "a listener and connections", load: `
local net = require "spectrum.net"
data.ln = data.ln or assert(net.listen(0))
if not data.a then data.a = assert(net.connect(data.ln.address)) data.b = assert(data.ln:accept(5)) end
spectrum.spawn("reader", function() while true do if not data.a:read_line() then return big end end end)
spectrum.spawn("acceptor", function() data.ln:accept(100) return big end)`},
		{name: "stores and databases", load: `
local store, sql = require "spectrum.store", require "spectrum.sql"
data.store = data.store or store.open "x"
data.db = data.db or assert(sql.open "sqlite::memory:")
data.store:set("a", 1) data.db:query "SELECT 1"
spectrum.spawn(function() data.db:transaction(function() return #big end) end)`},
		{name: "a process", load: `
local process = require "spectrum.process"
data.p = data.p or assert(process.start { "cat" })
spectrum.spawn("cat", function() data.p:read_line() return big end)`},
		{name: "values of modules", load: `
data.re = data.re or require "spectrum.regexp".compile "a+"
data.xml = require "spectrum.xml".parse "<a b='c'/>"
data.json = require "spectrum.json".decode '{"a": [1, {"b": 2}]}'
data.settings = require "spectrum.config"
data.log = require "spectrum.log"`},
		{name: "an error that was raised", handler: `local ok, why = pcall(error, setmetatable({}, { __index = big })) session.data.why = tostring(why)`},
		{name: "an error that ends a handler", handler: `if m.message == "x" then local t = { big = big } spectrum.spawn(function() error(t) end) end`},
		{name: "garbage with a metatable", load: `for i = 1, 100 do setmetatable({}, { __gc = function() return big end, __mode = "k" }) end`},
		{name: "strings", load: `data.text = ("x"):rep(100) data.sub = data.text:sub(1, 50) for w in data.text:gmatch "x" do data.w = w end data.text = data.text:gsub("x", function() return "y" end)`},
		{name: "coroutines", load: `local co = coroutine.create(function() coroutine.yield(big) end) coroutine.resume(co) local w = coroutine.wrap(function() while true do coroutine.yield() end end) w()`},
		{name: "files", load: `data.f = data.f or io.tmpfile() data.f:write "x" local f = io.tmpfile() f:write("y")`},
	} {
		t.Run(c.name, func(t *testing.T) {
			script := fmt.Sprintf(`
local spectrum = require "spectrum"
local data = spectrum.data
local big = {}
for i = 1, 100 do big[i] = { i } end
%s
local on = {}
function on.login(session) session:connected() end
function on.conv_message(session, m)
  %s
  session:conv_message { buddy_name = "b", message = m.message }
end
function on.query(m) spectrum.send("query", { config = "done" }) end
return on`, c.load, c.handler)
			st := luatest.Start(t, script)
			users := []string{alice, "bob@localhost"}
			for _, u := range users {
				st.Login(u)
				st.Expect("connected", nil)
			}
			for range 3 {
				for _, u := range users {
					st.Say(u, "b", "x")
				}
				settle(t, st, users)
				if err := st.Host.Load(); err != nil {
					t.Fatal(err)
				}
				settle(t, st, users)
			}
			if !collected(st) {
				t.Errorf("generations %v stay in memory", st.Host.OldGenerations())
			}
		})
	}
}
