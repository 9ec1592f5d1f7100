package pattern_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/yuin/gopher-lua/pm"

	"spectrumlua/luabind/stdlib/pattern"
)

// theirs returns gopher-lua's result, in the format of find.
func theirs(source, text string) string {
	found, err := pm.Find(source, []byte(text), 0, 1)
	if err != nil {
		return "error"
	}
	if len(found) == 0 {
		return "nil"
	}
	m := found[0]
	s := fmt.Sprintf("%d-%d", m.Capture(0), m.Capture(1))
	for i := 2; i < m.CaptureLength(); i += 2 {
		if m.IsPosCapture(i) {
			s += fmt.Sprintf(" @%d", m.Capture(i))
		} else {
			s += fmt.Sprintf(" %q", text[m.Capture(i):m.Capture(i+1)])
		}
	}
	return s
}

// knownToDiffer reports whether gopher-lua is known to treat a pattern differently from
// Lua 5.1. Each case is a different error in gopher-lua.
func knownToDiffer(source string) bool {
	switch {
	case strings.Contains(source, "%f"): // gopher-lua has no frontiers
	case strings.Contains(source, "()") && strings.ContainsAny(source, "123456789"): // %1 may be a position
	case strings.Contains(source, "[") && strings.Contains(source, "-"): // treats another - in a set as a range
	default:
		return false
	}
	return true
}

// FuzzPattern compares results with those of naive and, where gopher-lua is right, with
// those of gopher-lua.
func FuzzPattern(f *testing.F) {
	for _, seed := range [][2]string{
		{"a*b", "aaab"}, {"^(%w+)=(.-)$", "key=value"}, {"%b()", "(a(b))"}, {"%f[%w]%w+", "ab cd"},
		{"[^%s]-x", "abx"}, {"(.)%1", "aa"}, {"()a?()", "ba"}, {"[]-a]", "]"}, {"((a)b)", "ab"}, {"a-$", "aab"},
		{"a+b", "aacaab"}, {"(a*)()c", "aabaac"}, {"a-b", "aacab"}, {"(a+)%1b", "aaacaab"}, {"[ab]+%f[c]", "abdabc"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, source, text string) {
		if len(source) > 20 || len(text) > 20 {
			return
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got := safeFind(ctx, source, text)
		if got == "stopped" {
			return
		}
		if plain := naiveFind(source, text); plain != "stopped" && got != plain {
			t.Errorf("%q in %q: got %s, the manual says %s", source, text, got, plain)
		}
		if got == "error" || knownToDiffer(source) { // gopher-lua finds some errors only when a match reaches them
			return
		}
		if other := theirs(source, text); other != got {
			t.Errorf("%q in %q: got %s, gopher-lua has %s", source, text, got, other)
		}
	})
}

// safeFind is like find, but returns "error" for every error.
func safeFind(ctx context.Context, source, text string) string {
	p, err := pattern.Compile(source, true)
	if err != nil {
		return "error"
	}
	var m pattern.Matcher
	m.Reset(ctx, p, text)
	start, end, err := m.Find(0)
	if err != nil {
		return "stopped"
	}
	if start < 0 {
		return "nil"
	}
	s := fmt.Sprintf("%d-%d", start, end)
	for i := range p.Captures() {
		text, at, isPosition := m.Capture(i)
		if isPosition {
			s += fmt.Sprintf(" @%d", at)
		} else {
			s += fmt.Sprintf(" %q", text)
		}
	}
	return s
}
