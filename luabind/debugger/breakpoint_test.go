package debugger_test

import (
	"strings"
	"testing"

	"spectrumlua/luabind/debugger"
)

func TestBreakpointStopsItsUserOnly(t *testing.T) {
	b := start(t, handler(`
  local text = m.message
  if text == "stop" then
    text = "stopped" --@here
  end
  session:conv_message { buddy_name = "echo", message = text }`))
	b.Login(bob)
	b.breakAt("here")
	b.Say(alice, "echo", "stop")
	b.Say(alice, "echo", "next")
	thread, stack := b.stopped(debugger.AtBreakpoint, "here")
	b.Say(bob, "echo", "served")
	b.ExpectSaid("served")
	receive(t, "the end of bob's handler", b.exited)
	if got := names(stack); got != "on.conv_message:6" {
		t.Errorf("the stack is %s", got)
	}
	if all := b.d.Threads(); len(all) != 1 || all[0].ID != thread || all[0].Name != alice+" on.conv_message" {
		t.Errorf("the threads are %+v", all)
	}
	b.goOn(thread, debugger.Run)
	b.ExpectSaid("stopped")
	b.ExpectSaid("next")
	b.running()
}

// TestStatementOfManyLinesStopsOnce covers code whose instructions return to an earlier line.
func TestStatementOfManyLinesStopsOnce(t *testing.T) {
	b := start(t, handler(`
  session:conv_message { --@first
    buddy_name = "echo",
    message = m.message,
  }
  local x = 1 --@second`))
	b.breakAt("first", "second")
	b.Say(alice, "echo", "hello")
	thread, _ := b.stopped(debugger.AtBreakpoint, "first")
	b.goOn(thread, debugger.Run)
	b.ExpectSaid("hello")
	thread, _ = b.stopped(debugger.AtBreakpoint, "second")
	b.goOn(thread, debugger.Run)
}

func TestBreakpointMovesToTheNextLineWithCode(t *testing.T) {
	b := start(t, handler(`
  -- a comment

  local x = 1 --@here`))
	set := b.d.SetBreakpoints(b.path(), []debugger.Wanted{{Line: b.line("here") - 2}, {Line: 1000}})
	if !set[0].Verified || set[0].Line != b.line("here") {
		t.Errorf("%+v", set[0])
	}
	if set[1].Verified || !strings.Contains(set[1].Message, "no code in line 1000") {
		t.Errorf("%+v", set[1])
	}
	b.Say(alice, "echo", "")
	thread, _ := b.stopped(debugger.AtBreakpoint, "here")
	b.goOn(thread, debugger.Run)
}

// TestConditionsOfBreakpoints covers conditions, numbers of hits, and texts.
func TestConditionsOfBreakpoints(t *testing.T) {
	const failed = "debugger:1: attempt to index global 'nothing' (a nil value)"
	for _, c := range []struct {
		name   string
		wanted debugger.Wanted
		stops  []string // the values of i
		output string   // the beginning
	}{
		{"none", debugger.Wanted{}, []string{"1", "2", "3", "4", "5", "6"}, ""},
		{"condition", debugger.Wanted{Condition: "i % 2 == 0 and m.message == 'go'"}, []string{"2", "4", "6"}, ""},
		{"upvalue in the condition", debugger.Wanted{Condition: "i == limit"}, []string{"4"}, ""},
		{"condition that waits", debugger.Wanted{Condition: "spectrum.sleep(0.001) or i == 3"}, []string{"3"}, ""},
		{"condition that fails", debugger.Wanted{Condition: "i > 5 and nothing.field"}, []string{"6"}, "condition of the breakpoint: " + failed},
		{"hits", debugger.Wanted{Hit: "5"}, []string{"5", "6"}, ""},
		{"hits equal", debugger.Wanted{Hit: "= 5"}, []string{"5"}, ""},
		{"hits above", debugger.Wanted{Hit: ">4"}, []string{"5", "6"}, ""},
		{"hits up to", debugger.Wanted{Hit: "<=2"}, []string{"1", "2"}, ""},
		{"each third hit", debugger.Wanted{Hit: "%3"}, []string{"3", "6"}, ""},
		{"hits of a condition", debugger.Wanted{Condition: "i > 2", Hit: "=2"}, []string{"4"}, ""},
		{"text", debugger.Wanted{Condition: "i == 2", Log: "i is {i}, {({m.message, 'x'})} of {m.message}, {nothing.x}"}, nil, `i is 2, {"go", "x"} of go, {` + failed},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := start(t, "spectrum = require 'spectrum'\nlocal limit = 4\n"+handler(`
  for i = 1, 6 do
    local twice = i * 2 --@here
  end
  return limit`))
			c.wanted.Line = b.line("here")
			if set := b.d.SetBreakpoints(b.path(), []debugger.Wanted{c.wanted}); !set[0].Verified {
				t.Fatalf("%+v", set)
			}
			b.Say(alice, "echo", "go")
			for _, want := range c.stops {
				thread, stack := b.stopped(debugger.AtBreakpoint, "here")
				if got := b.eval(stack[0], "i"); got != want {
					t.Errorf("stopped at %s, want %s", got, want)
				}
				b.goOn(thread, debugger.Run)
			}
			receive(t, "the end of the handler", b.exited)
			b.running()
			if c.output == "" && len(b.outputs) == 0 {
				return
			}
			if o := receive(t, "the output", b.outputs); !strings.HasPrefix(o.Text, c.output) || o.Path != b.path() || o.Line != b.line("here") {
				t.Errorf("%+v", o)
			}
		})
	}
}

func TestWrongBreakpointsAreNotVerified(t *testing.T) {
	b := start(t, handler("local x = 1 --@here"))
	for _, c := range []struct {
		wanted debugger.Wanted
		want   string
	}{
		{debugger.Wanted{Condition: "1 +"}, "condition: debugger"},
		{debugger.Wanted{Hit: "often"}, `hit count: number from 1 on expected, such as 3, >3 or %3, got "often"`},
		{debugger.Wanted{Hit: "0"}, "hit count"},
		{debugger.Wanted{Log: "a {b"}, `log message: a } is missing after "{b"`},
		{debugger.Wanted{Log: "a {b c}"}, "log message: debugger"},
	} {
		c.wanted.Line = b.line("here")
		if set := b.d.SetBreakpoints(b.path(), []debugger.Wanted{c.wanted}); set[0].Verified || !strings.Contains(set[0].Message, c.want) {
			t.Errorf("%+v: %+v", c.wanted, set)
		}
	}
	if set := b.d.SetBreakpoints(b.Dir+"/none.lua", []debugger.Wanted{{Line: 1}}); set[0].Verified || set[0].Message != "the file cannot be read" {
		t.Errorf("%+v", set)
	}
	b.Write("wrong.lua", "local = 1")
	if set := b.d.SetBreakpoints(b.Dir+"/wrong.lua", []debugger.Wanted{{Line: 1}}); set[0].Verified || !strings.Contains(set[0].Message, "the file does not compile: ") {
		t.Errorf("%+v", set)
	}
	b.Say(alice, "echo", "")
	receive(t, "the end of the handler", b.exited)
	b.running()
}

func TestBreakpointInAFileThatIsRequiredLater(t *testing.T) {
	b := start(t, handler(`
  local part = require "part"
  session:conv_message { buddy_name = "echo", message = part.text(m.message) }`))
	b.Mkdir("link")
	b.Write("part.lua", "local part = {}\nfunction part.text(s)\n  return s .. '!'\nend\nreturn part\n")
	set := b.d.SetBreakpoints(b.Dir+"/link/../part.lua", []debugger.Wanted{{Line: 3}})
	if !set[0].Verified || set[0].Line != 3 {
		t.Fatalf("%+v", set)
	}
	b.Say(alice, "echo", "hello")
	s := receive(t, "the stop", b.stops)
	stack, err := b.d.Stack(s.Thread)
	if err != nil || names(stack) != "text:3 on.conv_message:5" || stack[0].Path != b.Dir+"/part.lua" || stack[0].Ref != 0 {
		t.Errorf("%v: %+v", err, stack)
	}
	if len(s.Breakpoints) != 1 || s.Breakpoints[0] != set[0].ID {
		t.Errorf("%+v", s)
	}
	b.goOn(s.Thread, debugger.Run)
	b.ExpectSaid("hello!")
}

func TestBreakpointWhileTheScriptLoads(t *testing.T) {
	b := newBench(t, "local x = 1\nlocal y = 2 --@here\nreturn {}\n")
	b.breakAt("here")
	loaded := make(chan error, 1)
	go func() { loaded <- b.Host.Load() }()
	thread, stack := b.stopped(debugger.AtBreakpoint, "here")
	if got := names(stack); got != "main chunk:2" {
		t.Error(got)
	}
	if all := b.d.Threads(); all[0].Name != "process load" {
		t.Errorf("%+v", all)
	}
	b.goOn(thread, debugger.Run)
	if err := receive(t, "the end of the load", loaded); err != nil {
		t.Error(err)
	}
}

// TestReloadMovesBreakpoints reloads while a task of the old generation stands.
func TestReloadMovesBreakpoints(t *testing.T) {
	b := start(t, handler("\n  local x = m.message --@here"))
	b.Login(bob)
	b.breakAt("here")
	old := b.script
	b.Say(alice, "echo", "old")
	thread, _ := b.stopped(debugger.AtBreakpoint, "here")
	b.script = handler("\n  -- this line has no code any more\n\n  local y = m.message .. 'new' --@here")
	b.Write("script.lua", b.script)
	if err := b.Host.Load(); err != nil {
		t.Fatal(err)
	}
	if moved := receive(t, "the new line", b.moved); !moved.Verified || moved.Line != b.line("here") {
		t.Errorf("%+v", moved)
	}
	b.Say(bob, "echo", "hello")
	other, stack := b.stopped(debugger.AtBreakpoint, "here")
	if stack[0].Ref != 0 || b.variables(b.scope(stack[0], "Locals")) == "" {
		t.Errorf("%+v", stack[0])
	}
	stack, err := b.d.Stack(thread)
	if err != nil || stack[0].Line != 4 || stack[0].Ref == 0 {
		t.Fatalf("%v: %+v", err, stack)
	}
	if text, ok := b.d.Source(stack[0].Ref); !ok || text != old {
		t.Errorf("the old text is %q", text)
	}
	if _, ok := b.d.Source(12345); ok {
		t.Error("an unknown source has a text")
	}
	b.goOn(other, debugger.Run)
	b.goOn(thread, debugger.Run)
}

// TestAttachAfterTheLoad covers files that the debugger has not seen while they were read.
func TestAttachAfterTheLoad(t *testing.T) {
	b := newBench(t, handler("\n  local x = 1 --@here"))
	b.detach()
	b.Host.Debug(debugger.New()) // sees the load
	if err := b.Host.Load(); err != nil {
		t.Fatal(err)
	}
	b.Host.Debug(b.d)
	b.attach()
	b.Login(alice)
	b.breakAt("here")
	b.Say(alice, "echo", "")
	thread, _ := b.stopped(debugger.AtBreakpoint, "here")
	b.goOn(thread, debugger.Run)
}
