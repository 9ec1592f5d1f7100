package debugger_test

import (
	"errors"
	"testing"

	"spectrumlua/luabind/debugger"
)

func TestClientThatVanishesContinuesEverything(t *testing.T) {
	b := start(t, handler(`
  local x = 1 --@here
  session:conv_message { buddy_name = "echo", message = m.message }`))
	b.Login(bob)
	b.breakAt("here")
	b.Say(alice, "echo", "one")
	thread, _ := b.stopped(debugger.AtBreakpoint, "here")
	b.Say(bob, "echo", "two")
	b.stopped(debugger.AtBreakpoint, "here")
	b.detach()
	b.detach()
	b.Expect("conv_message", nil)
	b.Expect("conv_message", nil)
	b.Say(alice, "echo", "three")
	b.ExpectSaid("three")
	b.running()
	if len(b.d.Threads()) != 0 || b.d.Attached() {
		t.Error("threads remain")
	}
	if err := b.d.Continue(thread, debugger.Run); !errors.Is(err, debugger.ErrThread) {
		t.Error(err)
	}
	b.attach()
	if _, err := b.d.Attach(b); !errors.Is(err, debugger.ErrAttached) {
		t.Errorf("a second client: %v", err)
	}
	b.breakAt("here")
	b.Say(alice, "echo", "four")
	thread, _ = b.stopped(debugger.AtBreakpoint, "here")
	b.goOn(thread, debugger.Run)
	b.ExpectSaid("four")
}

func TestLogoutContinuesTheUser(t *testing.T) {
	b := start(t, handler("local x = 1 --@here"))
	b.Login(bob)
	b.breakAt("here")
	b.Say(alice, "echo", "")
	thread, _ := b.stopped(debugger.AtBreakpoint, "here")
	b.Say(bob, "echo", "")
	other, _ := b.stopped(debugger.AtBreakpoint, "here")
	b.Logout(alice)
	if got := receive(t, "the thread that continues", b.continued); got != thread {
		t.Errorf("thread %d continues", got)
	}
	if got := receive(t, "the end of the thread", b.exited); got != thread {
		t.Errorf("thread %d ends", got)
	}
	if len(b.d.Threads()) != 1 {
		t.Errorf("%+v", b.d.Threads())
	}
	b.goOn(other, debugger.Run)
}

// TestHandlerTimeoutDoesNotEndAStoppedTask stands for longer than handler_timeout, in a
// handler that computes.
func TestHandlerTimeoutDoesNotEndAStoppedTask(t *testing.T) {
	b := start(t, "local spectrum = require 'spectrum'\n"+handler(`
  for i = 1, 3 do
    local x = i --@here
  end
  session:conv_message { buddy_name = "echo", message = "done" }`), "handler_timeout = 1")
	b.Login(bob)
	b.breakAt("here")
	b.Say(alice, "echo", "")
	for range 3 {
		thread, stack := b.stopped(debugger.AtBreakpoint, "here")
		if got := b.eval(stack[0], "spectrum.sleep(0.4)"); got != "" {
			t.Error(got)
		}
		b.goOn(thread, debugger.Run)
	}
	b.ExpectSaid("done")
}

func TestExitContinuesEverything(t *testing.T) {
	b := start(t, handler("local x = 1 --@here"))
	b.breakAt("here")
	b.Say(alice, "echo", "")
	thread, _ := b.stopped(debugger.AtBreakpoint, "here")
	b.Close()
	if got := receive(t, "the thread that continues", b.continued); got != thread {
		t.Errorf("thread %d continues", got)
	}
}

// TestHostThatIsNotWatchedAnyMoreContinues ends the debugger for the host, not for the client.
func TestHostThatIsNotWatchedAnyMoreContinues(t *testing.T) {
	b := start(t, handler(`
  local x = 1 --@here
  session:conv_message { buddy_name = "echo", message = m.message }`))
	end := b.Host.Debug(b.d) // again: it replaces the hook
	b.breakAt("here")
	b.Say(alice, "echo", "one")
	thread, _ := b.stopped(debugger.AtBreakpoint, "here")
	if err := b.d.Pause(thread); err != nil { // it stands already
		t.Error(err)
	}
	end()
	end()
	b.ExpectSaid("one")
	b.Say(alice, "echo", "two")
	b.ExpectSaid("two")
	b.running()
	if len(b.d.Threads()) != 0 || !b.d.Attached() {
		t.Errorf("the threads are %+v", b.d.Threads())
	}
	b.Host.Debug(b.d)
	b.Say(alice, "echo", "three")
	thread, _ = b.stopped(debugger.AtBreakpoint, "here")
	b.goOn(thread, debugger.Run)
	b.ExpectSaid("three")
}

func TestTasksHaveNames(t *testing.T) {
	b := start(t, `local spectrum = require "spectrum"
local on = {}
function on.login(session)
  session:connected()
  if session.user ~= "bob@localhost" then return end
  session:spawn("reader", function()
    local x = 1 --@named
  end)
  session:after(0, function()
    local x = 1 --@timer
  end)
end
return on
`)
	b.Logout(alice)
	receive(t, "the end", b.exited)
	for len(b.exited) > 0 {
		<-b.exited
	}
	b.breakAt("named", "timer")
	b.Login(bob)
	want := map[string]bool{"bob@localhost reader": true, "bob@localhost task script.lua:9": true}
	for range 2 {
		s := receive(t, "a stop", b.stops)
		for _, th := range b.d.Threads() {
			if th.ID == s.Thread && !want[th.Name] {
				t.Errorf("the thread is called %q", th.Name)
			}
		}
		b.goOn(s.Thread, debugger.Run)
	}
}
