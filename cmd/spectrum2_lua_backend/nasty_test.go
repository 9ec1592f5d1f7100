package main

import (
	"strings"
	"syscall"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator/simtest"
	"spectrumlua/pb"
)

// nastyScript runs BODY when a user writes "go", and echoes each message.
const nastyScript = `
local spectrum = require "spectrum"
local keep = {}
local on = {}
function on.login(session)
  session:connected()
end
function on.logout(session)
  spectrum.data.gone = session
end
function on.conv_message(session, m)
  if m.message == "go" then
    BODY
  end
  session:conv_message { buddy_name = m.buddy_name, message = m.message }
end
return on`

// many defines a list with the same string of 1 MiB a million times.
const many = `
    local list, s = {}, ("x"):rep(2^20)
    for i = 1, 1e6 do list[i] = s end
    local function refuse(why, fn)
      local ok, err = pcall(fn)
      assert(not ok and err:find(why), err)
    end
`

// A handler of alice misbehaves. The process answers alice's next message, and all of
// bob's messages in the meantime. Bob receives no message of alice.
func TestNastyScripts(t *testing.T) {
	cases := []struct{ name, body, log string }{
		{"an endless loop", `while true do end`, "it ran for 500ms without waiting"},
		{"an endless loop under pcall", `while true do pcall(function() while true do end end) end`, "it ran for 500ms without waiting"},
		{"endless recursion", `local function f() return 1 + f() end f()`, "stack overflow"},
		{"endless recursion under pcall", `local function f() pcall(f) error("x") end pcall(f)`, ""},
		{"a string of a gigabyte", `local s = ("x"):rep(2^30)`, "max_string"},
		{"a string that doubles", `local s = "x" while true do s = table.concat { s, s } end`, "max_string"},
		{"a string that doubles by ..", `local s = "x" while true do s = s .. s end`, "max_string"},
		{"a string that doubles by .. under pcall", `local s = "x" while true do pcall(function() while true do s = s .. s end end) end`, "it ran for 500ms without waiting"},
		{"a list that grows endlessly", `local t = {} while true do t[#t + 1] = true end`, "it ran for 500ms without waiting"},
		{"100,000 tasks that end", `for i = 1, 1e5 do session:spawn(function() end) end`, ""},
		{"100,000 timers", `for i = 1, 1e5 do session:after(0, function() end) end`, ""},
		{"a task that swallows its cancellation", `
			local t = session:spawn("t", function() while true do pcall(spectrum.sleep, 1000) end end)
			spectrum.sleep(0)
			t:cancel()
			assert(t:join(5) == nil)`, ""},
		{"an error that is a table", `error({ code = 7 })`, "an error that is a table"},
		{"an error that is nil", `error(nil)`, "an error without a message"},
		{"an error that is a function", `error(print)`, "an error that is a function"},
		{"an error whose text raises", `error(setmetatable({}, { __tostring = function() error("again") end }))`, "an error that is a table"},
		{"an error whose text waits", `error(setmetatable({}, { __tostring = function() spectrum.sleep(0.01) return "slow text" end }))`, "slow text"},
		{"an error whose text computes endlessly", `error(setmetatable({}, { __tostring = function() while true do end end }))`, "error in on.conv_message"},
		{"__gc", `for i = 1, 100 do setmetatable({}, { __gc = function() error("gc") end }) end collectgarbage()`, ""},
		{"__index that raises", `local _ = setmetatable({}, { __index = function() error({}) end }).x`, "an error that is a table"},
		{"__index that waits", `local _ = setmetatable({}, { __index = function() spectrum.sleep(0.01) return 1 end }).x`, ""},
		{"fields with __index that raises", `session:conv_message(setmetatable({}, { __index = function() error("index") end }))`, "error in on.conv_message"},
		{"coroutines that are never resumed", `
			for i = 1, 1e4 do
				local co = coroutine.create(function() coroutine.yield() end)
				coroutine.resume(co)
				keep[#keep + 1] = co
			end`, ""},
		{"a message to a user who logged out", `assert(not pcall(function() spectrum.data.gone:conv_message { buddy_name = "b", message = "x" } end))`, ""},
		{"a message to a user who never logged in", `assert(spectrum.send("conv_message", { user_name = "nobody@localhost", buddy_name = "b", message = "x" }) == nil)`, ""},
		{"a message for another user", `session:conv_message { user_name = "bob@localhost", buddy_name = "b", message = "x" }`, "user_name"},
		{"a list with a long string a million times, sent to Spectrum", many + `
			refuse("too big", function() session:buddy_changed { buddy_name = "b", status = "online", group = list } end)
			refuse("too big", function() session:room_list { room = list, name = list } end)`, ""},
		{"a list with an empty string a million times, sent to Spectrum", `
			local list = {}
			for i = 1, 1e6 do list[i] = "" end
			local ok, err = pcall(function() session:buddy_changed { buddy_name = "b", status = "online", group = list } end)
			assert(not ok and err:find("too big"), err)`, ""},
		{"a list with a long string a million times, sent elsewhere", many + `
			local net, http, process, xml = require "spectrum.net", require "spectrum.http", require "spectrum.process", require "spectrum.xml"
			local conn = assert(net.connect(assert(net.listen("127.0.0.1:0")).address))
			refuse("max_string", function() conn:write(unpack(list, 1, 7000)) end)
			local cat = assert(process.start { "cat" })
			refuse("max_string", function() cat:write(unpack(list, 1, 7000)) end)
			local url, parts, attributes = "http://127.0.0.1:1", {}, {}
			for i = 1, 7000 do
				parts[i] = { name = "a", data = list[i] }
				attributes["a" .. i] = list[i]
			end
			refuse("max_string", function() http.post(url, nil, { multipart = parts }) end)
			refuse("max_string", function() http.post(url, nil, { multipart = { a = list } }) end)
			refuse("max_string", function() http.post(url, nil, { form = { a = list } }) end)
			refuse("max_string", function() http.get(url, { query = { a = list } }) end)
			refuse("more than", function() http.get(url, { headers = { a = list } }) end)
			refuse("too long", function() xml.tostring { name = "a", attr = attributes } end)`, ""},
		{"deep tables", `local t = {} for i = 1, 1e6 do t = { t } end session:conv_message(t)`, "error in on.conv_message"},
		{"deep source text", `assert(not loadstring(("("):rep(1e6)))`, ""},
		{"a script that deletes all globals", `for name in pairs(_G) do _G[name] = nil end`, ""},
		{"a script that deletes the string library", `for name in pairs(string) do string[name] = nil end`, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p, b := startUnder(t, folder(t, strings.Replace(nastyScript, "BODY", c.body, 1),
				"handler_timeout = 0.5", "max_string = 1M", "memory_limit = 1G"))
			carol := b.Login("carol@localhost", "carol", "pw")
			carol.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
			carol.Logout("carol")
			alice, bob := b.Login("alice@localhost", "alice", "pw"), b.Login("bob@localhost", "bob", "pw")
			bob.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
			alice.Say("b", "go")
			for _, u := range []*simtest.User{bob, alice} {
				u.Say("b", "still here")
				u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(said("still here")))
			}
			b.Ping()
			b.Exit()
			if code := exitCode(t, p); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if out := p.Output(); !strings.Contains(out, c.log) || strings.Contains(out, "panic") || strings.Contains(out, "internal error") {
				t.Errorf("the log lacks %q or has a panic", c.log)
			}
			if n := messagesTo(b, "bob@localhost"); n != 1 {
				t.Errorf("bob received %d messages", n)
			}
		})
	}
}

// messagesTo counts the messages to a user.
func messagesTo(b *simtest.Backend, user string) int {
	n := 0
	frames, _ := b.Frames()
	for _, f := range frames {
		if f.Direction == simulator.FromBackend && f.Type == pb.WrapperMessage_TYPE_CONV_MESSAGE && f.User == user {
			n++
		}
	}
	return n
}

// TestScriptsThatFillTheMemory fill the memory in several ways. The users receive a message,
// and the exit code is ENOMEM.
func TestScriptsThatFillTheMemory(t *testing.T) {
	cases := []struct{ name, body string }{
		{"a table", `local t, n = {}, 0 while true do n = n + 1 t["k" .. n] = ("x"):rep(1e4) .. n end`},
		{"a table under pcall", `local t, n = {}, 0 while true do pcall(function() while true do n = n + 1 t["k" .. n] = ("x"):rep(1e4) .. n end end) end`},
		{"a million tasks", `for i = 1, 1e6 do session:spawn(function() spectrum.sleep(1000) end) end spectrum.sleep(1000)`},
		{"coroutines", `local t = {} while true do t[#t + 1] = coroutine.wrap(function() coroutine.yield() end) t[#t]() end`},
		{"strings of different lengths", `local t = {} while true do t[#t + 1] = ("x"):rep(1e5) .. #t end`},
		{"strings made by ..", `local t, s = {}, ("x"):rep(2^25) while true do t[#t + 1] = s .. #t end`},
		{"a task that waits between allocations", `session:spawn(function() local t, n = {}, 0 while true do for i = 1, 100 do n = n + 1 t["k" .. n] = ("x"):rep(1e4) .. n end spectrum.sleep(0) end end)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, b := startUnder(t, folder(t, strings.Replace(nastyScript, "BODY", c.body, 1), "memory_limit = 96M", "handler_timeout = 100", "exit_timeout = 0.5"))
			alice, bob := b.Login("alice@localhost", "alice", "pw"), b.Login("bob@localhost", "bob", "pw")
			bob.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
			alice.Say("b", "go")
			told := simulator.Match(func(d *pb.Disconnected) bool { return strings.Contains(d.GetMessage(), "memory_limit") })
			alice.Expect(pb.WrapperMessage_TYPE_DISCONNECTED, told)
			bob.Expect(pb.WrapperMessage_TYPE_DISCONNECTED, told)
			if code := exitCode(t, p); code != int(syscall.ENOMEM) {
				t.Errorf("exit code %d, want ENOMEM", code)
			}
		})
	}
}
