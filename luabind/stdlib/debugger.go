package stdlib

import (
	"reflect"
	"slices"
	"strings"
	"unsafe"

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
	if rt, ok := t.Local.(*bind.Runtime); ok && rt.Raised != nil {
		rt.Raised(t, l, object, caught)
	}
}

// Varargs returns the values of "..." in a call of a Lua function on a thread.
func Varargs(l *lua.LState, dbg *lua.Debug) []lua.LValue {
	frame := reflect.ValueOf(dbg).Elem().FieldByIndex(frameField.Index).Elem()
	fn := (*lua.LFunction)(frame.FieldByIndex(calledField.Index).UnsafePointer())
	if fn.IsG || fn.Proto.IsVarArg&lua.VarArgIsVarArg == 0 {
		return nil
	}
	// They are between the parameters' first places and the local variables.
	first := int(frame.FieldByIndex(baseField.Index).Int()) + 1 + int(fn.Proto.NumParameters)
	end := int(frame.FieldByIndex(localField.Index).Int())
	array := reflect.ValueOf(l).Elem().FieldByIndex(regField.Index).Elem().FieldByIndex(valuesField.Index)
	values := unsafe.Slice((*lua.LValue)(array.UnsafePointer()), array.Len())
	if first >= end || end > len(values) {
		return nil
	}
	return slices.Clone(values[first:end])
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
