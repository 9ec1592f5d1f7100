package debugger_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"spectrumlua/luabind/debugger"
)

// stoppedIn returns a bench whose script has stopped at the line --@here.
func stoppedIn(t *testing.T, before, body string) (*bench, int, []debugger.Frame) {
	t.Helper()
	b := start(t, "local spectrum = require 'spectrum'\n"+before+"\n"+handler(body))
	b.breakAt("here")
	b.Say(alice, "echo", "hello")
	thread, stack := b.stopped(debugger.AtBreakpoint, "here")
	return b, thread, stack
}

func TestScopes(t *testing.T) {
	b, thread, stack := stoppedIn(t, "local up, other = 'upvalue', 2\nglobal = 7", `
  local a = 1
  do
    local gone = 2
  end
  local a, b = "second"
  for i, v in ipairs { "x" } do
    local list = { 1, 2, name = "n" } --@before
    local f = function() return up, a end
    up = up --@here
  end
  local later = other`)
	if got := b.variables(b.scope(stack[0], "Locals")); !strings.HasPrefix(got, `session=session: 0x`) ||
		!strings.Contains(got, `m={`) || !strings.HasSuffix(got, ` a (hidden)=1 a="second" b=nil i=1 v="x" list={1, 2, name = "n"} f=function <script.lua:14>`) {
		t.Errorf("the locals are %s", got)
	}
	if got := b.variables(b.scope(stack[0], "Upvalues")); got != `up="upvalue" other=2` {
		t.Errorf("the upvalues are %s", got)
	}
	session := b.scope(stack[0], "Session")
	if got := b.variables(session); !strings.Contains(got, `legacy_name="legacy"`) || !strings.Contains(got, `settings={color = "blue"}`) || !strings.Contains(got, `user="alice@localhost"`) {
		t.Errorf("the session is %s", got)
	}
	if v := b.child(session, "settings"); v.Named != 1 || b.child(v.Ref, "color").Value != `"blue"` {
		t.Errorf("%+v", v)
	}
	globals := b.scope(stack[0], "Globals")
	if b.child(globals, "global").Value != "7" || b.child(globals, "string").Type != "table" {
		t.Error("the globals are wrong")
	}
	f := b.child(b.scope(stack[0], "Locals"), "f")
	if got := b.variables(f.Ref); got != `up="upvalue" a="second"` {
		t.Errorf("the upvalues of f are %s", got)
	}
	b.goOn(thread, debugger.Run)
	if _, err := b.d.Variables(session, debugger.All, 0, 0); !errors.Is(err, debugger.ErrReference) {
		t.Errorf("after the thread has continued: %v", err)
	}
	if _, err := b.d.Scopes(stack[0].ID); !errors.Is(err, debugger.ErrReference) {
		t.Errorf("after the thread has continued: %v", err)
	}
	if got := b.eval(stack[0], "a"); !strings.Contains(got, debugger.ErrReference.Error()) {
		t.Errorf("after the thread has continued: %v", got)
	}
}

// TestVarargs covers calls with more and with fewer arguments than parameters.
func TestVarargs(t *testing.T) {
	b, thread, _ := stoppedIn(t, "", `
  local function f(first, ...)
    local n = select("#", ...) --@f
    return n, ...
  end
  local function g(...)
    return f(...)
  end
  f(1, 2, nil, "x") --@here
  f()
  f(1)
  coroutine.wrap(g)("a", "b")`)
	if set := b.d.SetBreakpoints(b.path(), []debugger.Wanted{{Line: b.line("f"), Condition: "select('#', ...) ~= 0 or first == nil"}}); !set[0].Verified {
		t.Fatalf("%+v", set)
	}
	for _, want := range []struct{ locals, count, list string }{
		{`first=1 arg=nil ...[1]=2 ...[2]=nil ...[3]="x"`, "3", `2, nil, "x"`},
		{"first=nil arg=nil", "0", ""},
		{`first="a" arg=nil ...[1]="b"`, "1", `"b"`},
	} {
		b.goOn(thread, debugger.Run)
		var stack []debugger.Frame
		thread, stack = b.stopped(debugger.AtBreakpoint, "f")
		if got := b.variables(b.scope(stack[0], "Locals")); got != want.locals {
			t.Errorf("the locals are %s, want %s", got, want.locals)
		}
		if got := b.eval(stack[0], "select('#', ...)"); got != want.count {
			t.Errorf("there are %s varargs, want %s", got, want.count)
		}
		if got := b.eval(stack[0], "..."); got != want.list {
			t.Errorf("the varargs are %s, want %s", got, want.list)
		}
	}
	b.goOn(thread, debugger.Run)
	receive(t, "the end of the handler", b.exited)
	b.running()
}

func TestTables(t *testing.T) {
	b, _, stack := stoppedIn(t, "", `
  local cycle = {}
  cycle.self = cycle
  local long = {}
  for i = 1, 5000 do long[i] = i * 2 end
  long.name, long[2.5], long[true], long["a b"], long[cycle] = 1, 2, 3, 4, 5
  local object = setmetatable({ x = 1 }, { __index = function() error("called") end, __tostring = function() error("called") end, __len = function() error("called") end })
  local text, bytes = ("x"):rep(5000), "\0\255\n"
  local co = coroutine.create(function() end)
  spectrum.sleep(0) --@here`)
	locals := b.scope(stack[0], "Locals")
	cycle := b.child(locals, "cycle")
	for range 5 {
		if cycle.Value != "{self = {…}}" || cycle.Named != 1 {
			t.Fatalf("%+v", cycle)
		}
		cycle = b.child(cycle.Ref, "self")
	}
	long := b.child(locals, "long")
	if long.Indexed != 5000 || long.Named != 5 || !strings.HasPrefix(long.Value, "{2, 4, 6, ") || !strings.HasSuffix(long.Value, ", …}") {
		t.Errorf("%+v", long)
	}
	page, err := b.d.Variables(long.Ref, debugger.Indexed, 4998, 100)
	if err != nil || len(page) != 2 || page[1].Name != "[5000]" || page[1].Value != "10000" {
		t.Errorf("%v: %+v", err, page)
	}
	page, err = b.d.Variables(long.Ref, debugger.Named, 0, 0)
	var names []string
	for _, v := range page {
		names = append(names, v.Name+"="+v.Value)
	}
	if got := strings.Join(names, " "); err != nil || got != `[true]=3 [2.5]=2 ["a b"]=4 name=1 [{self = {…}}]=5` {
		t.Errorf("%v: %s", err, got)
	}
	for _, wrong := range [][2]int{{-1, 2}, {6000, 2}} {
		if page, err := b.d.Variables(long.Ref, debugger.Indexed, wrong[0], wrong[1]); err != nil || len(page) > 0 {
			t.Errorf("%v: %v: %+v", wrong, err, page)
		}
	}
	if got := b.variables(b.child(locals, "object").Ref); !strings.HasPrefix(got, "x=1 [metatable]={") {
		t.Error(got)
	}
	if v := b.child(locals, "text"); !strings.HasSuffix(v.Value, `x"… (5000 bytes)`) {
		t.Error(v.Value)
	}
	if v := b.child(locals, "bytes"); v.Value != `"\x00\xff\n"` {
		t.Error(v.Value)
	}
	if v := b.child(locals, "co"); !strings.HasSuffix(v.Value, "(suspended)") {
		t.Error(v.Value)
	}
	if _, err := b.d.Variables(12345, debugger.All, 0, 0); !errors.Is(err, debugger.ErrReference) {
		t.Error(err)
	}
}

func TestEvaluate(t *testing.T) {
	b, thread, stack := stoppedIn(t, "local up = 'upvalue'\nfunction double(x) return x * 2 end", `
  local a, t = 20, { x = { y = "deep" } }
  local function inner(p)
    local q = p + a --@here
    return q
  end
  session:conv_message { buddy_name = "echo", message = inner(1) .. up .. a }`)
	for _, c := range []struct {
		frame      int
		text, want string
	}{
		{0, "p", "1"},
		{0, "= p + a", "21"},
		{0, "q", "nil"},
		{0, "t", "nil"}, // not an upvalue of inner
		{1, "t.x.y", `"deep"`},
		{1, "a, #t.x.y", "20, 4"},
		{1, "double(a)", "40"},
		{1, "session.user", `"alice@localhost"`},
		{0, "session.user", `"alice@localhost"`},
		{0, "spectrum.version", `"test"`},
		{1, "spectrum.sleep(0.001)", ""},
		{1, "a = a + 1", ""},
		{0, "a", "21"},
		{1, "up = 'changed'", ""},
		{0, "made = 5", ""},
		{1, "made", "5"},
		{1, "for i = 1, 3 do a = a + i end", ""},
		{0, "a", "27"},
		{0, "error('oops')", "error: debugger:1: oops"},
		{0, "a +", "error: debugger:1: unexpected end of the file"},
		{0, "pcall(error, 'x')", `false, "x"`},
	} {
		if got := b.eval(stack[c.frame], c.text); got != c.want && !(strings.HasPrefix(c.want, "error: debugger:1: unexpected") && strings.HasPrefix(got, "error: debugger:1:")) {
			t.Errorf("frame %d: %s is %s, want %s", c.frame, c.text, got, c.want)
		}
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("the client cancels"))
	if _, err := b.d.Evaluate(ctx, stack[0].ID, "spectrum.sleep(1000)"); err == nil || !strings.Contains(err.Error(), "the client cancels") {
		t.Errorf("%v", err)
	}
	b.running()
	b.goOn(thread, debugger.Run)
	b.ExpectSaid("28changed27")
	if got := b.eval(debugger.Frame{}, "made, session"); got != "5, nil" {
		t.Errorf("without a frame: %s", got)
	}
}

// TestCodeDoesNotSeeAFrameThatHasEnded keeps a function that was made in a frame.
func TestCodeDoesNotSeeAFrameThatHasEnded(t *testing.T) {
	b, thread, stack := stoppedIn(t, "", "local a = 1\n  local b = 2 --@here")
	if got := b.eval(stack[0], "kept = function() return a end"); got != "" {
		t.Error(got)
	}
	if got := b.eval(stack[0], "kept()"); got != "1" {
		t.Error(got)
	}
	b.goOn(thread, debugger.Run)
	receive(t, "the end of the handler", b.exited)
	if got := b.eval(debugger.Frame{}, "pcall(kept)"); !strings.Contains(got, "the function whose variables this code uses has ended") {
		t.Error(got)
	}
}

// TestEvaluationDoesNotStop evaluates a call of a function with a breakpoint.
func TestEvaluationDoesNotStop(t *testing.T) {
	b, thread, stack := stoppedIn(t, "", `
  local function f(n) --@f
    return n + 1 --@g
  end
  f(1) --@here`)
	b.breakAt("g")
	b.d.Catch(debugger.Catch{Raised: true, Uncaught: true})
	if got := b.eval(stack[0], "f(2)"); got != "3" {
		t.Error(got)
	}
	if got := b.eval(stack[0], "f({})"); !strings.HasPrefix(got, "error: ") {
		t.Error(got)
	}
	b.running()
	b.goOn(thread, debugger.Run)
	thread, _ = b.stopped(debugger.AtBreakpoint, "g")
	b.goOn(thread, debugger.Run)
}

func TestHoverCallsNothing(t *testing.T) {
	b, _, stack := stoppedIn(t, "", `
  local t = setmetatable({ x = { y = "deep" } }, { __index = { base = 1 } })
  local calls = setmetatable({}, { __index = function() error("called") end })
  local n = 1 --@here`)
	for text, want := range map[string]string{
		"t.x.y": `"deep"`, "t['x'].y": `"deep"`, "t.base": "1", "calls.x": "nil", "m.message": `"hello"`,
		"session.user": `"alice@localhost"`, "session.nothing": "nil", "string.rep": "function: ", "none": "nil",
		"12": "12", "'a'": `"a"`, "true": "true", "nil": "nil", "false": "false",
		"t.x.y.z":                   "error: a string has no fields",
		"error('x')":                "error: only names",
		"n + 1":                     "error: only names",
		"x = 1":                     "error: only names",
		"1, 2":                      "error: only names",
		"t[":                        "error: only names",
		strings.Repeat("a.", 1000):  "error: only names",
		"function() end":            "error: only names",
		"session:connected()":       "error: only names",
		"t.x, session:connected {}": "error: only names",
	} {
		r, err := b.d.Hover(stack[0].ID, text)
		got := r.Value
		if err != nil {
			got = "error: " + err.Error()
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%s is %s, want %s", text, got, want)
		}
	}
}

func TestSetVariable(t *testing.T) {
	b, thread, stack := stoppedIn(t, "local up = 1\nglobal = 1", `
  local a, t = 1, { 10, 20, name = "x", ["a b"] = 1 }
  a = a --@here
  up = up
  session:conv_message { buddy_name = "echo", message = table.concat({ a, t[2], t.name, t["a b"], up, global }, " ") }`)
	ctx := context.Background()
	locals := b.scope(stack[0], "Locals")
	table := b.child(locals, "t")
	for _, c := range []struct {
		ref               int
		name, value, want string
	}{
		{locals, "a", "up + 1", "2"},
		{table.Ref, "[2]", "{ 'y' }", `{"y"}`},
		{table.Ref, "[2]", "30", "30"},
		{table.Ref, "name", "'changed' .. a", `"changed2"`},
		{table.Ref, `["a b"]`, "a", "2"},
		{b.scope(stack[0], "Upvalues"), "up", "5", "5"},
		{b.scope(stack[0], "Globals"), "global", "6", "6"},
		{locals, "none", "1", "there is no local variable none"},
		{table.Ref, "none", "1", "the table has no field none"},
		{b.scope(stack[0], "Upvalues"), "none", "1", "there is no upvalue none"},
		{b.scope(stack[0], "Session"), "user", "1", "user cannot be set"},
		{locals, "a", "1 +", "debugger:1"},
		{locals, "a", "error('oops')", "debugger:1: oops"},
		{12345, "a", "1", debugger.ErrReference.Error()},
	} {
		v, err := b.d.SetVariable(ctx, c.ref, c.name, c.value)
		got := v.Value
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s = %s: %s, want %s", c.name, c.value, got, c.want)
		}
	}
	b.goOn(thread, debugger.Run)
	b.ExpectSaid("2 30 changed2 2 5 6")
}
