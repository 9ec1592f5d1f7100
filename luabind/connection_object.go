package luabind

import (
	"errors"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/stream"
	"spectrumlua/runtime/task"
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

// readFrom is the default of the function read. It calls the method that reads. The runner
// reads the lines of a socket itself.
var readFrom = bind.Function("read", func(l *lua.LState) int {
	name := "read_line"
	if isWebSocket(l.Get(1)) {
		name = "receive"
	}
	base := l.GetTop()
	callMethod(l, name, lua.MultRet)
	return l.GetTop() - base
})

// objectOf returns the Go object of a value, or nil.
func objectOf(v lua.LValue) any {
	if ud, ok := v.(*lua.LUserData); ok {
		return ud.Value
	}
	return nil
}

// quiet is an object that knows whether its silence is that of the peer: the script has taken
// what has arrived.
type quiet interface{ Quiet() bool }

// lineSource is a socket whose lines a task can read without Lua code.
type lineSource interface {
	TaskLine(t *task.Task, limit int) (string, error)
	SkipLine(t *task.Task) (start string, err error)
}

// lines returns the object of the connection if it is a socket and the script has not given
// a function read. Otherwise lines returns nil.
func (c *connection) lines() lineSource {
	if c.options.read != readFrom || !isSocket(c.conn) {
		return nil
	}
	source, _ := c.conn.(*lua.LUserData).Value.(lineSource)
	return source
}

// nextLine waits for the next line of a socket. It skips a line that is too long, which
// would be the next line of each attempt otherwise.
func (c *connection) nextLine(t *task.Task, source lineSource) (string, error) {
	for {
		line, err := source.TaskLine(t, maxLine)
		if !errors.Is(err, stream.ErrLongLine) {
			return line, err
		}
		start, err := source.SkipLine(t)
		if err != nil {
			return "", err
		}
		c.log().WithField("item", bind.Excerpt(lua.LString(start))).Warnf("skipped a line of more than %d bytes", maxLine)
	}
}
