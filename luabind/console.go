package luabind

import (
	"context"
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/shorten"
)

// consoleName is the name of the chunk in messages about the text of Console.
const consoleName = "console"

// Limits of what Console returns, in bytes.
const (
	maxPrinted      = 64 << 10
	maxConsoleError = 16 << 10
)

// ErrNotLoggedIn is the error of Console and Keys if the user is not logged in.
var ErrNotLoggedIn = errors.New("the user is not logged in")

// Line is Lua code that an admin has typed: an expression or statements, on one line or
// several.
type Line struct {
	// User is the user whose session is the global session, or "".
	User string
	Text string
	// ReadOnly lets the code read, but not change anything; see readOnly.
	ReadOnly bool
}

// LineResult is what a Line did.
type LineResult struct {
	// Printed has the texts of print, and Results the results of the code as text.
	Printed, Results []string
	// Error is the error that has ended the code, or "".
	Error string
}

// Console runs code that an admin has typed. It waits until the code has returned, or until
// ctx is done, which cancels the code. It returns ErrNotLoggedIn if Line.User is not logged in.
//
// The code runs as a task of the process, or of the session of Line.User. It has the globals of
// the script and these: spectrum, session(user), sessions() and print, whose text is in the
// result. With Line.User, session is the session of that user instead.
func (h *Host) Console(ctx context.Context, line Line) (LineResult, error) {
	owner, s := h.sessions.Process(), h.sessions.Find(line.User)
	switch {
	case s != nil:
		owner = s.Owner()
	case line.User != "":
		return LineResult{}, ErrNotLoggedIn
	}
	p := &printer{}
	results, err := h.typed(ctx, owner, func(v *vm) (*vm, *lua.LFunction, error) {
		var session lua.LValue
		if s != nil {
			session = &h.sessionObject(s).userdata
		}
		runs, env := v, (*lua.LTable)(nil)
		if line.ReadOnly {
			runs = h.emptyVM()
			env = newReadOnly(h, v, runs, p).environment(session)
		} else {
			env = v.consoleEnv(session, p)
		}
		fn, err := runs.compileTyped(consoleName, line.Text)
		if err == nil {
			fn.Env = env
		}
		return runs, fn, err
	}, p.end)
	r := LineResult{Printed: p.lines, Results: results}
	if err != nil {
		r.Error = shorten.Sized(err.Error(), maxConsoleError)
	}
	return r, nil
}

// consoleEnv returns the globals of a line. session may be nil.
func (v *vm) consoleEnv(session lua.LValue, p *printer) *lua.LTable {
	if session == nil {
		session = v.state.NewFunction(v.host.sessionFunction)
	}
	p.later = v.state.G.Global.RawGetString("print")
	return v.typedEnv(map[lua.LValue]lua.LValue{
		lua.LString("session"):  session,
		lua.LString("sessions"): v.state.NewFunction(v.host.sessionsFunction),
		lua.LString("print"):    v.state.NewFunction(p.print),
	})
}

// printer collects what a line prints. The script lock guards it until end was called.
type printer struct {
	lines []string
	size  int
	full  bool
	ended bool
	// later is the print of the script. Tasks and timers that the line has started use it
	// after the end of the line. It is nil if a line cannot start anything.
	later lua.LValue
}

// end ends the collection.
func (p *printer) end() { p.ended = true }

// print implements print.
func (p *printer) print(l *lua.LState) int {
	n := l.GetTop()
	if p.ended {
		if p.later != nil {
			l.Insert(p.later, 1)
			l.Call(n, 0)
		}
		return 0
	}
	texts := make([]string, 0, n)
	for i := 1; i <= n; i++ {
		texts = append(texts, l.ToStringMeta(l.Get(i)).String())
	}
	text := strings.Join(texts, "\t")
	switch {
	case p.full:
		return 0
	case p.size+len(text)+1 > maxPrinted:
		text = fmt.Sprintf("… (more than %d bytes are not shown)", maxPrinted)
		p.full = true
	}
	p.size += len(text) + 1
	p.lines = append(p.lines, text)
	return 0
}
