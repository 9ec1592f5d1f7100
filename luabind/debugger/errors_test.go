package debugger_test

import (
	"strings"
	"testing"

	"spectrumlua/luabind/debugger"
)

// TestStopsAtErrors covers errors of each origin, with both filters.
func TestStopsAtErrors(t *testing.T) {
	for _, c := range []struct {
		name, body, text string
		caught           bool
	}{
		{"error", `error("oops") --@here`, "oops", false},
		{"error that is a table", `error({ code = 7 }) --@here`, "{code = 7}", false},
		{"operation", `local x = 1 + {} --@here`, "attempt to perform arithmetic on a table value", false},
		{"binding", `session:conv_message { wrong = 1 } --@here`, `there is no field "wrong"`, false},
		{"caught", `pcall(function()
  local kept = "kept"
  error("oops") --@here
end)`, "oops", true},
		{"caught with a handler", `xpcall(function()
  error("oops") --@here
end, function() end)`, "oops", true},
		{"binding that is called by pcall", `pcall(session.conv_message, 1) --@here`, "", true},
		{"in a coroutine", `coroutine.resume(coroutine.create(function()
  error("oops") --@here
end))`, "oops", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, handler(c.body))
			for _, catch := range []debugger.Catch{{}, {Uncaught: true}, {Raised: true}} {
				b.d.Catch(catch)
				b.Say(alice, "echo", "")
				if catch.Raised || catch.Uncaught && !c.caught {
					thread, stack := b.stopped(debugger.Raised, "here")
					if got := b.eval(stack[0], "m.buddy_name"); !c.caught && got != `"echo"` {
						t.Errorf("%+v: m.buddy_name is %s", catch, got)
					}
					if strings.HasPrefix(c.name, "caught") && c.text == "oops" && c.name == "caught" {
						if got := b.variables(b.scope(stack[0], "Locals")); got != `kept="kept"` {
							t.Error(got)
						}
					}
					info, err := b.d.Exception(thread)
					if err != nil || !strings.Contains(info.Text, c.text) || !strings.Contains(info.Trace, "script.lua:") {
						t.Errorf("%v: %+v", err, info)
					}
					if info.Uncaught != catch.Uncaught {
						t.Errorf("%+v: uncaught is %v", catch, info.Uncaught)
					}
					b.goOn(thread, debugger.Run)
				}
				receive(t, "the end of the handler", b.exited)
				b.running()
			}
		})
	}
}

func TestCancelledTaskDoesNotStopAtItsError(t *testing.T) {
	b := start(t, "local spectrum = require 'spectrum'\nlocal on = {}\nfunction on.conv_message(session)\n  session:conv_message { buddy_name = 'echo', message = 'waits' }\n  spectrum.sleep(1000)\nend\nreturn on\n", "logout_grace = 0")
	b.d.Catch(debugger.Catch{Raised: true, Uncaught: true})
	b.Say(alice, "echo", "")
	b.ExpectSaid("waits")
	b.Logout(alice)
	receive(t, "the end of the handler", b.exited)
	b.running()
}
