package stdlib

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/crash"
)

// protectedThread is a Lua thread for protected calls, one at a time.
type protectedThread struct {
	thread  *lua.LState
	strand  strand
	guard   *lua.LFunction
	handler lua.LValue // of xpcall, or nil
	handled bool       // whether handler has run
	spent   bool       // the thread has its maximum size and is not reused
}

func (lib *Library) newProtected() *protectedThread {
	p := &protectedThread{}
	p.thread = lib.threads.stacks.NewThread(lib.state)
	p.thread.SetContext(&p.strand)
	p.guard = &lua.LFunction{IsG: true, GFunction: p.run}
	return p
}

// protected calls fn, which is argument first of c, on a thread of its own. The
// arguments after it are passed to fn. It pushes true and the results, or false and
// the error, and returns their number. A handler is called where the error was raised,
// and its result replaces the error.
func (lib *Library) protected(c call, fn lua.LValue, first int, handler lua.LValue) int {
	l := c.l
	callable, self := lib.callable(l, fn)
	if callable == nil {
		return lib.failed(c, lua.LString(fmt.Sprintf("attempt to call a %s value", fn.Type())), handler)
	}
	p := lib.enter(l)
	if p == nil {
		object := lua.LValue(lua.LString(position(l) + overflowText))
		if handler != lua.LNil {
			object = c.call(handler, object) // unprotected, since no thread is left
		}
		return c.ret(lua.LFalse, object)
	}
	p.handler, p.handled = handler, false
	th := p.thread
	th.Push(p.guard)
	th.Push(callable)
	if self {
		th.Push(fn)
	}
	l.XMoveTo(th, l.GetTop()-first)
	err := th.PCall(th.GetTop()-1, lua.MultRet, nil)
	l.G.CurrentThread = l
	if err != nil {
		object := problem(err).Object
		if p.handled {
			handler = lua.LNil
		}
		lib.leave(p)
		return lib.failed(c, object, handler)
	}
	n := th.GetTop()
	l.Push(lua.LTrue)
	th.XMoveTo(l, n)
	lib.leave(p)
	return n + 1
}

// failed pushes false and an error. If handler is not nil, its result replaces the
// error.
func (lib *Library) failed(c call, object, handler lua.LValue) int {
	if handler != lua.LNil {
		top := c.l.GetTop()
		c.l.Push(object)
		n := lib.protected(c, handler, top, lua.LNil)
		if c.l.Get(-n) == lua.LTrue && n > 1 {
			object = c.l.Get(1 - n)
		} else {
			object = errorInHandler
		}
		c.l.SetTop(top)
	}
	return c.ret(lua.LFalse, object)
}

const errorInHandler = lua.LString("error in error handling")

// callable returns the function to call for a value, or nil. self reports whether the
// value is the first argument, as for __call.
func (lib *Library) callable(l *lua.LState, v lua.LValue) (fn *lua.LFunction, self bool) {
	if fn, ok := v.(*lua.LFunction); ok {
		return fn, false
	}
	fn, _ = l.GetMetaField(v, "__call").(*lua.LFunction)
	return fn, true
}

// placed returns the value of an error. If a binding that pcall called directly raised it,
// placed replaces the blank at its beginning, where gopher-lua has found no Lua function,
// with the position of pcall's caller.
func placed(l *lua.LState, problem *lua.ApiError) lua.LValue {
	text, ok := problem.Object.(lua.LString)
	if !ok || text == "" || text[0] != ' ' || errors.Is(problem.Cause, errThrown) {
		return problem.Object
	}
	return lua.LString(position(l)) + text[1:]
}

// errThrown is the cause of errors whose value the standard library or the script made.
var errThrown = errors.New("thrown")

// throw raises an error with exactly this value.
func throw(l *lua.LState, value lua.LValue) {
	defer func() {
		r := recover()
		if problem, ok := r.(*lua.ApiError); ok {
			problem.Cause = errThrown
		}
		panic(r)
	}()
	l.Error(value, 0)
}

// enter returns a thread for a protected call in l, or nil if calls nest too deeply.
func (lib *Library) enter(l *lua.LState) *protectedThread {
	var p *protectedThread
	if n := len(lib.threads.spare); n > 0 {
		p = lib.threads.spare[n-1]
		lib.threads.spare = lib.threads.spare[:n-1]
	} else {
		p = lib.newProtected()
	}
	if !p.strand.begin(l) {
		lib.leave(p)
		return nil
	}
	p.strand.protected = true
	l.G.CurrentThread = p.thread
	return p
}

// leave keeps a thread for later calls.
func (lib *Library) leave(p *protectedThread) {
	p.thread.SetTop(0)
	p.strand.end()
	p.handler = nil
	if !p.spent && len(lib.threads.spare) < maxSpare {
		lib.threads.spare = append(lib.threads.spare, p)
	}
}

// run is the Go function at the bottom of a protected thread. It handles an error
// before the calls that led to it are unwound.
func (p *protectedThread) run(l *lua.LState) int {
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		problem := problemOf(l, r)
		p.spent = overflowed(problem.Object)
		problem.Object = placed(l, problem)
		report(l, problem.Object, true)
		if p.handler != lua.LNil {
			problem.Object = p.handle(l, problem.Object)
		}
		problem.StackTrace = notWanted
		panic(problem)
	}()
	l.Call(l.GetTop()-1, lua.MultRet)
	return l.GetTop()
}

// notWanted is a traceback that stops gopher-lua from making one.
const notWanted = " "

// handle calls the handler and returns its result. If the call stack is full, protected
// calls the handler later.
func (p *protectedThread) handle(l *lua.LState, object lua.LValue) lua.LValue {
	l.Push(p.handler)
	l.Push(object)
	err := l.PCall(1, 1, nil)
	switch {
	case err == nil:
		object = l.Get(-1)
		l.Pop(1)
	case isOverflow(err):
		return object
	default:
		object = errorInHandler
	}
	p.handled = true
	return object
}

// overflowText is the message when calls nest too deeply.
const overflowText = "stack overflow"

// theirOverflow is gopher-lua's message for that.
const theirOverflow = "lua callstack overflow"

func isOverflow(err error) bool {
	api, ok := err.(*lua.ApiError) //nolint:errorlint // PCall returns nothing else
	return ok && api.Type == lua.ApiErrorPanic && api.Object == lua.LString(theirOverflow)
}

// tailOverflow is gopher-lua's panic when the arguments of a tail call do not fit. It
// then looks for the line of a function that has not begun.
const tailOverflow = "runtime error: index out of range [-1]"

// problemOf converts a recovered value to a Lua error. The calls that led to the panic
// must still be on l.
func problemOf(l *lua.LState, r any) *lua.ApiError {
	if api, ok := r.(*lua.ApiError); ok && api.Type != lua.ApiErrorPanic {
		api.Object = reworded(l, api.Object)
		return api
	}
	closeUpvalues(l)
	text := fmt.Sprint(r)
	if text == theirOverflow || text == tailOverflow {
		text = overflowText
	} else {
		crash.Report(fmt.Sprintf("a panic in Lua: %s\n%s", text, debug.Stack()))
		text = fmt.Sprintf("an internal error: %s (the log has its stack)", text)
	}
	return &lua.ApiError{Type: lua.ApiErrorRun, Object: lua.LString(position(l) + text)}
}

// closeUpvalues gives the closures of a thread their own copies of the variables that
// they share with running functions. Raising an error does the same.
func closeUpvalues(l *lua.LState) {
	defer func() { _ = recover() }()
	l.Error(lua.LNil, 0)
}

// Run calls the function below its arguments on the stack, as l.PCall does, on the
// first thread of a task. The error is a *lua.ApiError with a message and a traceback.
// Do not use the thread again after an error, because the failed calls stay on it.
func Run(l *lua.LState, args, results int) (err error) {
	defer func() {
		if r := recover(); r != nil {
			problem := problemOf(l, r)
			report(l, problem.Object, false)
			if problem.StackTrace == "" {
				problem.StackTrace = "stack traceback:\n" + strings.Join(traceback(l, 0), "\n")
			}
			err = problem
		}
	}()
	l.Call(args, results)
	return nil
}

// problem converts the error of a PCall to one with a message for the script.
func problem(err error) *lua.ApiError {
	api, ok := err.(*lua.ApiError) //nolint:errorlint // PCall returns nothing else
	switch {
	case !ok:
		return &lua.ApiError{Type: lua.ApiErrorRun, Object: lua.LString(err.Error())}
	case isOverflow(api):
		api.Object = lua.LString(topOf(api.StackTrace) + overflowText)
	case api.Type == lua.ApiErrorPanic:
		crash.Report(fmt.Sprintf("a panic in Lua: %v\n%s", api.Object, api.StackTrace))
		api.Object = lua.LString(fmt.Sprintf("%san internal error: %v", topOf(api.StackTrace), api.Object))
	}
	api.Object = renamed(api.Object)
	return api
}
