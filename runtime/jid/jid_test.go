package jid

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestResourceIsAlwaysValid(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"plain", "Alice in Wonderland", "Alice in Wonderland"},
		{"letters of all kinds", "Grüße-мир-日本", "Grüße-мир-日本"},
		{"emoji", "🎉 party", "🎉 party"},
		{"only right to left", "مرحبا", "مرحبا"},
		{"special characters", `a@b/c<d>`, `a@b/c<d>`},
		{"empty", "", "_"},
		{"a control character", "a\x03b", "ab"},
		{"DEL", "a\x7fb", "ab"},
		{"a line break", "a\nb", "ab"},
		{"invalid UTF-8", "a\xffb", "ab"},
		{"the replacement character", "a\ufffdb", "ab"},
		{"only the replacement character", "\ufffd", "_"},
		{"a left-to-right mark", "a\u200eb", "ab"},
		{"private use", "a\ue000b", "ab"},
		{"a no-break space", "a\u00a0b", "a\u00a0b"},
		{"right to left after left to right", "bob مرحبا", "bob "},
		{"left to right after right to left", "مرحبا bob!", "مرحبا"},
		{"too long", strings.Repeat("x", 2000), strings.Repeat("x", 1023)},
		{"too long, of two bytes each", strings.Repeat("ä", 2000), strings.Repeat("ä", 511)},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := Resource(c.in); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestLocalIsAlwaysValid(t *testing.T) {
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

// TestNamesWithoutEnd uses names of a few megabytes, as a peer may send them. They must
// not take longer than others. An algorithm that removes one character at a time from
// the end would take hours.
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
			t.Errorf("%q, repeated, becomes the localpart %.40q of %d bytes", c.repeated, got, len(got))
		}
		if got := Resource(name); got != c.resource {
			t.Errorf("%q, repeated, becomes the resource %.40q of %d bytes", c.repeated, got, len(got))
		}
	}
}

func FuzzRepair(f *testing.F) {
	for _, s := range []string{"", "a\u00a0", "bob مرحبا", "\u0345\u0301", "①", "\ufdfa"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, repaired := range []string{Resource(name), Local(name)} {
			if repaired == "" || !utf8.ValidString(repaired) || !fit(repaired) && !plain(repaired) {
				t.Errorf("%q became %q", name, repaired)
			}
			if again := Resource(repaired); again != repaired {
				t.Errorf("%q became %q, which became %q", name, repaired, again)
			}
		}
	})
}
