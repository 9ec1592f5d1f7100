// Package bind has the parts to write Lua modules in Go. Function makes a Lua
// function that recovers from panics, Class makes userdata with methods, Options
// reads a table of named arguments, and Wait blocks without the script lock.
//
// A binding checks its arguments, calls Go and returns the result:
//   - A call that may block runs inside Wait, which releases the script lock.
//   - A failure that a script must expect, such as a refused connection, returns
//     nil and a message; see Fail.
//   - A misuse, such as a wrong argument, raises an error at the script's line;
//     see Raise.
package bind

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/spelling"
)

// Functions has the functions of a module by name.
type Functions map[string]lua.LGFunction

// Function returns a Lua function that calls fn. It has no reference to a VM, so all
// VMs can share it. If fn panics, the function reports the stack and raises an error
// at the script's line.
func Function(name string, fn lua.LGFunction) *lua.LFunction {
	return guarded(name, fn, func(*lua.ApiError) {})
}

// errSeen marks a Lua error that guarded has seen before. An error with another cause
// comes from the standard library.
var errSeen = errors.New("seen")

// guarded is like Function, but calls raised with each Lua error that fn itself
// raises. raised may change the error.
func guarded(name string, fn lua.LGFunction, raised func(*lua.ApiError)) *lua.LFunction {
	return &lua.LFunction{IsG: true, GFunction: func(l *lua.LState) (results int) {
		defer func() {
			switch r := recover().(type) {
			case nil:
			case *lua.ApiError:
				if r.Cause == nil { // fn raised it, not a function that fn called
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

// callDepth is the value of gopher-lua's panic when calls nest too deeply.
const callDepth = "lua callstack overflow"

// Raise raises an error at the script's line. It does not return.
func Raise(l *lua.LState, format string, args ...any) {
	l.RaiseError("%s", fmt.Sprintf(format, args...))
}

// Fail returns nil and the error's message to the script. A binding uses it for
// failures that scripts must expect.
func Fail(l *lua.LState, err error) int {
	return Return(l, lua.LNil, lua.LString(err.Error()))
}

// Failf is like Fail, but formats the message.
func Failf(l *lua.LState, format string, args ...any) int {
	return Fail(l, fmt.Errorf(format, args...))
}

// CheckStrings joins the arguments from first on. It raises an error if one is not
// a string, or if the result is longer than max_string: a script can pass the same
// long string many times.
func CheckStrings(l *lua.LState, first int) []byte {
	size, most := 0, RuntimeOf(l).Settings.MaxString
	for i := first; i <= l.GetTop(); i++ {
		if size += len(l.CheckString(i)); int64(size) > most {
			Raise(l, "the arguments together are too long: at most %d bytes are allowed (max_string)", most)
		}
	}
	data := make([]byte, 0, size)
	for i := first; i <= l.GetTop(); i++ {
		data = append(data, l.CheckString(i)...)
	}
	return data
}

// Return pushes the results of a binding and returns their number.
func Return(l *lua.LState, values ...lua.LValue) int {
	for _, v := range values {
		l.Push(v)
	}
	return len(values)
}

// NewTable returns an empty table that takes little memory. By default, gopher-lua
// allocates 32 fields, which take 2 kB.
func NewTable() *lua.LTable { return NewTableSize(0, 1) }

// NewTableSize returns an empty table with space for n list items and m named fields.
func NewTableSize(n, m int) *lua.LTable { return (*lua.LState)(nil).CreateTable(n, m) }

// NewModule returns the table of a module. Reading a name that it does not have
// raises an error.
func NewModule(name string, fns Functions) *lua.LTable {
	table := NewTableSize(0, len(fns))
	for fn, g := range fns {
		table.RawSetString(fn, Function(name+"."+fn, func(l *lua.LState) int {
			if l.Get(1) == table {
				Raise(l, "%s", MissingDot(name, fn))
			}
			return g(l)
		}))
	}
	meta := NewTable()
	meta.RawSetString("__index", Function(name, func(l *lua.LState) int {
		Raise(l, "%s", Lacks(name, table, l.Get(2)))
		return 0
	}))
	table.Metatable = meta
	return table
}

// MissingDot returns the error message for a module's function that is called with a
// colon.
func MissingDot(module, fn string) string {
	short := module[strings.LastIndexByte(module, '.')+1:]
	return fmt.Sprintf("%s is a function of the module %s: write %s.%s(…), with a dot", fn, module, short, fn)
}

// Lacks returns the error message for a key that the module called name does not
// have.
func Lacks(name string, table *lua.LTable, key lua.LValue) string {
	return fmt.Sprintf("%s has no %s%s", name, QuoteKey(key), DidYouMean(key.String(), keys(table)))
}

func keys(t *lua.LTable) []string {
	var names []string
	t.ForEach(func(k, _ lua.LValue) { names = append(names, k.String()) })
	slices.Sort(names)
	return names
}

// QuoteKey returns a key as text for a message. A string key is in quotes.
func QuoteKey(key lua.LValue) string {
	if s, ok := key.(lua.LString); ok {
		return fmt.Sprintf("%q", string(s))
	}
	return key.String()
}

// DidYouMean returns the end of a message about an unknown name: the most similar
// known name as a question. It returns "" if no known name is similar.
func DidYouMean(name string, known []string) string {
	if near := spelling.Name(name, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}
