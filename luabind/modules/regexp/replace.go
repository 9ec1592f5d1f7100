package regexp

import (
	"fmt"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// replacement writes the replacement of a match to b.
type replacement func(b *strings.Builder, s *subject, at []int)

// replace(text, replacement [, n]) replaces at most n matches. It returns the
// text and the number of replacements.
func replace(l *lua.LState, p *pattern) int {
	text, n := l.CheckString(2), count(l, 4)
	write := checkReplacement(l, p)
	s := &subject{text: text, names: p.re.SubexpNames()}
	found := all(l, p, text, n)
	if len(found) == 0 {
		return bind.Return(l, lua.LString(text), lua.LNumber(0))
	}
	var b strings.Builder
	done := 0
	for _, at := range found {
		bound(l, b.Len()+at[0]-done)
		b.WriteString(text[done:at[0]])
		write(&b, s, at)
		done = at[1]
	}
	bound(l, b.Len()+len(text)-done)
	b.WriteString(text[done:])
	return bind.Return(l, lua.LString(b.String()), lua.LNumber(len(found)))
}

// checkReplacement returns argument 3: a text with $1, $name, ${name} and $$,
// a function of the captures, or a table with the first capture as its key.
func checkReplacement(l *lua.LState, p *pattern) replacement {
	switch v := l.Get(3).(type) {
	case lua.LString, lua.LNumber:
		t, err := parseTemplate(v.String(), p.re.SubexpNames())
		if err != nil {
			l.ArgError(3, err.Error())
		}
		return func(b *strings.Builder, s *subject, at []int) {
			bound(l, b.Len()+t.size(at))
			t.write(b, s, at)
		}
	case *lua.LTable:
		return func(b *strings.Builder, s *subject, at []int) {
			replaced(l, b, s, at, l.GetTable(v, s.captures(at)[0]))
		}
	case *lua.LFunction:
		return func(b *strings.Builder, s *subject, at []int) {
			values := s.captures(at)
			l.Push(v)
			for _, value := range values {
				l.Push(value)
			}
			l.Call(len(values), 1)
			result := l.Get(-1)
			l.Pop(1)
			replaced(l, b, s, at, result)
		}
	}
	l.ArgError(3, "string, function or table expected, got "+l.Get(3).Type().String())
	return nil
}

// replaced writes the result of a function or the value of a table. nil and
// false keep the match as it is.
func replaced(l *lua.LState, b *strings.Builder, s *subject, at []int, v lua.LValue) {
	switch v := v.(type) {
	case lua.LString:
		bound(l, b.Len()+len(v))
		b.WriteString(string(v))
	case lua.LNumber:
		b.WriteString(v.String())
	default:
		if v != lua.LNil && v != lua.LFalse {
			bind.Raise(l, "regexp: replacement: string expected, got %s", bind.Describe(v))
		}
		b.WriteString(s.text[at[0]:at[1]])
	}
}

// maxReferences limits the captures that a replacement text refers to.
const maxReferences = 1000

// template is a replacement text in parts. Each part is a text followed by a
// capture.
type template []part

type part struct {
	text    string
	capture int // -1: none
}

// size returns the length of the text that write writes.
func (t template) size(at []int) int {
	n := 0
	for _, p := range t {
		n += len(p.text)
		if p.capture >= 0 {
			n += at[2*p.capture+1] - at[2*p.capture]
		}
	}
	return n
}

func (t template) write(b *strings.Builder, s *subject, at []int) {
	for _, p := range t {
		b.WriteString(p.text)
		if p.capture >= 0 && at[2*p.capture] >= 0 {
			b.WriteString(s.text[at[2*p.capture]:at[2*p.capture+1]])
		}
	}
}

// parseTemplate parses a replacement text. names are the names of the
// captures.
func parseTemplate(text string, names []string) (template, error) {
	var t template
	var plain strings.Builder
	for {
		before, after, found := strings.Cut(text, "$")
		plain.WriteString(before)
		if !found {
			return append(t, part{plain.String(), -1}), nil
		}
		if rest, ok := strings.CutPrefix(after, "$"); ok {
			plain.WriteByte('$')
			text = rest
			continue
		}
		name, rest := reference(after)
		capture, err := resolve(name, names)
		if err != nil {
			return nil, err
		}
		t = append(t, part{plain.String(), capture})
		if len(t) > maxReferences {
			return nil, fmt.Errorf("the replacement refers to more than %d captures", maxReferences)
		}
		plain.Reset()
		text = rest
	}
}

// reference cuts {name}, digits or a name off the start of s.
func reference(s string) (name, rest string) {
	if inner, ok := strings.CutPrefix(s, "{"); ok {
		name, rest, ok = strings.Cut(inner, "}")
		if !ok {
			return "", s
		}
		return name, rest
	}
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	if n == 0 {
		for n < len(s) && (isDigit(s[n]) || isLetter(s[n])) {
			n++
		}
	}
	return s[:n], s[n:]
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }

// resolve returns the index of a capture, given by number or name.
func resolve(name string, names []string) (int, error) {
	if name == "" {
		return 0, fmt.Errorf("in a replacement, $ is followed by a capture, as in $1 or ${name}; a dollar is $$")
	}
	if n, err := strconv.Atoi(name); err == nil && n >= 0 && n < len(names) {
		return n, nil
	}
	for i, known := range names {
		if known == name {
			return i, nil
		}
	}
	return 0, fmt.Errorf("the replacement refers to a capture %.40q, which the pattern does not have", name)
}
