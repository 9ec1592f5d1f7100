package jid

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestResource(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"plain", "Alice in Wonderland", "Alice in Wonderland"},
		{"letters of all kinds", "Grüße-мир-日本", "Grüße-мир-日本"},
		{"emoji", "🎉 party", "🎉 party"},
		{"right to left alone", "مرحبا", "مرحبا"},
		{"special characters", `a@b/c<d>`, `a@b/c<d>`},
		{"empty", "", "_"},
		{"a control character", "a\x03b", "ab"},
		{"DEL", "a\x7fb", "ab"},
		{"a line break", "a\nb", "ab"},
		{"invalid UTF-8", "a\xffb", "ab"},
		{"the replacement character", "a\ufffdb", "ab"},
		{"nothing else", "\ufffd", "_"},
		{"a left-to-right mark", "a\u200eb", "ab"},
		{"private use", "a\ue000b", "ab"},
		{"a no-break space", "a\u00a0b", "a\u00a0b"},
		{"right to left behind left to right", "bob مرحبا", "bob "},
		{"left to right behind right to left", "مرحبا bob!", "مرحبا"},
		{"too long", strings.Repeat("x", 2000), strings.Repeat("x", 1023)},
		{"too long in two bytes each", strings.Repeat("ä", 2000), strings.Repeat("ä", 511)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Resource(c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestLocal(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"plain", "carol@net.org", "carol@net.org"},
		{"a room", "#chan%irc.example.net", "#chan%irc.example.net"},
		{"blanks within", "first last", "first last"},
		{"blanks at the ends", "  x\u00a0", "x"},
		{"a no-break space within", "a\u00a0b", "a b"},
		{"a fullwidth @", "a\uff20b", "a@b"},
		{"only blanks", " ", "_"},
		{"long when escaped", strings.Repeat("@", 500), strings.Repeat("@", 341)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Local(c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestNamesWithoutEnd are of a few megabytes, as a peer may make them up: they
// take no longer than others. (Taken a character at a time off the end, they
// would take hours.)
func TestNamesWithoutEnd(t *testing.T) {
	for _, c := range []struct{ repeated, local, resource string }{
		{"x", strings.Repeat("x", maxPart), strings.Repeat("x", maxPart)},
		{"@", strings.Repeat("@", maxPart/3), strings.Repeat("@", maxPart)},
		{"é", strings.Repeat("é", maxPart/2), strings.Repeat("é", maxPart/2)},
		{"\u0000", nobody, nobody},
		{"\xff", nobody, nobody},
	} {
		name := strings.Repeat(c.repeated, 4<<20)
		if got := Local(name); got != c.local {
			t.Errorf("%q again and again becomes the localpart %.40q of %d bytes", c.repeated, got, len(got))
		}
		if got := Resource(name); got != c.resource {
			t.Errorf("%q again and again becomes the resource %.40q of %d bytes", c.repeated, got, len(got))
		}
	}
}

func FuzzMend(f *testing.F) {
	for _, s := range []string{"", "a\u00a0", "bob مرحبا", "\u0345\u0301", "①", "\ufdfa"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, mended := range []string{Resource(name), Local(name)} {
			if mended == "" || !utf8.ValidString(mended) || !fit(mended) && !plain(mended) {
				t.Errorf("%q became %q", name, mended)
			}
			if again := Resource(mended); again != mended {
				t.Errorf("%q became %q, and that %q", name, mended, again)
			}
		}
	})
}
