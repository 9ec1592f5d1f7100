// Package bind is what Lua modules are made of: functions that recover from
// panics, userdata that belong to no VM, options read from a table, and the one
// way to wait.
//
// A module is thin: it checks its arguments, calls Go and returns. Whatever may
// block does so in Wait, which gives up the script lock meanwhile; whatever
// fails as the world may fail returns Fail's nil and message; misuse raises an
// error at the script's line.
package bind

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/spelling"
)

// Functions are a module's or a class's, by name.
type Functions map[string]lua.LGFunction

// Function makes a Lua function of a binding. It belongs to no VM. A Go panic
// in it is reported with its stack and becomes an error at the script's line.
func Function(name string, fn lua.LGFunction) *lua.LFunction {
	return guarded(name, fn, func(*lua.ApiError) {})
}

// errSeen marks a Lua error that a binding has passed on.
var errSeen = errors.New("seen")

// guarded is Function; raised sees the Lua errors that it raises itself.
func guarded(name string, fn lua.LGFunction, raised func(*lua.ApiError)) *lua.LFunction {
	return &lua.LFunction{IsG: true, GFunction: func(l *lua.LState) (results int) {
		defer func() {
			switch r := recover().(type) {
			case nil:
			case *lua.ApiError:
				if !errors.Is(r.Cause, errSeen) { // it comes from this function, not from one that it has called
					raised(r)
					r.Cause = errSeen
				}
				panic(r)
			default:
				if r == callDepth {
					Raise(l, "stack overflow")
				}
				crash.Report(fmt.Sprintf("a panic in %s: %v\n%s", name, r, debug.Stack()))
				Raise(l, "%s: an internal error: %v (the log has its stack)", name, r)
			}
		}()
		return fn(l)
	}}
}

// callDepth is what gopher-lua panics with when calls stand too deep in each
// other.
const callDepth = "lua callstack overflow"

// Raise raises an error at the script's line. It does not return.
func Raise(l *lua.LState, format string, args ...any) {
	l.RaiseError("%s", fmt.Sprintf(format, args...))
}

// Fail returns nil and a message, which is how a binding tells of what a
// script has to expect.
func Fail(l *lua.LState, err error) int {
	return Return(l, lua.LNil, lua.LString(err.Error()))
}

// Failf is Fail with a text.
func Failf(l *lua.LState, format string, args ...any) int {
	return Fail(l, fmt.Errorf(format, args...))
}

// CheckStrings joins the arguments from first on, which are strings. One string
// may stand there many times, so all of them together may be no longer than
// max_string; else it raises.
func CheckStrings(l *lua.LState, first int) []byte {
	size, most := 0, RuntimeOf(l).Settings.MaxString
	for i := first; i <= l.GetTop(); i++ {
		if size += len(l.CheckString(i)); int64(size) > most {
			Raise(l, "too much at once: at most %d bytes (max_string)", most)
		}
	}
	data := make([]byte, 0, size)
	for i := first; i <= l.GetTop(); i++ {
		data = append(data, l.CheckString(i)...)
	}
	return data
}

// Return returns values.
func Return(l *lua.LState, values ...lua.LValue) int {
	for _, v := range values {
		l.Push(v)
	}
	return len(values)
}

// NewTable makes an empty table. It takes no room for fields yet, and then as
// little as a map can have: by itself, gopher-lua begins with 32, which are 2 kB.
func NewTable() *lua.LTable { return NewTableSize(0, 1) }

// NewTableSize makes an empty table with room for a list of n and m named
// fields.
func NewTableSize(n, m int) *lua.LTable { return (*lua.LState)(nil).CreateTable(n, m) }

// NewModule makes the table of a module. A name that it does not have is an
// error when it is read, never a silent nil.
func NewModule(name string, fns Functions) *lua.LTable {
	table := NewTableSize(0, len(fns))
	for fn, g := range fns {
		table.RawSetString(fn, Function(name+"."+fn, g))
	}
	meta := NewTable()
	meta.RawSetString("__index", Function(name, func(l *lua.LState) int {
		Raise(l, "%s", Lacks(name, table, l.Get(2)))
		return 0
	}))
	table.Metatable = meta
	return table
}

// Lacks is the message about a key that the module called name does not have.
func Lacks(name string, table *lua.LTable, key lua.LValue) string {
	return fmt.Sprintf("%s has no %s%s", name, QuoteKey(key), DidYouMean(key.String(), keys(table)))
}

func keys(t *lua.LTable) []string {
	var names []string
	t.ForEach(func(k, _ lua.LValue) { names = append(names, k.String()) })
	slices.Sort(names)
	return names
}

// QuoteKey writes a key for a message.
func QuoteKey(key lua.LValue) string {
	if s, ok := key.(lua.LString); ok {
		return fmt.Sprintf("%q", string(s))
	}
	return key.String()
}

// DidYouMean is the end of a message about a name that is not known: the known
// name that is nearest, or "".
func DidYouMean(name string, known []string) string {
	if near := spelling.Name(name, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}
