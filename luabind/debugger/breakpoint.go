package debugger

import (
	"crypto/sha256"
	"fmt"
	"slices"
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
	stale   bool               // the script runs another version of the file
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
	loaded, running := d.running(path)
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.fileAt(path)
	stale := d.readFile(f, loaded, running)
	f.wanted = nil
	shown := make([]Breakpoint, 0, len(all))
	for _, w := range all {
		b := newBreakpoint(w)
		b.shown.ID = d.next()
		switch n := len(f.versions); {
		case stale:
			b.stale, b.shown.Line, b.shown.Message = true, w.Line, "the process runs an earlier version of this file: reload the script"
		case n > 0:
			b.place(f.versions[n-1])
		default:
			b.shown.Line, b.shown.Message = w.Line, "the file cannot be read"
		}
		f.wanted = append(f.wanted, b)
		shown = append(shown, b.shown)
	}
	d.change()
	return shown
}

// running returns a file of the script that runs in the newest host.
func (d *Debugger) running(path string) (Loaded, bool) {
	d.mu.Lock()
	path = d.normal(path)
	hosts := slices.Clone(d.watched)
	d.mu.Unlock()
	for _, w := range slices.Backward(hosts) {
		for other, file := range w.host.Loaded() { // takes the script lock
			d.mu.Lock()
			same := d.normal(other) == path
			d.mu.Unlock()
			if same {
				return file, true
			}
		}
	}
	return Loaded{}, false
}

// readFile reads a file that may be unknown so far. It returns true if the script runs another
// version of the file, which is unknown. d.mu is held.
func (d *Debugger) readFile(f *file, loaded Loaded, running bool) (stale bool) {
	text, err := source.Read(f.path, source.Open)
	sum := sha256.Sum256([]byte(text))
	switch {
	case err != nil, slices.ContainsFunc(f.versions, func(v *version) bool { return v.sum == sum }):
	case running && loaded.Sum != sum:
		return true
	case running:
		d.add(f, loaded.Name, text)
	case len(f.versions) == 0:
		d.add(f, f.path, text) // it may be loaded later; then the names of the sources differ
	}
	return false
}

// place finds the line of a breakpoint in a version of its file.
func (b *breakpoint) place(v *version) Breakpoint {
	line := v.line(b.Line)
	b.stale = false
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
