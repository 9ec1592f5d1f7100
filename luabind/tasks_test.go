package luabind_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

func TestWhileOneHandlerWaitsOthersRun(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
local gate = spectrum.channel()
local on = {}
function on.conv_message(session, m)
  if m.message == "wait" then
    session:conv_message { buddy_name = "b", message = "waiting" }
    session:conv_message { buddy_name = "b", message = session.user .. " " .. gate:receive() }
  elseif m.message == "open" then
    gate:send("opened by " .. session.user)
  else
    session:conv_message { buddy_name = "b", message = m.message }
  end
end
return on`)
	st.Login(alice)
	st.Login("bob@localhost")
	st.Say(alice, "b", "wait")
	st.ExpectSaid("waiting")
	st.Say(alice, "b", "behind it") // is handled after alice's first message
	st.Say("bob@localhost", "b", "hello")
	st.ExpectSaid("hello")
	st.Say("bob@localhost", "b", "open")
	st.ExpectSaid("alice@localhost opened by bob@localhost")
	st.ExpectSaid("behind it")
}

func TestTasks(t *testing.T) {
	cases := []struct{ name, script string }{
		{"join returns the results of the function", `
local task = spectrum.spawn(function(a, b) spectrum.sleep(0); return a + b, "x" end, 1, 2)
local ok, sum, x = task:join()
assert(ok == true and sum == 3 and x == "x")
assert(select("#", task:join()) == 3)`},
		{"join returns an error", `
local task = spectrum.spawn("failing", function() error("boom") end)
local ok, err = task:join()
assert(ok == nil and err == "script.lua:2: boom", err)
assert(task.name == "failing")`},
		{"join has a timeout", `
local task = spectrum.spawn(function() spectrum.sleep(1000) end)
local ok, err = task:join(0.001)
assert(ok == nil and err == "timeout", err)
task:cancel()
ok, err = task:join()
assert(ok == nil and err:find("the task was cancelled", 1, true), err)`},
		{"a cancelled task cannot continue", `
local steps = 0
local task = spectrum.spawn(function()
  while true do
    steps = steps + 1
    pcall(spectrum.sleep, 1000)
  end
end)
spectrum.sleep(0)
task:cancel()
local ok, err = task:join()
assert(ok == nil and err:find("the task was cancelled", 1, true), err)
assert(steps == 1, steps)`},
		{"a task that is cancelled before it begins never runs", `
local ran = false
local task = spectrum.spawn(function() ran = true end)
task:cancel()
local ok, err = task:join()
assert(ok == nil and err == "the task was cancelled" and not ran, err)`},
		{"a task replaces one with the same name", `
local log = {}
local function worker(n)
  return function()
    log[#log + 1] = "start " .. n
    local ok, err = pcall(spectrum.sleep, 1000)
    log[#log + 1] = "end " .. n
    error(err, 0)
  end
end
local first = spectrum.spawn("worker", worker(1))
spectrum.sleep(0)
local second = spectrum.spawn("worker", worker(2))
local third = spectrum.spawn("worker", function() log[#log + 1] = "start 3" end)
assert(third:join())
assert(table.concat(log, ", ") == "start 1, start 3", table.concat(log, ", "))
local ok, err = first:join()
assert(not ok and err:find("replaced by another task with the same name", 1, true), err)
assert(not second:join())`},
		{"a task cannot join itself", `
local task
task = spectrum.spawn(function() spectrum.sleep(0); return task:join() end)
local ok, err = task:join()
assert(not ok and err:find("a task cannot join itself", 1, true), err)`},
		{"after runs once", `
local done = spectrum.channel()
spectrum.after(0.001, function() done:send("now") end)
assert(done:receive(5) == "now")
assert(select(2, done:receive(0.02)) == "timeout")`},
		{"every runs until it is cancelled", `
local ticks = spectrum.channel(100)
local timer = spectrum.every("tick", 0.001, function() ticks:send(1) end)
for i = 1, 3 do assert(ticks:receive(5) == 1) end
timer:cancel()
while ticks:receive(0.02) do end
assert(select(2, ticks:receive(0.02)) == "timeout")`},
		{"a timer replaces one with the same name", `
local done = spectrum.channel(10)
spectrum.after("t", 0.01, function() done:send("old") end)
spectrum.after("t", 0.01, function() done:send("new") end)
assert(done:receive(5) == "new" and done:receive(0.03) == nil)`},
		{"a timer's error is logged and every continues", `
local done = spectrum.channel(10)
spectrum.every("t", 0.001, function() done:send(1); error("in a timer") end)
for i = 1, 3 do assert(done:receive(5)) end`},
		{"channels keep the order", `
local c = spectrum.channel(2)
assert(c:send(1) and c:send(2))
assert(select(2, c:send(3, 0)) == "timeout")
local sender = spectrum.spawn(function() assert(c:send(3)); assert(c:send(4)) end)
spectrum.sleep(0)
for i = 1, 4 do assert(c:receive() == i) end
assert(sender:join())
c:close()
assert(select(2, c:receive()) == "the channel is closed" and select(2, c:send(1)) == "the channel is closed")`},
		{"values in a closed channel can be received", `
local c = spectrum.channel(2)
c:send("a")
c:close()
assert(c:receive() == "a" and c:receive() == nil)`},
		{"close wakes waiting tasks", `
local c = spectrum.channel()
local r = spectrum.spawn(function() return select(2, c:receive()) end)
local s = spectrum.spawn(function() local d = spectrum.channel(); spectrum.spawn(function() d:close() end); return select(2, d:send(1)) end)
spectrum.sleep(0)
c:close()
assert(select(2, r:join()) == "the channel is closed" and select(2, s:join()) == "the channel is closed")`},
		{"a value is not lost if the waiting task is cancelled", `
local c = spectrum.channel()
local waiting = spectrum.spawn(function() return c:receive() end)
spectrum.sleep(0)
assert(c:send("x"))   -- handed to the task, which has not run yet
waiting:cancel()
assert(select(2, waiting:join()) == "x")`},
		{"wrong arguments raise", `
for text, fn in pairs {
  ["bad argument #1 to sleep"] = function() spectrum.sleep("x") end,
  ["number of seconds expected"] = function() spectrum.sleep(-1) end,
  ["a capacity is a number"] = function() spectrum.channel(-1) end,
  ["nil cannot be sent"] = function() spectrum.channel(1):send(nil) end,
  ["function expected, got nil"] = function() spectrum.spawn("name") end,
  ["every needs at least 0.001 seconds"] = function() spectrum.every(0, print) end,
  ["cancel is a method of a task"] = function() spectrum.spawn(print).cancel() end,
  ["a task has no"] = function() return spectrum.spawn(print).kill end,
} do
  local ok, err = pcall(fn)
  assert(not ok and err:find(text, 1, true), tostring(err))
end`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			luatest.Run(t, `local spectrum = require "spectrum"`+c.script)
		})
	}
}

func TestErrorsOfTasksAreLogged(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
local on = {}
function on.login(session)
  session:spawn("reader", function() error("in a task") end)
  session:after("later", 0, function() error("in a timer") end)
  session:connected()
end
return on`)
	st.Login(alice)
	st.ExpectLog("error", alice, "error in the task reader: script.lua:5: in a task", "stack traceback:")
	st.ExpectLog("error", alice, "error in the timer later: script.lua:6: in a timer")
}

func TestLogoutEndsWhatWaits(t *testing.T) {
	st := luatest.Start(t, `
local spectrum = require "spectrum"
local on = {}
function on.login(session)
  session:spawn("reader", function()
    local ok, err = pcall(spectrum.sleep, 1000)
    spectrum.send("query", { config = "the task ended: " .. tostring(err) }) -- not reached: pcall cannot hold it
  end)
  session:every(1000, function() end)
  session:connected()
end
function on.conv_message(session) spectrum.sleep(1000) end
function on.logout(session)
  spectrum.sleep(0)
  spectrum.send("query", { config = "on.logout" })
end
return on`, "logout_grace = 0.05")
	st.Login(alice)
	st.Expect("connected", nil)
	st.Say(alice, "b", "wait")
	st.Logout(alice)
	st.Login(alice) // directly after the logout, as Spectrum does
	st.ExpectQuery("on.logout")
	st.Expect("connected", nil)
	st.ExpectLog("debug", alice, "on.conv_message ended: the user has logged out")
	st.ExpectLog("debug", alice, "the task reader ended: the user has logged out")
	if strings.Contains(st.Log.String(), "error ") {
		t.Error("something was logged as an error")
	}
}

func TestOneUsersFloodDoesNotDelayAnother(t *testing.T) {
	st := luatest.Start(t, `
local on = {}
function on.conv_message(session, m)
  session:conv_message { buddy_name = "b", message = session.user .. m.message }
end
return on`)
	st.Login("eve@localhost")
	st.Login(alice)
	for i := range 5000 {
		st.Say("eve@localhost", "b", fmt.Sprint(i))
	}
	st.Say(alice, "b", "!")
	var before int
	for {
		var m pb.ConversationMessage
		st.Expect("conv_message", &m)
		if m.GetMessage() == "alice@localhost!" {
			break
		}
		before++
	}
	// The number of eve's queued messages depends on the machine. All of them are handled,
	// in order.
	for i := before; i < 5000; i++ {
		st.ExpectSaid(fmt.Sprintf("eve@localhost%d", i))
	}
}

// TestLoginWithoutAnswerIsLogged uses a fake clock.
func TestLoginWithoutAnswerIsLogged(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		st := luatest.NewIn(t, dir, `
local on = {}
function on.login(session)
  if session.user == "bob@localhost" then session:connected() end
end
return on`)
		defer st.Close()
		if err := st.Host.Load(); err != nil {
			t.Fatal(err)
		}
		st.Login(alice)
		st.Login("bob@localhost")
		time.Sleep(29 * time.Second)
		if strings.Contains(st.Log.String(), "warning") {
			t.Error("the line is logged too early")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if log := st.Log.String(); !strings.Contains(log, "user=alice@localhost 30s after on.login") || strings.Contains(log, "user=bob@localhost 30s") {
			t.Errorf("the log has %q", log)
		}
	})
}
