package luabind

import (
	"errors"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/stream"
)

// The functions that work with any object that connect returns. Each has the object as
// its first argument.
var (
	writeTo = bind.Function("send", func(l *lua.LState) int {
		name := "write"
		if isWebSocket(l.Get(1)) {
			name = "send"
		}
		base := l.GetTop()
		callMethod(l, name, lua.MultRet)
		return l.GetTop() - base
	})
	closeOf = bind.Function("close", func(l *lua.LState) int {
		callMethod(l, "close", 0)
		return 0
	})
	closeWriteOf = bind.Function("close", func(l *lua.LState) int {
		if isSocket(l.Get(1)) {
			callMethod(l, "set_timeout", 0)
		}
		l.SetTop(1)
		callMethod(l, "close_write", 1)
		if l.Get(-1) == lua.LNil {
			bind.Raise(l, "the connection cannot be closed for writing")
		}
		return 0
	})
)

// callMethod calls a method of the first argument with the arguments after it.
func callMethod(l *lua.LState, name string, results int) {
	n := l.GetTop()
	l.Push(l.GetField(l.Get(1), name))
	for i := 1; i <= n; i++ {
		l.Push(l.Get(i))
	}
	l.Call(n, results)
}

// halfClosable reports whether the object can be closed for writing only.
func (c *connection) halfClosable() bool {
	if table, ok := c.conn.(*lua.LTable); ok {
		return table.RawGetString("close_write") != lua.LNil
	}
	return isSocket(c.conn)
}

// isSocket reports whether an object is a connection of spectrum.net.
func isSocket(v lua.LValue) bool { return carries(v, "read_line") }

// isWebSocket reports whether an object is one of spectrum.websocket.
func isWebSocket(v lua.LValue) bool { return carries(v, "receive") }

func carries(v lua.LValue, read string) bool {
	ud, ok := v.(*lua.LUserData)
	if !ok {
		return false
	}
	carrier, ok := ud.Value.(bind.Carrier)
	return ok && carrier.ReadMethod() == read
}

// maxLine is the length of a line of a socket, in bytes. It is that of read_line.
const maxLine = 64 << 10

// readFrom is the default of the function read. It reads a line from a socket, or calls
// the method that reads. A line that is too long is skipped: it would be the next line of
// each attempt otherwise.
var readFrom = bind.Function("read", func(l *lua.LState) int {
	ud, _ := l.Get(1).(*lua.LUserData)
	lines, ok := value(ud).(interface {
		Line(l *lua.LState, limit int) (string, error)
		SkipLine(l *lua.LState) (string, error)
	})
	if !ok || !isSocket(ud) {
		name := "read_line"
		if isWebSocket(l.Get(1)) {
			name = "receive"
		}
		base := l.GetTop()
		callMethod(l, name, lua.MultRet)
		return l.GetTop() - base
	}
	for {
		line, err := lines.Line(l, maxLine)
		switch {
		case err == nil:
			return bind.Return(l, lua.LString(line))
		case !errors.Is(err, stream.ErrLongLine):
			return bind.Fail(l, err)
		}
		start, err := lines.SkipLine(l)
		if err != nil {
			return bind.Fail(l, err)
		}
		rt := bind.RuntimeOf(l)
		log := rt.Log.WithField("item", bind.Excerpt(lua.LString(start)))
		if user := bind.TaskOf(l).Owner().Name(); user != "" {
			log = log.WithField("user", user)
		}
		log.Warnf("skipped a line of more than %d bytes", maxLine)
	}
})

func value(ud *lua.LUserData) any {
	if ud == nil {
		return nil
	}
	return ud.Value
}
