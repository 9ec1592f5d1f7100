package bind

import (
	"fmt"
	"math"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/task"
)

// Options reads a table of named arguments. Each method returns an option and raises
// an error at the script's line if the value has the wrong type. Call Done at the
// end: it raises an error for an option that no method has read.
type Options struct {
	l     *lua.LState
	what  string // the function's name for messages
	table *lua.LTable
	asked []string // names that were read
}

// OptionsAt returns argument n as options. A nil argument has no options. what is the
// function's name for messages.
func OptionsAt(l *lua.LState, n int, what string) *Options {
	o := &Options{l: l, what: what}
	switch v := l.Get(n).(type) {
	case *lua.LTable:
		o.table = v
	case *lua.LNilType:
		o.table = NewTable()
	default:
		l.ArgError(n, fmt.Sprintf("table of options expected (as in { name = value }), got %s", v.Type()))
	}
	return o
}

// Get returns an option of any type, or nil.
func (o *Options) Get(name string) lua.LValue {
	o.asked = append(o.asked, name)
	return o.table.RawGetString(name)
}

// String returns a string, or otherwise if the option is not set.
func (o *Options) String(name, otherwise string) string {
	switch v := o.Get(name).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return v.String()
	case *lua.LNilType:
		return otherwise
	default:
		o.wrong(name, "string", v)
		return ""
	}
}

// Bool returns a boolean, or otherwise if the option is not set.
func (o *Options) Bool(name string, otherwise bool) bool {
	switch v := o.Get(name).(type) {
	case lua.LBool:
		return bool(v)
	case *lua.LNilType:
		return otherwise
	default:
		o.wrong(name, "true or false", v)
		return false
	}
}

// Int returns an integer of at least least, or otherwise if the option is not set.
func (o *Options) Int(name string, otherwise, least int) int {
	v := o.Get(name)
	if v == lua.LNil {
		return otherwise
	}
	n, ok := Integer(v, least, math.MaxInt32)
	if !ok {
		o.wrong(name, fmt.Sprintf("integer of at least %d", least), v)
	}
	return n
}

// Seconds returns a duration of 0 or more, or otherwise if the option is not set.
func (o *Options) Seconds(name string, otherwise time.Duration) time.Duration {
	v := o.Get(name)
	if v == lua.LNil {
		return otherwise
	}
	n, ok := v.(lua.LNumber)
	d, fits := Duration(float64(n))
	if !ok || !fits {
		o.wrong(name, "number of seconds", v)
	}
	return d
}

// Table returns a table, or nil if the option is not set.
func (o *Options) Table(name string) *lua.LTable {
	switch v := o.Get(name).(type) {
	case *lua.LTable:
		return v
	case *lua.LNilType:
		return nil
	default:
		// The value may be a secret, as in { auth = "…" }: do not show it.
		Raise(o.l, "%s: %s: table expected, got %s", o.what, name, v.Type())
		return nil
	}
}

// Function returns a function, or nil if the option is not set.
func (o *Options) Function(name string) *lua.LFunction {
	switch v := o.Get(name).(type) {
	case *lua.LFunction:
		return v
	case *lua.LNilType:
		return nil
	default:
		o.wrong(name, "function", v)
		return nil
	}
}

// Strings returns a list of strings, or nil if the option is not set. The option may
// also be a single string.
func (o *Options) Strings(name string) []string {
	switch v := o.Get(name).(type) {
	case lua.LString:
		return []string{string(v)}
	case *lua.LNilType:
		return nil
	case *lua.LTable:
		var list []string
		for i := 1; i <= v.Len(); i++ {
			s, ok := v.RawGetInt(i).(lua.LString)
			if !ok {
				o.wrong(name, "list of strings", v.RawGetInt(i))
			}
			list = append(list, string(s))
		}
		return list
	default:
		o.wrong(name, "list of strings", v)
		return nil
	}
}

// Owner returns the owner of a resource that is to be opened. The option `owner` is
// the module spectrum for the process, or a session. If it is not set, the owner is
// that of the running task.
func (o *Options) Owner() *task.Owner {
	v := o.Get("owner")
	if v == lua.LNil {
		return TaskOf(o.l).Owner()
	}
	owner := RuntimeOf(o.l).OwnerOf(v)
	if owner == nil {
		o.wrong("owner", "module spectrum or session", v)
	}
	return owner
}

// Done raises an error for an option that no method has read.
func (o *Options) Done() {
	o.table.ForEach(func(k, _ lua.LValue) {
		name, ok := k.(lua.LString)
		for _, known := range o.asked {
			if ok && string(name) == known {
				return
			}
		}
		Raise(o.l, "%s has no option %s%s", o.what, QuoteKey(k), o.choice(k.String()))
	})
}

// choice returns the end of the message about an unknown option.
func (o *Options) choice(name string) string {
	if near := DidYouMean(name, o.asked); near != "" {
		return near
	}
	return "; the options are " + strings.Join(o.asked, ", ")
}

// wrong raises an error for an option of the wrong type.
func (o *Options) wrong(name, want string, v lua.LValue) {
	Raise(o.l, "%s: %s: %s expected, got %s", o.what, name, want, Describe(v))
}

// Describe returns a value as text for a message: its type, and the value if it is
// short.
func Describe(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		if len(v) <= 40 {
			return fmt.Sprintf("string %q", string(v))
		}
		return fmt.Sprintf("string of %d bytes", len(v))
	case lua.LNumber:
		return "number " + v.String()
	case lua.LBool:
		return v.String()
	case *lua.LNilType, nil:
		return "nil"
	}
	return v.Type().String()
}

// maxSeconds is the longest duration that scripts can give, about 30 years.
const maxSeconds = 1e9

// Duration converts a number of seconds. It reports false for NaN, a negative number
// and a number above 1e9.
func Duration(seconds float64) (time.Duration, bool) {
	if math.IsNaN(seconds) || seconds < 0 || seconds > maxSeconds {
		return 0, false
	}
	return time.Duration(seconds * float64(time.Second)), true
}

// CheckSeconds returns argument n, a number of seconds, as a duration. It raises an
// error if the argument is not a valid duration.
func CheckSeconds(l *lua.LState, n int) time.Duration {
	d, ok := Duration(float64(l.CheckNumber(n)))
	if !ok {
		l.ArgError(n, fmt.Sprintf("number of seconds expected, got %v", l.Get(n)))
	}
	return d
}
