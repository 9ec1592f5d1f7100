package debugger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/source"
	"spectrumlua/luabind/stdlib"
	"spectrumlua/runtime/task"
)

// evalName is the name of typed code in messages.
const evalName = "debugger"

// evalTimeout is how long typed code may take.
const evalTimeout = 10 * time.Second

var errEvalTooLong = fmt.Errorf("stopped: it took more than %v", evalTimeout)

// errEvalEnded is the error of code of a user who logs out.
var errEvalEnded = errors.New("the session has ended")

// compile compiles an expression.
func compile(expression string) (*lua.FunctionProto, error) {
	expression, _ = strings.CutPrefix(strings.TrimSpace(expression), "=")
	return compiled("return " + expression)
}

// compileAny compiles an expression or statements.
func compileAny(text string) (*lua.FunctionProto, error) {
	if proto, err := compile(text); err == nil {
		return proto, nil
	}
	return compiled(text)
}

func compiled(text string) (*lua.FunctionProto, error) {
	_, proto, problem := source.Compile(evalName, text)
	if problem != nil {
		return nil, errors.New(problem.In(evalName))
	}
	return proto, nil
}

// inHook runs code at the current statement of a thread, on its goroutine.
func (d *Debugger) inHook(th *thread, l *lua.LState, rt *bind.Runtime, proto *lua.FunctionProto) (value lua.LValue, err error) {
	value = lua.LNil
	dbg, ok := l.GetStack(0)
	if !ok {
		return value, errEvalEnded
	}
	v, err := l.GetInfo("f", dbg, lua.LNil)
	called, _ := v.(*lua.LFunction)
	if err != nil || called == nil {
		return value, errEvalEnded
	}
	f := &frame{thread: th, on: l, dbg: dbg, fn: called, runtime: rt}
	fn := rt.State.NewFunctionFromProto(proto)
	fn.Env = d.environment(f)
	th.muted++
	defer func() {
		th.muted--
		f.ended.Store(true)
		l.G.CurrentThread = l
	}()
	err = rt.Call(th.task, fn, stdlib.Varargs(l, dbg), func(l *lua.LState, n int) {
		if n > 0 {
			value = l.Get(-n)
		}
	})
	return value, err
}

// Result is a value for the client.
type Result struct {
	Variable
	// None is true if the code returned no value.
	None bool
}

// Evaluate runs an expression or statements in a frame. They see its local variables,
// upvalues, globals and varargs, may wait, and do not stop at breakpoints. Frame 0 is no frame: the
// code runs as a task of the process.
func (d *Debugger) Evaluate(ctx context.Context, id int, text string) (Result, error) {
	if id == 0 {
		return d.evalOutside(ctx, text)
	}
	proto, err := compileAny(text)
	if err != nil {
		return Result{}, err
	}
	var r Result
	err = d.inFrame(ctx, id, proto, func(f *frame, l *lua.LState, n int) {
		if r.None = n == 0; r.None {
			return
		}
		r.Variable = d.variable(f.thread, "", l.Get(-n))
		for i := 1 - n; i < 0; i++ {
			r.Value += ", " + describe(l.Get(i))
		}
	})
	return r, err
}

// inFrame runs code in a frame, in a task of the same owner, and calls results with the
// script lock and with the stack whose top n values are the results.
func (d *Debugger) inFrame(ctx context.Context, id int, proto *lua.FunctionProto, results func(f *frame, l *lua.LState, n int)) error {
	var f *frame
	if err := d.withFrame(id, func(found *frame) error { f = found; return nil }); err != nil {
		return err
	}
	var err error
	t := f.thread.task.Owner().Spawn("", func(t *task.Task) {
		t.Debug = mutedTask
		defer t.Clock().AfterFunc(evalTimeout, func() { t.Cancel(errEvalTooLong) }).Stop()
		if f.ended.Load() {
			err = fmt.Errorf("frame %d: %w", id, ErrReference)
			return
		}
		fn := f.runtime.State.NewFunctionFromProto(proto)
		fn.Env = d.environment(f)
		err = f.runtime.Call(t, fn, stdlib.Varargs(f.on, f.dbg), func(l *lua.LState, n int) {
			if !f.ended.Load() {
				results(f, l, n)
			}
		})
	})
	if t.Await(ctx, t.Cancel) != nil {
		return cmp.Or(context.Cause(ctx), errEvalEnded)
	}
	return err
}

// evalOutside runs code without a frame, in the newest host.
func (d *Debugger) evalOutside(ctx context.Context, text string) (Result, error) {
	d.mu.Lock()
	var h Host
	if n := len(d.watched); n > 0 {
		h = d.watched[n-1].host
	}
	d.mu.Unlock()
	if h == nil {
		return Result{}, errors.New("no script runs yet")
	}
	ctx, cancel := context.WithTimeoutCause(ctx, evalTimeout, errEvalTooLong)
	defer cancel()
	results, err := h.Eval(ctx, "", text)
	return Result{Variable: Variable{Value: strings.Join(results, ", ")}, None: len(results) == 0}, err
}

// SetVariable sets a variable of a container to the value of an expression, which is
// evaluated in the container's frame if it has one.
func (d *Debugger) SetVariable(ctx context.Context, ref int, name, expression string) (Variable, error) {
	d.mu.Lock()
	c := d.refs[ref]
	d.mu.Unlock()
	if c == nil {
		return Variable{}, fmt.Errorf("variables %d: %w", ref, ErrReference)
	}
	proto, err := compile(expression)
	if err != nil {
		return Variable{}, err
	}
	var v Variable
	frames, err := d.Stack(c.thread.id)
	if err != nil || len(frames) == 0 {
		return v, errors.Join(err, ErrRunning)
	}
	id, problem := frames[0].ID, error(nil)
	if c.frame != nil {
		d.mu.Lock()
		id = d.next()
		d.frames[id] = c.frame
		d.mu.Unlock()
	}
	err = d.inFrame(ctx, id, proto, func(f *frame, l *lua.LState, n int) {
		value := lua.LNil
		if n > 0 {
			value = l.Get(-n)
		}
		if problem = c.set(name, value); problem == nil {
			v = d.variable(f.thread, name, value)
		}
	})
	return v, errors.Join(err, problem)
}

// Hover returns the value of an expression without calling anything: it may consist of
// names, fields and constants.
func (d *Debugger) Hover(id int, text string) (r Result, err error) {
	names, err := parseHover(text)
	if err != nil {
		return r, err
	}
	err = d.withFrame(id, func(f *frame) error {
		value, err := names.value(f)
		if err == nil {
			r.Variable = d.variable(f.thread, "", value)
		}
		return err
	})
	return r, err
}
