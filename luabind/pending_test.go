package luabind_test

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/cmd/spectrum2-lua/devkit/race"
)

func TestPending(t *testing.T) {
	cases := []struct{ name, script string }{
		{"wait returns the answer", `
local p = spectrum.pending(5)
local id = p:new()
spectrum.spawn(function() assert(p:answer(id, { text = "hello" }) == true) end)
assert(p:wait(id).text == "hello" and p.open == 0)`},
		{"an answer before wait is kept", `
local p = spectrum.pending(5)
local id = p:new()
assert(p:answer(id, "early") == true and p.open == 1)
assert(p:answer(id, "second") == false)
assert(p:wait(id) == "early" and p.open == 0)`},
		{"an answer without a value is true", `
local p = spectrum.pending()
local id = p:new()
p:answer(id)
assert(p:wait(id) == true)`},
		{"false is an answer", `
local p = spectrum.pending()
local id = p:new()
p:answer(id, false)
local value, why = p:wait(id)
assert(value == false and why == nil)`},
		{"a number and its text are the same id", `
local p = spectrum.pending()
local id = p:new()
assert(type(id) == "number" and p:answer(tostring(id), "x") and p:wait(id) == "x")
assert(p:new("7") == "7" and p:answer(7, "y") and p:wait("7") == "y")`},
		{"an id is never returned twice, by any object", `
local p, q, seen = spectrum.pending(), spectrum.pending(), {}
for _ = 1, 1000 do
  for _, object in ipairs { p, q } do
    local id = object:new()
    assert(not seen[id])
    seen[id] = true
  end
end`},
		{"wait has a timeout", `
local p = spectrum.pending(0.3)
local value, why = p:wait(p:new())
assert(value == nil and why == "timeout" and p.open == 0, why)
p = spectrum.pending(1000)
assert(select(2, p:wait(p:new(), 0.001)) == "timeout" and select(2, p:wait(p:new(), 0)) == "timeout" and p.open == 0)`},
		{"a timeout longer than the id's time counts", `
local p = spectrum.pending(0.3)
local id = p:new()
spectrum.after(0.4, function() assert(p:answer(id, "late")) end)
assert(p:wait(id, 60) == "late")`},
		{"an answer after the timeout waits for nobody", `
local p = spectrum.pending()
local id = p:new()
assert(not p:wait(id, 0))
assert(p:answer(id, "late") == false)
assert(select(2, p:wait(id)):find("the id is not open", 1, true))`},
		{"fail ends all that wait, and those that will wait", `
local p = spectrum.pending(1000)
local ids, tasks = {}, {}
for i = 1, 3 do
  ids[i] = p:new()
  tasks[i] = spectrum.spawn(function() return p:wait(ids[i]) end)
end
local early, answered = p:new(), p:new()
p:answer(answered, "kept")
spectrum.sleep(0)
assert(p:fail("the connection is lost") == 4)
for i = 1, 3 do
  local _, value, why = tasks[i]:join()
  assert(value == nil and why == "the connection is lost")
end
assert(select(2, p:wait(early)) == "the connection is lost" and p:wait(answered) == "kept")
assert(p.open == 0 and p:fail("again") == 0)`},
		{"fail with an id ends one", `
local p = spectrum.pending(1000)
local a, b = p:new(), p:new()
assert(p:fail("no", a) == 1 and p:fail("no", a) == 0 and p:fail("no", 1e9) == 0)
assert(p:fail("an answer without an id", nil) == 0)
assert(select(2, p:wait(a)) == "no")
p:answer(b, 1)
assert(p:wait(b) == 1)`},
		{"an id of one's own is open once at a time", `
local p = spectrum.pending()
assert(p:new("name") == "name")
assert(select(2, p:new("name")) == "the id is already open")
p:answer("name", 1)
p:wait("name")
assert(p:new("name") and p:new(17) == 17)`},
		{"new skips an id that the script has chosen", `
local p = spectrum.pending()
local next = p:new() + 1
p:new(tostring(next))
assert(p:new() > next)`},
		{"more than 10,000 open ids make the oldest fail", `
local p = spectrum.pending(1000)
local oldest = p:new()
local waiting = spectrum.spawn(function() return p:wait(oldest) end)
local second = p:new()
spectrum.sleep(0)
for _ = 1, 10000 do p:new() end
assert(p.open == 10000)
assert(select(3, waiting:join()) == "more than 10000 requests wait for an answer")
assert(select(2, p:wait(second)):find("not open", 1, true))`},
		{"a cancelled task leaves nothing", `
local p = spectrum.pending(1000)
local task = spectrum.spawn(function() return p:wait(p:new()) end)
spectrum.sleep(0)
assert(p.open == 1)
task:cancel()
task:join()
assert(p.open == 0)`},
		{"what a network may return as an id is harmless", `
local p = spectrum.pending()
p:new()
for _, id in ipairs { "", ("x"):rep(1e6), "nan", "\0", -1, 0/0, 1e300, "1e0" } do assert(p:answer(id, 1) == false) end
assert(p:answer(nil, 1) == false and p.open == 1)`},
		{"misuse raises", `
local p = spectrum.pending()
for text, fn in pairs {
  ["more than 0 seconds expected"] = function() spectrum.pending(0) end,
  ["number of seconds expected, got -1"] = function() spectrum.pending(-1) end,
  ["bad argument #1 to answer (number or string expected, got table)"] = function() p:answer({}, 1) end,
  ["nil cannot be an answer"] = function() p:answer(1, nil) end,
  ["bad argument #1 to wait (number or string expected, got nil)"] = function() p:wait() end,
  ["bad argument #1 to fail (string expected"] = function() p:fail() end,
  ["an id has at most 256 bytes"] = function() p:new(("x"):rep(257)) end,
  ["an id has at least one byte"] = function() p:new("") end,
  ["answer is a method of a pending"] = function() p.answer(1, 2) end,
  ["a pending has no \"anser\"; did you mean \"answer\"?"] = function() p:anser(1) end,
} do
  local ok, err = pcall(fn)
  assert(not ok and err:find(text, 1, true), tostring(err))
end
local id = p:new()
spectrum.spawn(function() p:wait(id) end)
spectrum.sleep(0)
local ok, err = pcall(p.wait, p, id)
assert(not ok and err:find("another task waits for the id " .. id, 1, true), err)`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			luatest.Run(t, `local spectrum = require "spectrum"`+c.script)
		})
	}
}

func TestMillionSequentialRequestsGrowNothing(t *testing.T) {
	messages := race.Reduce(100, 4) // of 10,000 requests each
	st := luatest.Start(t, `
local spectrum = require "spectrum"
local p = spectrum.pending(1000)
local on = {}
function on.conv_message(session, m)
  for _ = 1, 10000 do
    local id = p:new()
    assert(p:answer(id, id) and p:wait(id) == id)
  end
  session:conv_message { buddy_name = "b", message = tostring(p.open) }
end
return on`)
	st.Login(alice)
	heap := func() int64 {
		st.Say(alice, "b", "go")
		st.ExpectSaid("0")
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := heap()
	for range messages - 2 {
		st.Say(alice, "b", "go")
		st.ExpectSaid("0")
	}
	if grown := heap() - before; grown > 256<<10 {
		t.Errorf("%d requests grow the heap by %d bytes", messages*10_000, grown)
	}
}

// TestExpiredRequestsAreRemovedWithoutWait uses a fake clock.
func TestExpiredRequestsAreRemovedWithoutWait(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		st := luatest.NewIn(t, dir, `
local spectrum = require "spectrum"
spectrum.data.p = spectrum.pending(30)
local on = {}
function on.conv_message(session, m)
  local p = spectrum.data.p
  if m.message == "open" then
    p:answer(p:new(), "an answer for nobody")
    p:new()
  elseif m.message == "wait" then
    p:wait(p:new(), 1000)
  end
  session:conv_message { buddy_name = "b", message = tostring(p.open) }
end
return on`)
		defer st.Close()
		if err := st.Host.Load(); err != nil {
			t.Fatal(err)
		}
		st.Login(alice)
		st.Login("bob@localhost")
		st.Expect("connected", nil)
		st.Expect("connected", nil)
		st.Say("bob@localhost", "b", "wait") // the oldest: it must not stop the others from expiring
		synctest.Wait()
		st.Say(alice, "b", "open")
		st.ExpectSaid("3")
		time.Sleep(20 * time.Second)
		st.Say(alice, "b", "open")
		st.ExpectSaid("5")
		time.Sleep(11 * time.Second)
		st.Say(alice, "b", "count")
		st.ExpectSaid("3")
		time.Sleep(20 * time.Second)
		st.Say(alice, "b", "count")
		st.ExpectSaid("1")
		time.Sleep(1000 * time.Second)
		st.ExpectSaid("0")
	})
}

func TestPendingSurvivesReload(t *testing.T) {
	script := func(version string) string {
		return `
local spectrum = require "spectrum"
local on = {}
function on.login(session)
  session.data.p = spectrum.pending(1000)
  session:connected()
end
function on.conv_message(session, m)
  local p = session.data.p
  session:conv_message { buddy_name = "b", message = "` + version + ` asks" }
  session:conv_message { buddy_name = "b", message = "` + version + `: " .. p:wait(p:new("question")) }
end
function on.reload(session)
  if not session then
    spectrum.after("answer", 0.001, function() -- on.reload(session) waits for the handler above
      spectrum.sessions()[1].data.p:answer("question", "answered by ` + version + `")
    end)
  end
end
return on`
	}
	st := luatest.Start(t, script("old"))
	st.Login(alice)
	st.Say(alice, "b", "ask")
	st.ExpectSaid("old asks")
	st.Write("script.lua", script("new"))
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	st.ExpectSaid("old: answered by new")
	st.Say(alice, "b", "ask")
	st.ExpectSaid("new asks")
}

func TestPendingReportsFunctionsOfOldGenerations(t *testing.T) {
	script := `
local spectrum = require "spectrum"
local p = spectrum.data.p or spectrum.pending(1000)
spectrum.data.p = p
if p:new("once") then p:answer("once", function() end) end
return {}`
	st := luatest.Start(t, script)
	if err := st.Host.Load(); err != nil {
		t.Fatal(err)
	}
	st.ExpectLog("warning", "spectrum.data.p (a value in it) is a function of it")
}
