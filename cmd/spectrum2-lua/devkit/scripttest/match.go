package scripttest

import (
	"context"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/stdlib/pattern"
)

// matcher stands for a value in an expectation.
type matcher struct {
	source  string
	pattern *pattern.Pattern // nil for any and none
	none    bool
}

var matcherClass = bind.NewClass[*matcher]("pattern", nil, nil)

// anyValue matches any value except nil, and noValue matches nil.
var (
	anyValue = matcherClass.New(&matcher{source: "t.any"})
	noValue  = matcherClass.New(&matcher{source: "t.none", none: true})
)

func init() {
	matcherClass.Metatable().RawSetString("__tostring", bind.Function("pattern", func(l *lua.LState) int {
		return bind.Return(l, lua.LString(show(l.Get(1))))
	}))
}

func matcherOf(v lua.LValue) (*matcher, bool) { return matcherClass.Of(v) }

// newPattern implements t.pattern(p). It matches a string that contains the Lua pattern.
func newPattern(l *lua.LState) int { return bind.Return(l, matcherClass.New(checkPattern(l, 1))) }

// checkPattern returns argument n, a Lua pattern.
func checkPattern(l *lua.LState, n int) *matcher {
	m, err := compile(l.CheckString(n))
	if err != nil {
		l.ArgError(n, err.Error())
	}
	return m
}

func compile(source string) (*matcher, error) {
	p, err := pattern.Compile(source, true)
	if err != nil {
		return nil, err
	}
	return &matcher{source: source, pattern: p}, nil
}

// matches reports whether a text contains the pattern.
func (m *matcher) matches(text string) bool {
	_, ok := m.find(text)
	return ok
}

// find returns the captures of the pattern in a text, or the whole match.
func (m *matcher) find(text string) (captures []lua.LValue, ok bool) {
	var search pattern.Matcher
	search.Reset(context.Background(), m.pattern, text)
	start, end, err := search.Find(0)
	if start < 0 || err != nil {
		return nil, false
	}
	if m.pattern.Captures() == 0 {
		return []lua.LValue{lua.LString(text[start:end])}, true
	}
	for i := range m.pattern.Captures() {
		capture, at, isPosition := search.Capture(i)
		if isPosition {
			captures = append(captures, lua.LNumber(at))
		} else {
			captures = append(captures, lua.LString(capture))
		}
	}
	return captures, true
}

// accepts reports whether the matcher matches a value.
func (m *matcher) accepts(v lua.LValue) bool {
	switch {
	case m.none:
		return v == lua.LNil
	case m.pattern == nil:
		return v != lua.LNil
	}
	s, ok := v.(lua.LString)
	return ok && m.matches(string(s))
}

func (m *matcher) String() string {
	if m.pattern == nil {
		return m.source
	}
	return fmt.Sprintf("t.pattern(%q)", m.source)
}

// hasMatcher reports whether a value is a matcher or a table that contains one.
func hasMatcher(v lua.LValue) (has bool) {
	if _, ok := matcherOf(v); ok {
		return true
	}
	if table, ok := v.(*lua.LTable); ok {
		table.ForEach(func(_, v lua.LValue) { has = has || v != lua.LValue(table) && hasMatcher(v) })
	}
	return has
}
