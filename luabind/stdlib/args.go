package stdlib

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
)

// call is a call of a library function. Its methods read arguments and raise errors
// as Lua 5.1 does.
type call struct {
	l    *lua.LState
	name string
}

// raise raises an error at the line of the nearest Lua function.
func (c call) raise(format string, args ...any) {
	message := fmt.Sprintf(format, args...)
	throw(c.l, lua.LString(position(c.l)+message))
}

// argError raises an error about argument n. In a method call, self does not count.
func (c call) argError(n int, format string, args ...any) {
	if dbg, ok := c.l.GetStack(0); ok && calledAs(dbg).Kind == "method" {
		if n--; n == 0 {
			c.raise("calling '%s' on bad self (%s)", c.name, fmt.Sprintf(format, args...))
		}
	}
	c.raise("bad argument #%d to '%s' (%s)", n, c.name, fmt.Sprintf(format, args...))
}

// typeError raises an error about the type of argument n.
func (c call) typeError(n int, want string) {
	got := "no value"
	if n <= c.l.GetTop() {
		got = c.l.Get(n).Type().String()
	}
	c.argError(n, "%s expected, got %s", want, got)
}

// given reports whether argument n exists and is not nil.
func (c call) given(n int) bool { return c.l.Get(n) != lua.LNil }

// any returns argument n. It must exist, but may be nil.
func (c call) any(n int) lua.LValue {
	if n > c.l.GetTop() {
		c.argError(n, "value expected")
	}
	return c.l.Get(n)
}

// str returns argument n, which must be a string or a number.
func (c call) str(n int) string {
	switch v := c.l.Get(n).(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return formatNumber(float64(v))
	}
	c.typeError(n, "string")
	return ""
}

func (c call) optStr(n int, otherwise string) string {
	if !c.given(n) {
		return otherwise
	}
	return c.str(n)
}

// number returns argument n, which must be a number or a numeral.
func (c call) number(n int) float64 {
	switch v := c.l.Get(n).(type) {
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		if f, ok := parseNumber(string(v)); ok {
			return f
		}
	}
	c.typeError(n, "number")
	return 0
}

// integer returns argument n, which must be a number, without its fraction.
func (c call) integer(n int) int { return truncate(c.number(n)) }

func (c call) optInteger(n, otherwise int) int {
	if !c.given(n) {
		return otherwise
	}
	return c.integer(n)
}

func (c call) table(n int) *lua.LTable {
	if t, ok := c.l.Get(n).(*lua.LTable); ok {
		return t
	}
	c.typeError(n, "table")
	return nil
}

func (c call) function(n int) *lua.LFunction {
	if f, ok := c.l.Get(n).(*lua.LFunction); ok {
		return f
	}
	c.typeError(n, "function")
	return nil
}

// ret pushes results and returns their number.
func (c call) ret(values ...lua.LValue) int {
	for _, v := range values {
		c.l.Push(v)
	}
	return len(values)
}

// fail returns nil and a message.
func (c call) fail(format string, args ...any) int {
	return c.ret(lua.LNil, lua.LString(fmt.Sprintf(format, args...)))
}

// call calls a function with arguments and returns its one result.
func (c call) call(fn lua.LValue, args ...lua.LValue) lua.LValue {
	c.l.Push(fn)
	for _, a := range args {
		c.l.Push(a)
	}
	c.l.Call(len(args), 1)
	v := c.l.Get(-1)
	c.l.Pop(1)
	return v
}

// tostring converts a value as Lua's tostring does. It may call a metamethod.
func (c call) tostring(v lua.LValue) lua.LValue {
	switch v := v.(type) {
	case lua.LString:
		return v
	case lua.LNumber:
		return lua.LString(formatNumber(float64(v)))
	}
	if meta := c.l.GetMetaField(v, "__tostring"); meta != lua.LNil {
		return c.call(meta, v)
	}
	return lua.LString(v.String())
}
