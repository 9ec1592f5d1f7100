package shorten_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"spectrumlua/runtime/shorten"
)

func TestTextsAreCutBetweenCharacters(t *testing.T) {
	tests := []struct {
		name, text string
		limit      int
		want       string
	}{
		{"nothing", "", 0, ""},
		{"short", "abc", 4, "abc"},
		{"as long as the limit", "ab€", 5, "ab€"},
		{"between characters", "ab€c", 5, "ab€"},
		{"within a character of two bytes", "aäb", 2, "a"},
		{"after one byte of three", "ab€", 3, "ab"},
		{"after two bytes of three", "ab€", 4, "ab"},
		{"after three bytes of four", "ab😀", 5, "ab"},
		{"within the first character", "😀", 3, ""},
		{"no room", "abc", 0, ""},
		{"not UTF-8", strings.Repeat("\x80", 8), 5, strings.Repeat("\x80", 5)},
		{"not UTF-8 before the end", "\xff\xfeab€", 5, "\xff\xfeab"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := shorten.Cut(test.text, test.limit); got != test.want {
				t.Errorf("Cut: %q, want %q", got, test.want)
			}
			if got := shorten.Cut([]byte(test.text), test.limit); string(got) != test.want {
				t.Errorf("Cut of bytes: %q, want %q", got, test.want)
			}
			ellipsis, sized := test.want, test.want
			if test.want != test.text {
				ellipsis += "…"
				sized += fmt.Sprintf("… (%d bytes)", len(test.text))
			}
			if got := shorten.Ellipsis(test.text, test.limit); got != ellipsis {
				t.Errorf("Ellipsis: %q, want %q", got, ellipsis)
			}
			if got := shorten.Sized(test.text, test.limit); got != sized {
				t.Errorf("Sized: %q, want %q", got, sized)
			}
		})
	}
}

func FuzzCut(f *testing.F) {
	f.Add("ab€😀", 4)
	f.Add("\x80\x80\x80\x80\x80", 4)
	f.Fuzz(func(t *testing.T, text string, limit int) {
		if limit < 0 {
			return
		}
		got := shorten.Cut(text, limit)
		switch least := min(len(text), limit) - utf8.UTFMax + 1; {
		case len(got) > limit || len(got) < least:
			t.Errorf("%d bytes with the limit %d of %d", len(got), limit, len(text))
		case !strings.HasPrefix(text, got):
			t.Errorf("%q is not the beginning of %q", got, text)
		case utf8.ValidString(text) && !utf8.ValidString(got):
			t.Errorf("%q of %q has a part of a character", got, text)
		}
	})
}
