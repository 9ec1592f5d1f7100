package debugger_test

import (
	"strings"
	"testing"

	"spectrumlua/luabind/debugger"
)

// steps are the letters of a walk: over, in, out.
var steps = map[rune]debugger.Step{'o': debugger.StepOver, 'i': debugger.StepIn, 'u': debugger.StepOut}

// TestSteps walks through code from the line --@start.
func TestSteps(t *testing.T) {
	for _, c := range []struct {
		name, code, walk string
		want             string // the names of the lines
	}{
		{"over statements", `
  local a = 1 --@start
  a = a + --@1
    1
  if a == 2 then --@2
    a = 3 --@3
  else
    a = 4
  end
  a = 5 --@4`, "oooo", "1 2 3 4"},
		{"over and into a call", `
  local function f(x)
    local y = x --@f
    return y --@g
  end
  f(1) --@start
  f(2) --@1
  f(3) --@2`, "oiouo", "1 f g 2 end"},
		{"over a call that waits", `
  local function f()
    spectrum.sleep(0.01)
  end
  spectrum.sleep(0.01) --@start
  f() --@1
  local a = 1 --@2`, "oo", "1 2"},
		{"into pcall", `
  local ok = pcall(function(x) --@start
    error(x) --@f
  end, "oops")
  local a = ok --@1`, "io", "f 1"},
		{"over pcall", `
  pcall(function() --@start
    error("oops")
  end)
  local a = 1 --@1`, "o", "1"},
		{"out of pcall", `
  local ok = pcall(function() --@start
    local x = 1 --@f
    return x
  end)
  local a = ok --@1`, "iu", "f 1"},
		{"into a coroutine and out of it", `
  local co = coroutine.wrap(function(a) --@start
    local b = a --@f
    coroutine.yield(b) --@g
    return 3
  end)
  local x = co(1) --@1
  local y = co(2) --@2`, "oiooo", "1 f g 2 end"},
		{"over a coroutine", `
  local co = coroutine.create(function() --@start
    coroutine.yield()
    error("oops")
  end)
  coroutine.resume(co) --@1
  coroutine.resume(co) --@2
  local x = 1 --@3`, "ooo", "1 2 3"},
		{"a loop on one line", `
  for i = 1, 2 do spectrum.sleep(0) end --@start
  local x = 1 --@1`, "ooo", "start 1 end"},
		{"loops", `
  local n = 0 --@start
  while n < 2 do --@w
    n = n + 1 --@x
  end
  repeat
    n = n - 1 --@y
  until n == 0 --@z
  for _, v in ipairs { 1 } do --@1
    n = v --@2
  end
  n = 7 --@3`, "oooooooooooo", "w x w x w y z y z 1 2 3"},
		{"metamethods and callbacks", `
  local t = setmetatable({}, { __index = function(_, k) --@start
    return k --@f
  end })
  local x = t.field --@1
  table.sort({ 2, 1 }, function(a, b) --@2
    return a < b --@g
  end)
  x = 1 --@3`, "oioiuo", "1 f 2 g 3 end"},
		{"recursion", `
  local function f(n)
    if n > 0 then --@f
      f(n - 1) --@g
    end
    return n --@h
  end
  f(2) --@start
  f(0) --@1`, "ioou", "f g h 1"},
		{"tail calls", `
  local function g() --@start
    return 1 --@g
  end
  local function f() --@1
    return g() --@f
  end
  local x = f() --@2
  x = 2 --@3`, "ooiiu", "1 2 f g 3"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, "local spectrum = require 'spectrum'\nlocal on = {}\nfunction on.conv_message(session, m)\n"+c.code+"\nend --@end\nreturn on\n")
			b.breakAt("start")
			b.Say(alice, "echo", "")
			thread, _ := b.stopped(debugger.AtBreakpoint, "start")
			b.d.SetBreakpoints(b.path(), nil)
			lines := strings.Fields(c.want)
			for i, letter := range c.walk {
				b.goOn(thread, steps[letter])
				b.stopped(debugger.AfterStep, lines[i])
			}
			b.goOn(thread, debugger.Run)
			receive(t, "the end of the handler", b.exited)
			b.running()
		})
	}
}

func TestStepBeyondTheEndDoesNotStopInTheNextHandler(t *testing.T) {
	for name, how := range map[string]debugger.Step{"over": debugger.StepOver, "in": debugger.StepIn, "out": debugger.StepOut} {
		t.Run(name, func(t *testing.T) {
			b := start(t, handler("session:conv_message { buddy_name = 'echo', message = m.message } --@start"))
			b.breakAt("start")
			b.Say(alice, "echo", "one")
			thread, _ := b.stopped(debugger.AtBreakpoint, "start")
			b.d.SetBreakpoints(b.path(), nil)
			b.goOn(thread, how)
			for how != debugger.StepOut { // the end of the function is a statement
				s := receive(t, "the end", b.stops)
				b.goOn(s.Thread, how)
				break
			}
			b.Say(alice, "echo", "two")
			b.ExpectSaid("one")
			b.ExpectSaid("two")
			b.running()
		})
	}
}

// TestThreadsStepIndependently stops two users in the same function.
func TestThreadsStepIndependently(t *testing.T) {
	b := start(t, handler(`
  local a = 1 --@a
  local b = 2 --@b
  local c = 3 --@c`))
	b.Login(bob)
	b.breakAt("a")
	b.Say(alice, "echo", "")
	first, _ := b.stopped(debugger.AtBreakpoint, "a")
	b.Say(bob, "echo", "")
	second, _ := b.stopped(debugger.AtBreakpoint, "a")
	if first == second || len(b.d.Threads()) != 2 {
		t.Errorf("%+v", b.d.Threads())
	}
	b.goOn(first, debugger.StepOver)
	b.stopped(debugger.AfterStep, "b")
	b.goOn(second, debugger.StepOver)
	b.stopped(debugger.AfterStep, "b")
	b.goOn(first, debugger.StepOver)
	b.stopped(debugger.AfterStep, "c")
	b.goOn(second, debugger.Run)
	b.goOn(first, debugger.Run)
	if err := b.d.Continue(12345, debugger.Run); err == nil {
		t.Error("an unknown thread continues")
	}
}

func TestPause(t *testing.T) {
	for _, c := range []struct{ name, body string }{
		{"a thread that computes", `
  while not stop do end --@here`},
		{"a thread that waits", `
  while not stop do spectrum.sleep(0.001) end --@here`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, "local spectrum = require 'spectrum'\n"+handler(c.body))
			b.breakAt("here")
			b.Say(alice, "echo", "")
			thread, _ := b.stopped(debugger.AtBreakpoint, "here")
			b.d.SetBreakpoints(b.path(), nil)
			b.goOn(thread, debugger.Run)
			for range 3 {
				if err := b.d.Pause(thread); err != nil {
					t.Fatal(err)
				}
				_, stack := b.stopped(debugger.Paused, "here")
				if err := b.d.Pause(thread); err != nil { // changes nothing
					t.Fatal(err)
				}
				if got := b.eval(stack[0], "count = (count or 0) + 1"); got != "" {
					t.Error(got)
				}
				if got := b.eval(stack[0], "count == 3"); got == "true" {
					if got := b.eval(stack[0], "stop = true"); got != "" {
						t.Error(got)
					}
				}
				b.goOn(thread, debugger.Run)
			}
			receive(t, "the end of the handler", b.exited)
			b.running()
			if err := b.d.Pause(thread); err == nil {
				t.Error("a thread that has ended pauses")
			}
		})
	}
}

// waiting is a script whose on.conv_message waits until another user says go.
const waiting = `local spectrum = require 'spectrum'
local channel = spectrum.channel()
local on = {}
function on.conv_message(session, m)
  if m.message == "go" then
    channel:send("value")
    session:conv_message { buddy_name = "echo", message = "sent" }
    return
  end
  session:conv_message { buddy_name = "echo", message = "waits" } --@start
  local got = channel:receive() --@wait
  session:conv_message { buddy_name = "echo", message = got } --@next
end
return on
`

// untilItWaits runs alice's handler to the line --@wait and returns its thread.
func untilItWaits(b *bench) (thread int) {
	b.t.Helper()
	b.Login(bob)
	b.breakAt("start")
	b.Say(alice, "echo", "")
	thread, _ = b.stopped(debugger.AtBreakpoint, "start")
	b.goOn(thread, debugger.Run)
	b.ExpectSaid("waits")
	b.eval(debugger.Frame{}, "1") // needs the script lock, which the handler has until it waits
	return thread
}

func TestPauseShowsAThreadWhereItWaits(t *testing.T) {
	b := start(t, waiting)
	thread := untilItWaits(b)
	for range 2 {
		if err := b.d.Pause(thread); err != nil {
			t.Fatal(err)
		}
		_, stack := b.stopped(debugger.Paused, "wait")
		if got := b.eval(stack[0], "m.buddy_name"); got != `"echo"` {
			t.Error(got)
		}
		b.goOn(thread, debugger.StepOver)
	}
	b.Say(bob, "echo", "go")
	_, stack := b.stopped(debugger.AfterStep, "next")
	if got := b.eval(stack[0], "got"); got != `"value"` {
		t.Error(got)
	}
	b.goOn(thread, debugger.Run)
	b.ExpectSaid("sent")
	b.ExpectSaid("value")
}

func TestPausedThreadStaysWhenItsWaitEnds(t *testing.T) {
	b := start(t, waiting)
	thread := untilItWaits(b)
	if err := b.d.Pause(thread); err != nil {
		t.Fatal(err)
	}
	_, stack := b.stopped(debugger.Paused, "wait")
	b.Say(bob, "echo", "go")
	b.ExpectSaid("sent")
	if got := b.eval(stack[0], "m.buddy_name"); got != `"echo"` {
		t.Error(got)
	}
	b.goOn(thread, debugger.StepOver)
	b.stopped(debugger.AfterStep, "next")
	b.goOn(thread, debugger.Run)
	b.ExpectSaid("value")
}
