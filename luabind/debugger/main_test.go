package debugger_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/luabind/debugger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience limits each wait of a test.
const patience = time.Minute

const alice, bob = "alice@localhost", "bob@localhost"

// bench is a script with a debugger and its client.
type bench struct {
	*luatest.Fixture
	t      *testing.T
	d      *debugger.Debugger
	script string
	detach func()

	stops     chan debugger.Stop
	continued chan int
	exited    chan int
	outputs   chan debugger.Output
	moved     chan debugger.Breakpoint
}

// Stopped and the other methods implement debugger.Client.
func (b *bench) Stopped(s debugger.Stop)     { b.stops <- s }
func (b *bench) Continued(thread int)        { b.continued <- thread }
func (b *bench) Exited(thread int)           { b.exited <- thread }
func (b *bench) Output(o debugger.Output)    { b.outputs <- o }
func (b *bench) Moved(m debugger.Breakpoint) { b.moved <- m }

// newBench returns a bench whose script is not loaded yet. Lines with a comment --@NAME
// have names.
func newBench(t *testing.T, script string, configLines ...string) *bench {
	t.Helper()
	const many = 10_000 // nothing blocks
	b := &bench{
		Fixture: luatest.New(t, script, configLines...), t: t, d: debugger.New(), script: script,
		stops: make(chan debugger.Stop, many), continued: make(chan int, many), exited: make(chan int, many),
		outputs: make(chan debugger.Output, many), moved: make(chan debugger.Breakpoint, many),
	}
	b.Host.Debug(b.d)
	b.attach()
	t.Cleanup(func() { b.detach() })
	return b
}

func (b *bench) attach() {
	b.t.Helper()
	detach, err := b.d.Attach(b)
	if err != nil {
		b.t.Fatal(err)
	}
	b.detach = detach
}

// start loads the script and logs alice in.
func start(t *testing.T, script string, configLines ...string) *bench {
	t.Helper()
	b := newBench(t, script, configLines...)
	if err := b.Host.Load(); err != nil {
		t.Fatal(err)
	}
	receive(t, "the end of the load", b.exited)
	b.Login(alice)
	return b
}

// handler returns a script whose on.conv_message has a body.
func handler(body string) string {
	return "local on = {}\nfunction on.conv_message(session, m)\n" + body + "\nend\nreturn on\n"
}

func (b *bench) path() string { return filepath.Join(b.Dir, "script.lua") }

// line returns the number of the line with a name.
func (b *bench) line(name string) int {
	b.t.Helper()
	for i, line := range strings.Split(b.script, "\n") {
		if strings.HasSuffix(line, "--@"+name) {
			return i + 1
		}
	}
	b.t.Fatalf("no line %s", name)
	return 0
}

// breakAt sets breakpoints at lines with names.
func (b *bench) breakAt(names ...string) {
	b.t.Helper()
	var all []debugger.Wanted
	for _, name := range names {
		all = append(all, debugger.Wanted{Line: b.line(name)})
	}
	for i, set := range b.d.SetBreakpoints(b.path(), all) {
		if !set.Verified || set.Line != all[i].Line {
			b.t.Fatalf("breakpoint at %s: %+v", names[i], set)
		}
	}
}

// receive waits for a value.
func receive[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("%s did not come within %v", what, patience)
	}
	return v
}

// stopped waits for a stop at the line with a name. It returns the thread and its stack.
func (b *bench) stopped(reason debugger.Reason, line string) (int, []debugger.Frame) {
	b.t.Helper()
	s := receive(b.t, "a stop at "+line, b.stops)
	stack, err := b.d.Stack(s.Thread)
	if err != nil {
		b.t.Fatal(err)
	}
	if s.Reason != reason || len(stack) == 0 || stack[0].Line != b.line(line) {
		b.t.Fatalf("got a stop %+v with the stack %+v, want %s at line %d (%s)", s, stack, reason, b.line(line), line)
	}
	return s.Thread, stack
}

// running checks that no thread has stopped.
func (b *bench) running() {
	b.t.Helper()
	select {
	case s := <-b.stops:
		stack, _ := b.d.Stack(s.Thread)
		b.t.Fatalf("a stop %+v at %+v", s, stack)
	default:
	}
}

func (b *bench) goOn(thread int, how debugger.Step) {
	b.t.Helper()
	if err := b.d.Continue(thread, how); err != nil {
		b.t.Fatal(err)
	}
}

// eval returns the value of an expression in a frame, or the error.
func (b *bench) eval(frame debugger.Frame, text string) string {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	r, err := b.d.Evaluate(ctx, frame.ID, text)
	switch {
	case err != nil:
		return "error: " + err.Error()
	case r.None:
		return ""
	}
	return r.Value
}

// variables returns the variables of a reference as NAME=VALUE.
func (b *bench) variables(ref int) string {
	b.t.Helper()
	all, err := b.d.Variables(ref, debugger.All, 0, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	var text []string
	for _, v := range all {
		text = append(text, v.Name+"="+v.Value)
	}
	return strings.Join(text, " ")
}

// scope returns the reference of a scope of a frame.
func (b *bench) scope(frame debugger.Frame, name string) int {
	b.t.Helper()
	all, err := b.d.Scopes(frame.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, s := range all {
		if s.Name == name {
			return s.Ref
		}
	}
	b.t.Fatalf("no scope %s in %+v", name, all)
	return 0
}

// child returns a variable of a reference.
func (b *bench) child(ref int, name string) debugger.Variable {
	b.t.Helper()
	all, err := b.d.Variables(ref, debugger.All, 0, 0)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, v := range all {
		if v.Name == name {
			return v
		}
	}
	b.t.Fatalf("no variable %s in %+v", name, all)
	return debugger.Variable{}
}

func names(stack []debugger.Frame) string {
	var all []string
	for _, f := range stack {
		all = append(all, fmt.Sprintf("%s:%d", f.Name, f.Line))
	}
	return strings.Join(all, " ")
}
