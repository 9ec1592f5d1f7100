package scripttest

import (
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	netmodule "spectrumlua/luabind/modules/net"
)

// connMetatable returns the metatable of a peer's connections. It adds methods to those of
// spectrum.net, and replaces starttls by that of a server.
func connMetatable(p *peer) *lua.LTable {
	methods := map[string]*lua.LFunction{}
	for name, fn := range map[string]lua.LGFunction{
		"expect_line":  p.world.expectLine,
		"find_line":    p.world.findLine,
		"expect_close": p.world.expectClose,
		"write_line":   writeLine,
		"starttls":     func(l *lua.LState) int { return netmodule.ServeTLS(l, p.certificate) },
	} {
		methods[name] = bind.Function("conn:"+name, fn)
	}
	meta := bind.NewTable()
	ordinary := netmodule.ConnMetatable()
	ordinary.ForEach(func(k, v lua.LValue) { meta.RawSet(k, v) })
	meta.RawSetString("__index", bind.Function("conn", func(l *lua.LState) int {
		if name, ok := l.Get(2).(lua.LString); ok && methods[string(name)] != nil {
			return bind.Return(l, methods[string(name)])
		}
		l.Push(ordinary.RawGetString("__index"))
		l.Insert(l.Get(-1), 1)
		l.Pop(1)
		l.Call(2, 1)
		return 1
	}))
	return meta
}

// method returns a method of a connection.
func method(l *lua.LState, conn lua.LValue, name string) lua.LValue {
	return l.GetField(conn, name)
}

// callMethod calls a method and leaves the given number of results on the stack.
func callMethod(l *lua.LState, conn lua.LValue, name string, results int, args ...lua.LValue) int {
	l.Push(method(l, conn, name))
	l.Push(conn)
	for _, a := range args {
		l.Push(a)
	}
	l.Call(1+len(args), results)
	return results
}

// lines reads lines within a limit, which begins again if the debugger stops a task.
type lines struct {
	world *world
	limit time.Duration
	late  time.Time
}

func (w *world) lines(limit time.Duration) *lines {
	return &lines{w, limit, time.Now().Add(limit)}
}

// next reads a line. It returns nil and the reason if it fails.
func (r *lines) next(l *lua.LState) (text lua.LValue, why string) {
	conn := l.Get(1)
	for {
		left := max(time.Until(r.late), time.Millisecond)
		callMethod(l, conn, "set_timeout", 0, lua.LNumber(left.Seconds()))
		callMethod(l, conn, "read_line", 2)
		text, problem := l.Get(-2), l.Get(-1)
		l.Pop(2)
		callMethod(l, conn, "set_timeout", 0, lua.LNumber(0))
		if text != lua.LNil || problem.String() != bind.ErrTimeout.Error() || !r.world.suspended() {
			return text, problem.String()
		}
		r.late = time.Now().Add(r.limit)
	}
}

// expectLine implements conn:expect_line(pattern [, seconds]) → captures. The next line
// must match.
func (w *world) expectLine(l *lua.LState) int {
	m, limit := checkPattern(l, 2), w.peerLimit(l, 3)
	text, why := w.lines(limit).next(l)
	if s, ok := text.(lua.LString); ok {
		if captures, ok := m.find(string(s)); ok {
			return bind.Return(l, captures...)
		}
		bind.Raise(l, "the line does not match\n  expected: %v\n  got:      %s", m, show(text))
	}
	bind.Raise(l, "no line arrived\n  expected: %v\n  got:      %s", m, why)
	return 0
}

// findLine implements conn:find_line(pattern [, seconds]) → captures. It reads lines until
// one matches.
func (w *world) findLine(l *lua.LState) int {
	m, read := checkPattern(l, 2), w.lines(w.peerLimit(l, 3))
	var passed []string
	for {
		text, why := read.next(l)
		s, ok := text.(lua.LString)
		if !ok {
			bind.Raise(l, "no matching line arrived\n  expected: %v\n  got:      %s%s", m, why, list("\n  lines before that:", passed))
		}
		if captures, ok := m.find(string(s)); ok {
			return bind.Return(l, captures...)
		}
		passed = append(passed, show(text))
	}
}

func list(head string, lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return head + "\n    " + strings.Join(lines, "\n    ")
}

// expectClose implements conn:expect_close([seconds]). The script must close the
// connection without sending anything.
func (w *world) expectClose(l *lua.LState) int {
	text, why := w.lines(w.peerLimit(l, 2)).next(l)
	if text != lua.LNil {
		bind.Raise(l, "the script should close the connection\n  got:      the line %s", show(text))
	}
	if why == bind.ErrTimeout.Error() {
		bind.Raise(l, "the script should close the connection, but did not")
	}
	return 0
}

// writeLine implements conn:write_line(line, …). Each line ends with CR and LF.
func writeLine(l *lua.LState) int {
	var b strings.Builder
	for i := 2; i <= l.GetTop(); i++ {
		b.WriteString(l.CheckString(i) + "\r\n")
	}
	return callMethod(l, l.Get(1), "write", 2, lua.LString(b.String()))
}
