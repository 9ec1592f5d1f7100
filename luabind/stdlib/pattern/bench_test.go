package pattern_test

import (
	"strings"
	"testing"

	"github.com/yuin/gopher-lua/pm"

	"spectrumlua/luabind/stdlib/pattern"
)

// BenchmarkFind runs each case with this package and with gopher-lua's. gopher-lua's
// compiles the pattern for each search, like its string.find.
func BenchmarkFind(b *testing.B) {
	long := strings.Repeat("lorem ipsum dolor sit amet ", 400) + "key = value"
	cases := []struct{ name, pattern, text string }{
		{"short literal", "lo", "hello"},
		{"long literal", "key = value", long},
		{"words", "(%w+)%s*=%s*(%w+)", "key = value"},
		{"words, late", "(%w+)%s*=%s*(%w+)", long},
		{"irc line", "^:(%S+) (%S+) (%S+) :(.*)$", ":nick!user@host PRIVMSG #channel :hello there, how are you?"},
		{"trim", "^%s*(.-)%s*$", "   some text with blanks   "},
		{"set", "[^,]*,", "first field of a line,second field"},
		{"lazy", "<(.-)>", "some text before <tag> and after"},
		{"none", "%d+", long},
	}
	for _, c := range cases {
		b.Run(c.name+"/ours", func(b *testing.B) {
			b.ReportAllocs()
			cache := map[string]*pattern.Pattern{}
			var m pattern.Matcher
			for b.Loop() {
				p := cache[c.pattern]
				if p == nil {
					p, _ = pattern.Compile(c.pattern, true)
					cache[c.pattern] = p
				}
				m.Reset(b.Context(), p, c.text)
				if _, _, err := m.Find(0); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(c.name+"/gopher-lua", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := pm.Find(c.pattern, []byte(c.text), 0, 1); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
