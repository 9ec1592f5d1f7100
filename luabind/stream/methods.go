package stream

import (
	"errors"
	"fmt"
	"io"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Default limits of the methods below, in bytes.
const (
	defaultSome = 64 << 10
	defaultAll  = 16 << 20
)

// LuaReadLine implements read_line([max]). It returns a line without its LF or CRLF. The
// last line may lack an LF.
func (r *Reader) LuaReadLine(l *lua.LState) int {
	line, err := r.Line(l, size(l, 2, r.options.Longest))
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LString(line))
}

// LuaReadUntil implements read_until(delimiter [, max]). It returns the data before the
// delimiter and removes the delimiter.
func (r *Reader) LuaReadUntil(l *lua.LState) int {
	delimiter := l.CheckString(2)
	if delimiter == "" {
		l.ArgError(2, "a delimiter has at least one byte")
	}
	limit := size(l, 3, r.options.Longest)
	at, err := r.find(luaCaller{l}, delimiter, limit+len(delimiter))
	switch {
	case err != nil:
		return r.fail(l, err)
	case at == 0:
		return bind.Failf(l, "there is no delimiter within %d bytes", limit)
	}
	return bind.Return(l, lua.LString(strings.TrimSuffix(r.take(at), delimiter)))
}

// LuaRead implements read(n). It returns n bytes, or nil if the stream ends before that.
func (r *Reader) LuaRead(l *lua.LState) int {
	n := size(l, 2, 0)
	err := r.fill(luaCaller{l}, func() bool { return r.Pending() >= n })
	switch {
	case err == nil:
		return bind.Return(l, lua.LString(r.take(n)))
	case errors.Is(err, io.EOF) && r.Pending() > 0:
		return bind.Failf(l, "the %s ended after %d of %d bytes", r.options.What, r.Pending(), n)
	}
	return r.fail(l, err)
}

// LuaReadSome implements read_some([max]). It waits for at least one byte and returns the
// data that has arrived.
func (r *Reader) LuaReadSome(l *lua.LState) int {
	limit := size(l, 2, defaultSome)
	if err := r.fill(luaCaller{l}, func() bool { return r.Pending() > 0 }); err != nil {
		return r.fail(l, err)
	}
	return bind.Return(l, lua.LString(r.take(min(limit, r.Pending()))))
}

// LuaReadAll implements read_all([max]). It returns all data until the end of the stream.
// If that is more than max bytes, it fails, and the data can still be read.
func (r *Reader) LuaReadAll(l *lua.LState) int {
	limit := size(l, 2, defaultAll)
	err := r.fill(luaCaller{l}, func() bool { return r.Pending() > limit })
	switch {
	case err == nil:
		return bind.Failf(l, "there are more than %d bytes", limit)
	case errors.Is(err, io.EOF):
		return bind.Return(l, lua.LString(r.take(r.Pending())))
	}
	return r.fail(l, err)
}

func (r *Reader) fail(l *lua.LState, err error) int { return bind.Fail(l, r.options.Explain(err)) }

// size returns argument n, a number of bytes up to max_string, or otherwise if it is nil.
// The argument is required if otherwise is 0.
func size(l *lua.LState, n, otherwise int) int {
	most := int(bind.RuntimeOf(l).Settings.MaxString)
	if l.Get(n) == lua.LNil && otherwise > 0 {
		return min(otherwise, most)
	}
	i, ok := bind.Integer(l.CheckNumber(n), 1, most)
	if !ok {
		l.ArgError(n, fmt.Sprintf("number of bytes from 1 to %d (max_string) expected, got %v", most, l.Get(n)))
	}
	return i
}
