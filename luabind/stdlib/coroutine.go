package stdlib

import (
	"sync"

	lua "github.com/yuin/gopher-lua"
)

func (lib *Library) openCoroutine() *lua.LTable {
	table := lib.newTable("coroutine", functions{
		"create":  leaf(lib.coCreate),
		"resume":  calling(lib.coResume),
		"running": leaf(coRunning),
		"status":  leaf(coStatus),
		"wrap":    leaf(lib.coWrap),
	})
	table.RawSetString("yield", lib.newYield())
	return table
}

// passSource is a Lua function that calls a Go function.
const passSource = `
local fn, results = ...
return function(...) return results(fn(...)) end`

var passProto = sync.OnceValue(func() *lua.FunctionProto { return mustCompile(passSource, "coroutine") })

// results returns its arguments.
var results = leaf(func(c call) int { return c.l.GetTop() }).named("coroutine", "results")

// wrapGo returns a Lua function that calls a Go function.
func (lib *Library) wrapGo(fn *lua.LFunction) *lua.LFunction {
	l := lib.threads.maker
	l.SetTop(0)
	l.Push(l.NewFunctionFromProto(passProto()))
	l.Push(fn)
	l.Push(results)
	l.Call(2, 1)
	wrapped := l.Get(-1).(*lua.LFunction)
	l.SetTop(0)
	return wrapped
}

// newYield returns yield as a Lua function. A Go function does not work: gopher-lua
// corrupts the stack if it yields in a tail call or returns too few results.
func (lib *Library) newYield() lua.LValue {
	return lib.wrapGo(leaf(coYield).named("coroutine", "yield"))
}

// coYield is the part of yield in Go. Its result -1 makes the interpreter return the
// arguments to the thread that resumed this one.
func coYield(c call) int {
	const scriptsLevel = 2 // level 1 is the Lua part
	switch running := runningCoroutine(c.l); {
	case running == nil:
		c.raiseAt(scriptsLevel, "attempt to yield from outside a coroutine: a handler or a task waits with spectrum.sleep(seconds) or channel:receive()")
	case running != c.l || crossesGo(c.l):
		c.raiseAt(scriptsLevel, "attempt to yield across metamethod/C-call boundary")
	}
	return -1
}

// raiseAt raises an error with the position of a level if it is a Lua function.
func (c call) raiseAt(level int, message string) {
	place := ""
	if l, dbg, ok := frameAt(c.l, level); ok {
		place = placeOf(l, dbg)
	}
	throw(c.l, lua.LString(place+message))
}

// newCoroutine returns a coroutine for the function that is argument 1.
func (lib *Library) newCoroutine(c call) *lua.LState {
	fn := c.function(1)
	if fn.IsG {
		fn = lib.wrapGo(fn) // gopher-lua cannot run a Go function as a coroutine
	}
	return lib.threads.coroutine(fn)
}

func (lib *Library) coCreate(c call) int { return c.ret(lib.newCoroutine(c)) }

// coWrap returns a function that resumes a new coroutine and raises its errors.
func (lib *Library) coWrap(c call) int {
	th := lib.newCoroutine(c)
	return c.ret(calling(func(c call) int {
		c.l.Insert(th, 1)
		n := lib.resume(c, th)
		if c.l.Get(-n) == lua.LTrue {
			return n - 1
		}
		object := c.l.Get(-1)
		switch v := object.(type) {
		case lua.LString:
			c.raiseAt(1, string(v))
		case lua.LNumber:
			c.raiseAt(1, formatNumber(float64(v)))
		}
		throw(c.l, object)
		return 0
	}).named("", "wrap"))
}

func (lib *Library) coResume(c call) int {
	th, ok := c.l.Get(1).(*lua.LState)
	if !ok {
		c.argError(1, "coroutine expected")
	}
	return lib.resume(c, th)
}

// resume continues the coroutine th, the first argument of c, with the other
// arguments. It pushes true and the results, or false and the error. The coroutine
// uses the context and the Go stack of the task that resumes it.
func (lib *Library) resume(c call, th *lua.LState) int {
	l := c.l
	switch status(l, th) {
	case "suspended":
	case "dead":
		return c.ret(lua.LFalse, lua.LString("cannot resume dead coroutine"))
	default:
		return c.ret(lua.LFalse, lua.LString("cannot resume non-suspended coroutine"))
	}
	s := strandOf(th)
	if !s.begin(l) {
		return c.ret(lua.LFalse, lua.LString(position(l)+overflowText))
	}
	s.coroutine, s.starting = th, th
	n := lib.threads.resume(l)
	s.end()
	l.G.CurrentThread = l
	if th.Dead && n == 2 && l.Get(-2) == lua.LFalse {
		object := renamed(l.Get(-1))
		if object == lua.LString(theirOverflow) {
			object = lua.LString(position(th) + overflowText)
		}
		l.Pop(1)
		l.Push(object)
	}
	return n
}

// coRunning returns the running coroutine, or nil. The thread of a handler or a task
// does not count as a coroutine.
func coRunning(c call) int {
	if th := runningCoroutine(c.l); th != nil {
		return c.ret(th)
	}
	return c.ret(lua.LNil)
}

func coStatus(c call) int {
	th, ok := c.l.Get(1).(*lua.LState)
	if !ok {
		c.argError(1, "coroutine expected")
	}
	return c.ret(lua.LString(status(c.l, th)))
}

// status returns the status of a coroutine from the view of l. A coroutine of another
// task that waits in a binding is "normal": it is active, but does not run.
func status(l, th *lua.LState) string {
	switch {
	case th == runningCoroutine(l):
		return "running"
	case th.Dead:
		return "dead"
	case th.Parent != nil, strandOf(th) == nil || strandOf(th).protected:
		return "normal"
	}
	return "suspended"
}
