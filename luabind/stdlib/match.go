package stdlib

import (
	"context"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/stdlib/pattern"
)

// maxPatterns is how many compiled patterns are kept for later calls.
const maxPatterns = 256

type patternKey struct {
	source  string
	anchors bool
}

// pattern compiles a pattern, or returns the one compiled before.
func (lib *Library) pattern(c call, source string, anchors bool) *pattern.Pattern {
	key := patternKey{source, anchors}
	if p := lib.patterns[key]; p != nil {
		return p
	}
	p, err := pattern.Compile(source, anchors)
	if err != nil {
		c.raise("%v", err)
	}
	if len(lib.patterns) >= maxPatterns {
		clear(lib.patterns)
	}
	const longest = 256 // bytes
	if len(source) <= longest {
		lib.patterns[key] = p
	}
	return p
}

// matcher returns a matcher for a text. Call free after use.
func (lib *Library) matcher(c call, p *pattern.Pattern, text string) *pattern.Matcher {
	var m *pattern.Matcher
	if n := len(lib.matchers); n > 0 {
		m = lib.matchers[n-1]
		lib.matchers = lib.matchers[:n-1]
	} else {
		m = &pattern.Matcher{}
	}
	ctx := c.l.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	m.Reset(ctx, p, text)
	return m
}

// free keeps a matcher for later calls.
func (lib *Library) free(m *pattern.Matcher) {
	const most = 16
	m.Clear()
	if len(lib.matchers) < most {
		lib.matchers = append(lib.matchers, m)
	}
}

// search returns the first match from index at on, or a negative start. It raises an
// error if the task was cancelled.
func search(c call, m *pattern.Matcher, at int) (start, end int) {
	start, end, err := m.Find(at)
	if err != nil {
		c.raise("%v", err)
	}
	return start, end
}

// capture returns capture n of a match, counted from 0.
func capture(m *pattern.Matcher, n int) lua.LValue {
	text, at, isPosition := m.Capture(n)
	if isPosition {
		return lua.LNumber(at)
	}
	return lua.LString(text)
}

// captures pushes all captures of a match, or the match if the pattern has no captures.
func captures(c call, p *pattern.Pattern, m *pattern.Matcher) int {
	if p.Captures() == 0 {
		return c.ret(lua.LString(m.Whole()))
	}
	for i := range p.Captures() {
		c.l.Push(capture(m, i))
	}
	return p.Captures()
}

// special has the characters that have a meaning in patterns.
const special = "^$*+?.([%-"

func (lib *Library) stringFind(c call) int {
	text, source := c.str(1), c.str(2)
	at := min(from(c.optInteger(3, 1), len(text)), len(text))
	if lua.LVAsBool(c.l.Get(4)) || !strings.ContainsAny(source, special) {
		i := strings.Index(text[at:], source)
		if i < 0 {
			return c.ret(lua.LNil)
		}
		return c.ret(lua.LNumber(at+i+1), lua.LNumber(at+i+len(source)))
	}
	p := lib.pattern(c, source, true)
	m := lib.matcher(c, p, text)
	defer lib.free(m)
	start, end := search(c, m, at)
	if start < 0 {
		return c.ret(lua.LNil)
	}
	c.ret(lua.LNumber(start+1), lua.LNumber(end))
	if p.Captures() == 0 {
		return 2
	}
	return 2 + captures(c, p, m)
}

func (lib *Library) stringMatch(c call) int {
	text, source := c.str(1), c.str(2)
	at := min(from(c.optInteger(3, 1), len(text)), len(text))
	p := lib.pattern(c, source, true)
	m := lib.matcher(c, p, text)
	defer lib.free(m)
	if start, _ := search(c, m, at); start < 0 {
		return c.ret(lua.LNil)
	}
	return captures(c, p, m)
}

// stringGMatch implements string.gmatch. A ^ at the start of the pattern matches itself,
// as in Lua 5.1.
func (lib *Library) stringGMatch(c call) int {
	text := c.str(1)
	p := lib.pattern(c, c.str(2), false)
	at := 0
	return c.ret(leaf(func(c call) int {
		if at > len(text) {
			return c.ret(lua.LNil)
		}
		m := lib.matcher(c, p, text)
		defer lib.free(m)
		start, end := search(c, m, at)
		if start < 0 {
			at = len(text) + 1
			return c.ret(lua.LNil)
		}
		if at = end; end == start {
			at++
		}
		return captures(c, p, m)
	}).named("string", "gmatch"))
}

// stringGSub implements string.gsub. It keeps its matcher while it calls the replacement
// function, which may wait and search too.
func (lib *Library) stringGSub(c call) int {
	text := c.str(1)
	p := lib.pattern(c, c.str(2), true)
	with := c.l.Get(3)
	switch v := with.(type) {
	case lua.LNumber:
		with = lua.LString(formatNumber(float64(v)))
	case lua.LString, *lua.LTable, *lua.LFunction:
	default:
		c.typeError(3, "string/function/table")
	}
	most := len(text) + 1
	if c.given(4) {
		most = c.integer(4)
	}
	m := lib.matcher(c, p, text)
	var out strings.Builder
	at, count := 0, 0
	for count < most && at <= len(text) {
		start, end := search(c, m, at)
		if start < 0 {
			break
		}
		count++
		out.WriteString(text[at:start])
		out.WriteString(lib.replacement(c, p, m, with))
		lib.bounded(c, out.Len())
		if at = end; end == start {
			if at < len(text) {
				out.WriteByte(text[at])
			}
			at++
		}
		if p.Anchored() {
			break
		}
	}
	lib.free(m)
	if count == 0 {
		return c.ret(lua.LString(text), lua.LNumber(0))
	}
	if at < len(text) {
		lib.bounded(c, out.Len()+len(text)-at)
		out.WriteString(text[at:])
	}
	return c.ret(lua.LString(out.String()), lua.LNumber(count))
}

// replacement returns the text that replaces a match.
func (lib *Library) replacement(c call, p *pattern.Pattern, m *pattern.Matcher, with lua.LValue) string {
	var v lua.LValue
	switch with := with.(type) {
	case lua.LString:
		if strings.IndexByte(string(with), '%') < 0 {
			return string(with)
		}
		return lib.expand(c, p, m, string(with))
	case *lua.LTable:
		key := lua.LValue(lua.LString(m.Whole()))
		if p.Captures() > 0 {
			key = capture(m, 0)
		}
		v = c.l.GetTable(with, key)
	case *lua.LFunction:
		whole := m.Whole()
		c.l.Push(with)
		c.l.Call(captures(c, p, m), 1)
		v = c.l.Get(-1)
		c.l.Pop(1)
		if !lua.LVAsBool(v) {
			return whole
		}
	}
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return formatNumber(float64(v))
	}
	if lua.LVAsBool(v) {
		c.raise("invalid replacement value (a %s)", v.Type())
	}
	return m.Whole()
}

// expand replaces %0 to %9 with captures.
func (lib *Library) expand(c call, p *pattern.Pattern, m *pattern.Matcher, with string) string {
	var out strings.Builder
	for i := 0; i < len(with); i++ {
		b := with[i]
		if b == '%' {
			if i++; i == len(with) {
				c.raise("invalid use of '%%' in replacement string")
			}
			if b = with[i]; '0' <= b && b <= '9' {
				out.WriteString(captureText(c, p, m, int(b-'0')))
				lib.bounded(c, out.Len())
				continue
			}
		}
		out.WriteByte(b)
	}
	return out.String()
}

// captureText returns the text for %n in a replacement.
func captureText(c call, p *pattern.Pattern, m *pattern.Matcher, n int) string {
	switch {
	case n == 0, n == 1 && p.Captures() == 0:
		return m.Whole()
	case n > p.Captures():
		c.raise("invalid capture index")
	}
	text, at, isPosition := m.Capture(n - 1)
	if isPosition {
		return formatNumber(float64(at))
	}
	return text
}
