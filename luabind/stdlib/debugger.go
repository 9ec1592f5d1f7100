package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/task"
)

// Caller returns the thread that waits for a coroutine or a protected call on l, or nil
// for the first thread of a task.
func Caller(l *lua.LState) *lua.LState {
	if s := strandOf(l); s != nil {
		return s.caller
	}
	return nil
}

// CalledAs returns the name by which the function of a call was called, or "".
func CalledAs(dbg *lua.Debug) string { return calledAs(dbg).Name }

// report tells the debugger about an error, while the calls that led to it are still on l.
// caught reports whether the script catches it.
func report(l *lua.LState, object lua.LValue, caught bool) {
	ctx := l.Context()
	if ctx == nil {
		return
	}
	t, ok := ctx.Value(task.Key).(*task.Task)
	if !ok {
		return
	}
	if frame, ok := t.Local.(*bind.Frame); ok && frame.Runtime.Raised != nil {
		frame.Runtime.Raised(t, l, object, caught)
	}
}

// Status returns the status of a coroutine: suspended, dead, or active.
func Status(th *lua.LState) string {
	switch s := strandOf(th); {
	case th.Dead:
		return "dead"
	case th.Parent != nil || s == nil || s.protected:
		return "active"
	}
	return "suspended"
}

// Traceback returns the calls of a thread and of those that wait for it, one a line.
func Traceback(l *lua.LState) string { return strings.Join(traceback(l, 0), "\n") }
