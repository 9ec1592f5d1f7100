package logging

import (
	"slices"
	"strings"
	"testing"
)

func TestPropertiesAreParsedAsInLog4cxx(t *testing.T) {
	for _, tc := range []struct {
		name, text string
		want       []property
	}{
		{"plain", "a=b\n", []property{{"a", "b", 1}}},
		{"no newline at the end", "a=b", []property{{"a", "b", 1}}},
		{"blanks around", "  a \t= b c \n", []property{{"a", "b c ", 1}}},
		{"colon", "a: b", []property{{"a", "b", 1}}},
		{"blank only", "a b", []property{{"a", "b", 1}}},
		{"several delimiters", "a == b", []property{{"a", "b", 1}}},
		{"delimiters in the value", "a=b=c:d", []property{{"a", "b=c:d", 1}}},
		{"no value", "a\nb=\n", []property{{"a", "", 1}, {"b", "", 2}}},
		{"no key", "=x\nb=c", []property{{"b", "c", 2}}},
		{"comments", "# x\n  ! y\n\na=b # c\n", []property{{"a", "b # c", 4}}},
		{"a comment does not continue", "# x \\\na=b", []property{{"a", "b", 2}}},
		{"CR LF", "a=b\r\nc=d\r\n", []property{{"a", "b", 1}, {"c", "d", 2}}},
		{"CR", "a=b\rc=d", []property{{"a", "b", 1}, {"c", "d", 2}}},
		{"continued", "a=b,\\\n   c\nd=e", []property{{"a", "b,c", 1}, {"d", "e", 3}}},
		{"continued with CR LF", "a=b\\\r\n c\r\nd=e", []property{{"a", "bc", 1}, {"d", "e", 3}}},
		{"escapes", `a\ b\==\t\n\r\x\\`, []property{{"a b=", "\t\n\rx\\", 1}}},
		{"no Unicode escape", `a=C:\users`, []property{{"a", "C:users", 1}}},
		{"backslash at the end", `a=b\`, []property{{"a", `b\`, 1}}},
		{"the same key", "a=b\na=c", []property{{"a", "b", 1}, {"a", "c", 2}}},
		{"empty", "", nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := parseProperties(tc.text); !slices.Equal(got, tc.want) {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}

func TestVariablesAreExpanded(t *testing.T) {
	values := map[string]string{"jid": "irc.example.net", "id": "1", "path": "/log/${jid}", "loop": "x${loop}"}
	for _, tc := range []struct{ name, in, want, unknown string }{
		{"nothing", "abc", "abc", ""},
		{"anywhere", "/l/${jid}/b-${id}.log", "/l/irc.example.net/b-1.log", ""},
		{"in a value", "${path}/x", "/log/irc.example.net/x", ""},
		{"unknown", "a${none}b", "ab", "none"},
		{"not closed", "a${jid", "a${jid", ""},
		{"no braces", "$jid", "$jid", ""},
		{"endless", "${loop}", strings.Repeat("x", maxExpandDepth), ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var unknown string
			got := expand(tc.in, func(name string) (string, bool) {
				v, ok := values[name]
				return v, ok
			}, func(name string) { unknown += name })
			if got != tc.want || unknown != tc.unknown {
				t.Errorf("got %q, unknown %q; want %q, %q", got, unknown, tc.want, tc.unknown)
			}
		})
	}
}

func TestExpansionIsLimited(t *testing.T) {
	for _, leaf := range []string{"", "some text to multiply"} {
		names := map[string]string{"0": leaf}
		for i := '1'; i <= '9'; i++ {
			names[string(i)] = strings.Repeat("${"+string(i-1)+"}", 100)
		}
		got := expand("${9}", func(name string) (string, bool) { v, ok := names[name]; return v, ok }, func(string) {})
		if len(got) > 2*maxExpanded {
			t.Errorf("expanded to %d bytes", len(got))
		}
	}
}
