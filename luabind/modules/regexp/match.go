package regexp

import (
	"fmt"
	"runtime"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

const (
	// shortWork is how many steps are done at once, which takes milliseconds;
	// maxWork is how many are done at all: 40 seconds at the worst, as a rule a
	// hundredth of that.
	shortWork = 1 << 20
	maxWork   = 1 << 33
	// maxFound bounds how many matches there may be, times their captures.
	maxFound = 250_000
	// smallText is a text that a piece of it may keep alive.
	smallText = 4 << 10
)

// busy limits concurrent matches. It has more workers than processors, because
// an abandoned match keeps its worker until it ends.
var busy = bind.NewWorkerPool(2 * runtime.GOMAXPROCS(0))

// run calls f, which matches p on a text. A long match runs without the script
// lock. If the task is cancelled, f continues to its end and its result is
// dropped.
func run[T any](l *lua.LState, p *pattern, text string, f func() T) T {
	cost := float64(p.cost) * float64(len(text)+1)
	if cost <= shortWork {
		return f()
	}
	if cost > maxWork {
		bind.Raise(l, "regexp: a text of %d bytes is too long for a pattern of this size", len(text))
	}
	var result T
	busy.DoDetached(l, func() { result = f() })
	return result
}

// subject is a text that is being matched.
type subject struct {
	text  string
	names []string // of the captures, "" for those without
}

// piece returns the text between two offsets, or false for a capture that took
// no part in the match.
func (s *subject) piece(from, to int) lua.LValue {
	if from < 0 {
		return lua.LFalse
	}
	return own(s.text[from:to], s.text)
}

// own returns a piece of a text as a string. It copies the piece if it would
// keep a much longer text alive.
func own(piece, text string) lua.LString {
	if len(text) > smallText && len(piece) < len(text)/2 {
		piece = strings.Clone(piece)
	}
	return lua.LString(piece)
}

// captures returns the captures of a match, or the whole match if the pattern
// has no captures.
func (s *subject) captures(at []int) []lua.LValue {
	if len(at) == 2 {
		return []lua.LValue{s.piece(at[0], at[1])}
	}
	values := make([]lua.LValue, 0, len(at)/2-1)
	for i := 2; i < len(at); i += 2 {
		values = append(values, s.piece(at[i], at[i+1]))
	}
	return values
}

// table returns a table with the whole match at 0, and the captures by number
// and by name.
func (s *subject) table(at []int) *lua.LTable {
	t := bind.NewTableSize(len(at)/2-1, 1)
	t.RawSetInt(0, s.piece(at[0], at[1]))
	for i := 1; i < len(at)/2; i++ {
		v := s.piece(at[2*i], at[2*i+1])
		t.RawSetInt(i, v)
		if name := s.names[i]; name != "" {
			t.RawSetString(name, v)
		}
	}
	return t
}

// first finds the first match in argument 2, starting at argument 3. at is nil
// if nothing matches.
func first(l *lua.LState, p *pattern) (s *subject, at []int) {
	text := l.CheckString(2)
	init := start(l, 3, len(text))
	s = &subject{text: text, names: p.re.SubexpNames()}
	if init > len(text) {
		return s, nil
	}
	at = run(l, p, text[init:], func() []int { return p.re.FindStringSubmatchIndex(text[init:]) })
	for i := range at {
		if at[i] >= 0 {
			at[i] += init
		}
	}
	return s, at
}

// start returns argument n, a position as string.find accepts it, as an
// offset.
func start(l *lua.LState, n, size int) int {
	i := bind.OptInteger(l, n, 1)
	if i < 0 {
		i += size + 1
	}
	return max(1, min(i, size+2)) - 1
}

// all returns the matches in a text, at most n of them; n < 0 means all.
func all(l *lua.LState, p *pattern, text string, n int) [][]int {
	most := maxFound / (p.re.NumSubexp() + 1)
	wanted := most + 1
	if n >= 0 {
		wanted = min(n, wanted)
	}
	found := run(l, p, text, func() [][]int { return p.re.FindAllStringSubmatchIndex(text, wanted) })
	if len(found) > most {
		bind.Raise(l, "regexp: there are more than %d matches", most)
	}
	return found
}

// count returns argument n, the maximum number of matches, or -1 if it is not
// given.
func count(l *lua.LState, n int) int {
	if l.Get(n) == lua.LNil {
		return -1
	}
	i := bind.OptInteger(l, n, 0)
	if i < 0 {
		l.ArgError(n, fmt.Sprintf("number of matches expected, got %v", l.Get(n)))
	}
	return i
}

// bound raises an error if a string of n bytes would be too long.
func bound(l *lua.LState, n int) {
	if limit := bind.RuntimeOf(l).Settings.MaxString; int64(n) > limit {
		bind.Raise(l, "the result would be longer than %d bytes (max_string)", limit)
	}
}

// test(text) reports whether the pattern matches anywhere in the text.
func test(l *lua.LState, p *pattern) int {
	text := l.CheckString(2)
	return bind.Return(l, lua.LBool(run(l, p, text, func() bool { return p.re.MatchString(text) })))
}

// match(text [, init]) returns the captures, or the whole match.
func match(l *lua.LState, p *pattern) int {
	s, at := first(l, p)
	if at == nil {
		return bind.Return(l, lua.LNil)
	}
	return bind.Return(l, s.captures(at)...)
}

// find(text [, init]) returns the start and the end of the match, and the
// captures.
func find(l *lua.LState, p *pattern) int {
	s, at := first(l, p)
	if at == nil {
		return bind.Return(l, lua.LNil)
	}
	n := bind.Return(l, lua.LNumber(at[0]+1), lua.LNumber(at[1]))
	if len(at) > 2 {
		n += bind.Return(l, s.captures(at)...)
	}
	return n
}

// captures(text [, init]) returns a table of the captures, by number and name.
func captures(l *lua.LState, p *pattern) int {
	s, at := first(l, p)
	if at == nil {
		return bind.Return(l, lua.LNil)
	}
	return bind.Return(l, s.table(at))
}

// find_all(text [, n]) returns a list of texts, or of tables like those of
// captures.
func findAll(l *lua.LState, p *pattern) int {
	text, n := l.CheckString(2), count(l, 3)
	s := &subject{text: text, names: p.re.SubexpNames()}
	found := all(l, p, text, n)
	list := bind.NewTableSize(len(found), 0)
	for _, at := range found {
		if len(at) == 2 {
			list.Append(s.piece(at[0], at[1]))
		} else {
			list.Append(s.table(at))
		}
	}
	return bind.Return(l, list)
}

// gmatch(text) returns an iterator over the results of match.
func gmatch(l *lua.LState, p *pattern) int {
	text := l.CheckString(2)
	s := &subject{text: text, names: p.re.SubexpNames()}
	found := all(l, p, text, -1)
	return bind.Return(l, bind.Function("regexp.gmatch", func(l *lua.LState) int {
		if len(found) == 0 {
			return bind.Return(l, lua.LNil)
		}
		at := found[0]
		found = found[1:]
		return bind.Return(l, s.captures(at)...)
	}))
}

// split(text [, n]) returns a list of the texts between the matches, at most n
// of them.
func split(l *lua.LState, p *pattern) int {
	text, n := l.CheckString(2), count(l, 3)
	if n < 0 || n > maxFound {
		n = maxFound + 1
	}
	parts := run(l, p, text, func() []string { return p.re.Split(text, n) })
	if len(parts) > maxFound {
		bind.Raise(l, "regexp: there are more than %d parts", maxFound)
	}
	list := bind.NewTableSize(len(parts), 0)
	for _, part := range parts {
		list.Append(own(part, text))
	}
	return bind.Return(l, list)
}
