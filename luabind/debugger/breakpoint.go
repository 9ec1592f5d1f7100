package debugger

import (
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/source"
)

// Wanted is a breakpoint that a client sets.
type Wanted struct {
	Line int
	// Condition is an expression; the thread stops if it is true. "" is true.
	Condition string
	// Hit is a number of hits: the thread stops at that hit and at later ones. A comparison
	// can precede the number: =, >, >=, <, <=, or % for each hit that it divides.
	Hit string
	// Log is a text with expressions in {}. If it is not empty, the thread does not stop,
	// and the client receives the text.
	Log string
}

// Breakpoint is a breakpoint as the client shows it.
type Breakpoint struct {
	ID       int
	Line     int  // the first line with code
	Verified bool // there is one
	Message  string
}

// breakpoint is a breakpoint of a file. Debugger.mu guards shown, except its id, which never
// changes like the rest.
type breakpoint struct {
	Wanted
	shown   Breakpoint
	test    *lua.FunctionProto // of the condition, or nil
	problem string             // with the condition, the number of hits, or the log text
	every   func(hits int) bool
	log     []logPart
	hits    atomic.Int64
}

// logPart is a text, or the value of an expression.
type logPart struct {
	text  string
	value *lua.FunctionProto
}

// SetBreakpoints replaces the breakpoints of a file. The result has their lines.
func (d *Debugger) SetBreakpoints(path string, all []Wanted) []Breakpoint {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.fileAt(path)
	if text, err := source.Read(f.path, source.Open); err == nil && len(f.versions) == 0 {
		// It may be loaded later. Then the names of the sources differ.
		d.add(f, f.path, text)
	}
	f.wanted = nil
	shown := make([]Breakpoint, 0, len(all))
	for _, w := range all {
		b := newBreakpoint(w)
		b.shown.ID = d.next()
		if n := len(f.versions); n > 0 {
			b.place(f.versions[n-1])
		} else {
			b.shown.Line, b.shown.Message = w.Line, "the file cannot be read"
		}
		f.wanted = append(f.wanted, b)
		shown = append(shown, b.shown)
	}
	d.change()
	return shown
}

// place finds the line of a breakpoint in a version of its file.
func (b *breakpoint) place(v *version) Breakpoint {
	line := v.line(b.Line)
	b.shown.Line, b.shown.Verified, b.shown.Message = b.Line, false, ""
	switch {
	case b.problem != "":
		b.shown.Message = b.problem
	case v.problem != nil:
		b.shown.Message = "the file does not compile: " + v.problem.In(v.name)
	case line == 0:
		b.shown.Message = fmt.Sprintf("there is no code in line %d or after it", b.Line)
	default:
		b.shown.Line, b.shown.Verified = line, true
	}
	return b.shown
}

// newBreakpoint compiles what a client wants.
func newBreakpoint(w Wanted) *breakpoint {
	b := &breakpoint{Wanted: w}
	var err error
	if w.Condition != "" {
		if b.test, err = compile(w.Condition); err != nil {
			b.problem = "condition: " + err.Error()
		}
	}
	if b.every, err = hitsOf(w.Hit); err != nil {
		b.problem = err.Error()
	}
	if b.log, err = logParts(w.Log); err != nil {
		b.problem = "log message: " + err.Error()
	}
	return b
}

// comparisons are the forms of a number of hits.
var comparisons = []struct {
	sign string
	test func(hits, n int) bool
}{
	{">=", func(hits, n int) bool { return hits >= n }},
	{"<=", func(hits, n int) bool { return hits <= n }},
	{"==", func(hits, n int) bool { return hits == n }},
	{">", func(hits, n int) bool { return hits > n }},
	{"<", func(hits, n int) bool { return hits < n }},
	{"=", func(hits, n int) bool { return hits == n }},
	{"%", func(hits, n int) bool { return hits%n == 0 }},
	{"", func(hits, n int) bool { return hits >= n }},
}

// hitsOf returns the function that decides by the number of hits.
func hitsOf(text string) (func(hits int) bool, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return func(int) bool { return true }, nil
	}
	for _, c := range comparisons {
		if rest, ok := strings.CutPrefix(text, c.sign); ok {
			n, err := strconv.Atoi(strings.TrimSpace(rest))
			if err != nil || n < 1 {
				break
			}
			return func(hits int) bool { return c.test(hits, n) }, nil
		}
	}
	return nil, fmt.Errorf("hit count: number from 1 on expected, such as 3, >3 or %%3, got %q", text)
}

// logParts splits a log text at its expressions.
func logParts(text string) (parts []logPart, err error) {
	for text != "" {
		before, rest, found := strings.Cut(text, "{")
		if before != "" {
			parts = append(parts, logPart{text: before})
		}
		if !found {
			break
		}
		end := matching(rest)
		if end < 0 {
			return nil, fmt.Errorf("a } is missing after %q", "{"+rest)
		}
		proto, err := compile(rest[:end])
		if err != nil {
			return nil, err
		}
		parts = append(parts, logPart{value: proto})
		text = rest[end+1:]
	}
	return parts, nil
}

// matching returns the index of the brace that closes an expression, or -1.
func matching(text string) int {
	open := 0
	for i, c := range text {
		switch {
		case c == '{':
			open++
		case c == '}' && open == 0:
			return i
		case c == '}':
			open--
		}
	}
	return -1
}

// hit handles the breakpoints at a statement. It returns those at which the thread stops,
// and their line.
func (d *Debugger) hit(th *thread, l *lua.LState, rt *bind.Runtime, all []placed) (ids []int, line int) {
	for _, b := range all {
		if b.problem != "" || !d.meets(th, l, rt, b.breakpoint) {
			continue
		}
		hits := int(b.hits.Add(1))
		switch {
		case !b.every(hits):
		case b.log != nil:
			d.Output(Output{Text: d.logText(th, l, rt, b.breakpoint) + "\n", Path: d.pathOf(rt, l), Line: b.line})
		default:
			ids, line = append(ids, b.shown.ID), b.line
		}
	}
	return ids, line
}

// meets reports whether the condition of a breakpoint is true. An error counts as true.
func (d *Debugger) meets(th *thread, l *lua.LState, rt *bind.Runtime, b *breakpoint) bool {
	if b.test == nil {
		return true
	}
	value, err := d.inHook(th, l, rt, b.test)
	if err != nil {
		d.Output(Output{Text: fmt.Sprintf("condition of the breakpoint: %v\n", err), Path: d.pathOf(rt, l), Line: b.Line})
		return true
	}
	return lua.LVAsBool(value)
}

// logText returns the text of a log point.
func (d *Debugger) logText(th *thread, l *lua.LState, rt *bind.Runtime, b *breakpoint) string {
	var text strings.Builder
	for _, part := range b.log {
		if part.value == nil {
			text.WriteString(part.text)
			continue
		}
		value, err := d.inHook(th, l, rt, part.value)
		switch s, isText := value.(lua.LString); {
		case err != nil:
			text.WriteString("{" + err.Error() + "}")
		case isText:
			text.WriteString(string(s))
		default:
			text.WriteString(describe(value))
		}
	}
	return text.String()
}

// pathOf returns the path of the file that runs on a thread, or "".
func (d *Debugger) pathOf(rt *bind.Runtime, l *lua.LState) string {
	dbg, ok := l.GetStack(0)
	if !ok {
		return ""
	}
	if _, err := l.GetInfo("S", dbg, lua.LNil); err != nil {
		return ""
	}
	path, _, _ := rt.View.File(dbg.Source)
	return path
}
