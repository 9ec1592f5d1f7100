package stdlib

import (
	"sync"

	lua "github.com/yuin/gopher-lua"
)

func (lib *Library) openCoroutine() *lua.LTable {
	table := newLibraryTable("coroutine", functions{
		"create":  leaf(lib.coCreate),
		"resume":  calling(lib.coResume),
		"running": leaf(coRunning),
		"status":  leaf(coStatus),
		"wrap":    leaf(lib.coWrap),
	})
	table.RawSetString("yield", lib.newYield())
	return table
}

// passSource wraps a Go function into one of Lua's.
const passSource = `
local fn, results = ...
return function(...) return results(fn(...)) end`

var passProto = sync.OnceValue(func() *lua.FunctionProto { return mustCompile(passSource, "coroutine") })

var results = leaf(func(c call) int { return c.l.GetTop() }).named("coroutine", "results")

// wrapGo makes a Lua function that calls a Go function.
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

// newYield makes yield, a Lua function: what gopher-lua leaves behind a yield
// that was called in a tail call, or that returns fewer results than are asked
// for, is not whole, and is never so here.
func (lib *Library) newYield() lua.LValue {
	return lib.wrapGo(leaf(coYield).named("coroutine", "yield"))
}

// coYield is the part of yield that is Go: -1 tells the interpreter to give
// control, and the arguments, to whoever has resumed the thread.
func coYield(c call) int {
	const scriptsLevel = 2 // above it, the Lua part
	switch running := runningCoroutine(c.l); {
	case running == nil:
		c.raiseAt(scriptsLevel, "attempt to yield from outside a coroutine")
	case running != c.l || crossesGo(c.l):
		c.raiseAt(scriptsLevel, "attempt to yield across metamethod/C-call boundary")
	}
	return -1
}

// raiseAt raises an error at the place of a level, if that has one.
func (c call) raiseAt(level int, message string) {
	place := ""
	if l, dbg, ok := frameAt(c.l, level); ok {
		place = placeOf(l, dbg)
	}
	c.l.Error(lua.LString(place+message), 0)
}

func (lib *Library) newCoroutine(c call) *lua.LState {
	fn := c.function(1)
	if fn.IsG {
		fn = lib.wrapGo(fn) // gopher-lua cannot run it as it is
	}
	return lib.threads.coroutine(fn)
}

func (lib *Library) coCreate(c call) int { return c.ret(lib.newCoroutine(c)) }

// coWrap returns a function that resumes a new coroutine, and raises what goes
// wrong in it.
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
		c.l.Error(object, 0)
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

// resume goes on with a coroutine, which is c's first argument; the others are
// for it. It pushes true and the results, or false and the error. The coroutine
// runs for whoever resumes it: with his task's context, on his Go stack.
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

// coRunning is the coroutine that runs, or nil: the thread of a handler or a
// task is none, though gopher-lua has one for it.
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

// status is that of a coroutine, as l sees it. One that waits in a binding, for
// another task, has a parent: it is "normal", for it is active and does not
// run.
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
