package pattern_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/race"
	"spectrumlua/luabind/stdlib/pattern"
)

// find returns the result of a search as text: the range of the match, then the captures.
func find(t testing.TB, source, text string, at int) string {
	t.Helper()
	p, err := pattern.Compile(source, true)
	if err != nil {
		return "error: " + err.Error()
	}
	var m pattern.Matcher
	m.Reset(t.Context(), p, text)
	start, end, err := m.Find(at)
	if err != nil {
		t.Fatal(err)
	}
	if start < 0 {
		return "nil"
	}
	if m.Whole() != text[start:end] {
		t.Fatalf("%q in %q: Whole is %q, not %q", source, text, m.Whole(), text[start:end])
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

func TestFind(t *testing.T) {
	cases := []struct{ name, pattern, text, want string }{
		{"a literal pattern", "lo", "hello", "3-5"},
		{"the empty pattern", "", "abc", "0-0"},
		{"any byte", "h.l", "hello", "0-3"},
		{"an escaped dot", "%.", "a.b", "1-2"},
		{"an anchor", "^b", "ab", "nil"},
		{"an anchor at a match", "^a", "ab", "0-1"},
		{"an anchor alone", "^", "ab", "0-0"},
		{"^ in the middle is literal", "a^b", "a^b", "0-3"},
		{"the end", "b$", "abab", "3-4"},
		{"$ in the middle is literal", "a$b", "a$b", "0-3"},
		{"the end alone", "$", "ab", "2-2"},
		{"an anchored end", "^$", "", "0-0"},
		{"letters", "%a+", "12abC3", "2-5"},
		{"other bytes than letters", "%A+", "ab12c", "2-4"},
		{"only ASCII letters are letters", "%a+", "\xc3\xa4b", "2-3"},
		{"control characters", "%c", "a\x7f", "1-2"},
		{"digits", "%d%d", "a12", "1-3"},
		{"punctuation", "%p+", "a!?b", "1-3"},
		{"white space", "%s+", "a \t\n\v\f\rb", "1-7"},
		{"words", "%w+", "-ab_c", "1-3"},
		{"hexadecimal", "%x+", "xyzfF09g", "3-7"},
		{"the zero byte", "%z", "a\x00", "1-2"},
		{"a zero byte in the pattern", "a\x00b", "a\x00b", "0-3"},
		{"a set", "[abc]+", "xxbcay", "2-5"},
		{"a set of ranges", "[0-9a-f]+", "xyz09af-", "3-7"},
		{"an inverted set", "[^%s,]+", " ,ab ", "2-4"},
		{"a ] as the first character of a set", "[]]", "a]", "1-2"},
		{"a ] as the first character of an inverted set", "[^]]", "]a", "1-2"},
		{"a - at the end", "[a-]+", "x-a", "1-3"},
		{"a - after a class", "[%a-z]+", "1-az-", "1-5"},
		{"a range that ends with %", "[+-%]]", "]", "0-1"},
		{"a ^ inside a set", "[a^]+", "x^a", "1-3"},
		{"an escaped ]", "[%]a]+", "a]b", "0-2"},
		{"a range from a higher to a lower byte", "[z-a]", "m", "nil"},
		{"a range that begins with ]", "[]-a]+", "x]^_`ab", "1-6"},
		{"* takes as many as possible", "a*", "aaab", "0-3"},
		{"* gives bytes back", "a*ab", "aaab", "0-4"},
		{"* takes no byte", "x*", "abc", "0-0"},
		{"+ takes at least one byte", "a+b", "bab", "1-3"},
		{"- takes as few as possible", "a-b", "aab", "0-3"},
		{"- takes no byte at the end of the pattern", "a-", "aab", "0-0"},
		{"- before $ takes all bytes to the end", "a-$", "baa", "1-3"},
		{"? takes no byte", "ab?c", "ac abc", "0-2"},
		{"? takes a byte", "ab?c", "abc", "0-3"},
		{"? gives a byte back", "a?ab", "ab", "0-2"},
		{"a quantifier at the start is literal", "*a", "x*a", "1-3"},
		{"a quantifier after a quantifier is literal", "a**", "aa*", "0-3"},
		{"a quantifier after a capture is literal", "(a)*", "a*", `0-2 "a"`},
		{"captures", "(%a)(%d)", "x1", `0-2 "x" "1"`},
		{"nested captures", "((a)(b))", "xab", `1-3 "ab" "a" "b"`},
		{"two captures in a capture", "(a(b)c(d))", "abcd", `0-4 "abcd" "b" "d"`},
		{"a position", "()ll()", "hello", `2-4 @3 @5`},
		{"an empty capture", "(a*)b", "b", `0-1 ""`},
		{"back references", `(["'])(.-)%1`, `x "it's" y`, `2-8 "\"" "it's"`},
		{"a back reference that fails", "(.)%1", "abcd", "nil"},
		{"a back reference that matches at the second try", "(%a+)-%1$", "xab-ab", `1-6 "ab"`},
		{"a back reference to a position", "()%1", "abcd", "nil"},
		{"balance", "%b()", "x(a(b)c)d)", "1-8"},
		{"balance of one byte", "%b''", "x'a'b'", "1-4"},
		{"a bracket without its counterpart is skipped", "%b()", "((a)", "1-4"},
		{"a frontier", "%f[%w]%w+", "  ab cd", "2-4"},
		{"a frontier at the start", "%f[%a]%a+%f[%A]", "THE (quick) fox", "0-3"},
		{"a frontier at the end", "%f[%z]", "ab", "2-2"},
		{"trimming", "^%s*(.-)%s*$", "  a b  ", `0-7 "a b"`},
		{"key and value", "^(%w+)%s*=%s*(%w+)$", "key = value", `0-11 "key" "value"`},
		{"a number", "^[+-]?%d+%.?%d*$", "-12.5", "0-5"},
		{"many items that can repeat", strings.Repeat("a?", 16) + strings.Repeat("a", 16), strings.Repeat("a", 16), "0-16"},
		{"a percent at the end", "a%", "a", "error: malformed pattern (ends with '%')"},
		{"a set without an end", "[a", "a", "error: malformed pattern (missing ']')"},
		{"a set without an end after ]", "[]", "a", "error: malformed pattern (missing ']')"},
		{"a set without an end after ^", "[^]", "a", "error: malformed pattern (missing ']')"},
		{"a set without an end after %", "[a%", "a", "error: malformed pattern (missing ']')"},
		{"a set whose end is escaped", "[a%]", "a", "error: malformed pattern (missing ']')"},
		{"a frontier without a set", "%fa", "a", "error: missing '[' after '%f' in pattern"},
		{"balance with one byte", "%b(", "a", "error: unbalanced pattern"},
		{"a capture without an end", "(a", "a", "error: unfinished capture"},
		{"a capture without a start", "a)", "a", "error: invalid pattern capture"},
		{"a reference to an open capture", "(a%1)", "a", "error: invalid capture index"},
		{"a reference to a missing capture", "%1", "a", "error: invalid capture index"},
		{"a reference to zero", "%0", "a", "error: invalid capture index"},
		{"too many captures", strings.Repeat("()", 33), "a", "error: too many captures"},
		{"as many captures as allowed", strings.Repeat("(", 32) + strings.Repeat(")", 32), "", "0-0" + strings.Repeat(` ""`, 31) + " @1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := find(t, c.pattern, c.text, 0); got != c.want {
				t.Errorf("%q in %q: got %s, want %s", c.pattern, c.text, got, c.want)
			}
		})
	}
}

func TestFindFromAnIndexOn(t *testing.T) {
	cases := []struct {
		name, pattern, text string
		at                  int
		want                string
	}{
		{"a match after the start index", "a", "aba", 1, "2-3"},
		{"an anchor matches at the start index", "^b", "ab", 1, "1-2"},
		{"at the end", "a*", "ba", 2, "2-2"},
		{"the byte before counts for a frontier", "%f[a]a", "aa", 1, "nil"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := find(t, c.pattern, c.text, c.at); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestWithoutAnchors(t *testing.T) {
	p, err := pattern.Compile("^a", false)
	if err != nil {
		t.Fatal(err)
	}
	var m pattern.Matcher
	m.Reset(t.Context(), p, "a^a")
	if start, end, err := m.Find(0); start != 1 || end != 3 || err != nil {
		t.Errorf("got %d-%d, %v", start, end, err)
	}
}

// A pattern that begins with a run is not tried at each byte of the run. Otherwise,
// trimming a text would take time in proportion to the square of its length, and the
// authors of texts could block the script.
func TestRunsAreTriedOnce(t *testing.T) {
	n := race.Reduce(4<<20, 1<<20)
	for _, c := range []struct{ pattern, text string }{
		{"%s+$", strings.Repeat(" ", n) + "y"},
		{"(%s*)()$", strings.Repeat(" ", n) + "y"},
		{"([%a-]+)%s*:%s*([^;]+)", strings.Repeat("a", n) + " y"},
		{".-x", strings.Repeat("y", n)},
	} {
		t.Run(c.pattern, func(t *testing.T) {
			p, err := pattern.Compile(c.pattern, true)
			if err != nil {
				t.Fatal(err)
			}
			var m pattern.Matcher
			m.Reset(t.Context(), p, c.text)
			start, _, err := m.Find(0)
			want := -1
			if c.pattern == "(%s*)()$" {
				want = len(c.text)
			}
			if start != want || err != nil {
				t.Errorf("got %d, %v", start, err)
			}
		})
	}
}

// A match that would take hours ends soon after its context is done.
func TestMatchEndsWithItsContext(t *testing.T) {
	errStop := errors.New("stop")
	cases := []struct{ name, pattern, text string }{
		{"polynomial", strings.Repeat("a*", 8) + "b", strings.Repeat("a", 30000)},
		{"polynomial, with captures", strings.Repeat("(a*)", 8) + "b", strings.Repeat("a", 30000)},
		{"polynomial, lazy", strings.Repeat("a-", 8) + "b", strings.Repeat("a", 30000)},
		{"polynomial, any byte", strings.Repeat(".-", 8) + "b", strings.Repeat("a", 30000)},
		{"polynomial, until a byte", strings.Repeat(".*a", 8) + "b", strings.Repeat("a", 30000)},
		{"exponential", strings.Repeat("a?", 60) + strings.Repeat("b", 60), strings.Repeat("a", 60)},
		{"balance", "%b()b", strings.Repeat("(", 3_000_000)},
		{"back references", "(.*)%1%1%1b", strings.Repeat("a", 3_000_000)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Millisecond, errStop)
			defer cancel()
			p, err := pattern.Compile(c.pattern, true)
			if err != nil {
				t.Fatal(err)
			}
			var m pattern.Matcher
			begin := time.Now()
			m.Reset(ctx, p, c.text)
			_, _, err = m.Find(0)
			if took := time.Since(begin); !errors.Is(err, context.DeadlineExceeded) || took > 2*time.Second {
				t.Errorf("got %v after %v", err, took)
			}
		})
	}
}

// A long pattern or a long text uses no more of Go's stack. A stack overflow would end
// the process.
func TestLongPatterns(t *testing.T) {
	for _, source := range []string{"a?", "a*", "a-", "[a]", "%a+", "()", "(a)"} {
		long := strings.Repeat(source, 1_000_000)
		if got := find(t, long, "aa", 0); len(got) > 1000 {
			t.Errorf("%s: got %d bytes", source, len(got))
		}
	}
}
