package xmltext

import (
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
	"unsafe"
)

func TestCleanReturnsValidXMLText(t *testing.T) {
	cases := []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"ASCII", "hello <b> & \"'", "hello <b> & \"'"},
		{"blanks", "a\tb\nc\rd", "a\tb\nc\rd"},
		{"other languages", "héllo wörld 漢字 🌍", "héllo wörld 漢字 🌍"},
		{"IRC colours", "\x02bold\x02 \x0304red\x03 \x1funder\x1f\x0f", "bold 04red under"},
		{"NUL", "a\x00b", "ab"},
		{"all control characters", "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x0b\x0c\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f", ""},
		{"DEL and C1, which XML allows", "\x7f\u0080\u0085\u009f", "\x7f\u0080\u0085\u009f"},
		{"code points that are not characters", "a\uFFFEb\uFFFFc", "abc"},
		{"their neighbours", "\uFFFD\U0001FFFE\uFDD0", "\uFFFD\U0001FFFE\uFDD0"},
		{"the last one", "\U0010FFFF", "\U0010FFFF"},
		{"a byte order mark", "\uFEFFx", "\uFEFFx"},
		{"Latin-1", "gr\xfc\xdfe", "gr\uFFFD\uFFFDe"},
		{"a lone continuation", "\x80", "\uFFFD"},
		{"an incomplete letter", "a\xe2\x82", "a\uFFFD\uFFFD"},
		{"an overlong form", "\xc0\xaf", "\uFFFD\uFFFD"},
		{"a surrogate", "\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"},
		{"over the last one", "\xf4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"},
		{"an invalid character at the end", "fine\x01", "fine"},
		{"invalid characters in ASCII", "01234567\x1f9012345678\x80\x7f", "012345679012345678\uFFFD\x7f"},
		{"invalid characters at both ends", "\x01fine\xff", "fine\uFFFD"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := Clean(c.in)
			if got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if c.in == c.want && unsafe.StringData(got) != unsafe.StringData(c.in) {
				t.Error("a valid text is copied")
			}
		})
	}
}

// TestCleanHandlesEveryByteAtEveryPosition tries each byte at each position of an ASCII
// text.
func TestCleanHandlesEveryByteAtEveryPosition(t *testing.T) {
	text := strings.Repeat("abcdefgh", 2) + "i"
	for place := range len(text) {
		for b := range 256 {
			want := string(rune(b))
			switch {
			case b >= utf8.RuneSelf:
				want = "\uFFFD"
			case b < ' ' && !strings.Contains("\t\n\r", want):
				want = ""
			}
			s := text[:place] + string([]byte{byte(b)}) + text[place+1:]
			if got := Clean(s); got != text[:place]+want+text[place+1:] {
				t.Errorf("%q became %q", s, got)
			}
		}
	}
}

func FuzzClean(f *testing.F) {
	for _, seed := range []string{"", "a\x00b", "gr\xfc\xdfe", "\xed\xa0\x80", "\uFFFE", "a\tb\r\n", "\xf4\x90\x80\x80", "🌍"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := Clean(s)
		if err := characters(got); err != nil {
			t.Errorf("%q: %v", got, err)
		}
		if characters(s) == nil && got != s {
			t.Errorf("%q became %q", s, got)
		}
		if again := Clean(got); again != got {
			t.Errorf("%q, and cleaned again %q", got, again)
		}
		// The result holds the legal characters in their order.
		var want strings.Builder
		for _, r := range s { // an invalid byte becomes U+FFFD here too
			if characters(string(r)) == nil {
				want.WriteRune(r)
			}
		}
		if got != want.String() {
			t.Errorf("%q, want %q", got, want.String())
		}
	})
}

func TestEscapedLenIsTheLengthInAStanza(t *testing.T) {
	texts := []string{"", "hello", "<&>", `"'`, "ü🌍", "a<b"}
	for _, s := range texts { // long ones are counted in another way
		texts = append(texts, strings.Repeat(s+" ", 40))
	}
	for _, s := range texts {
		escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(s)
		if got := EscapedLen(s); got < len(escaped) || got > len(escaped)+strings.Count(s, "&") {
			t.Errorf("%q takes %d bytes, EscapedLen says %d", s, len(escaped), got)
		}
	}
}

func TestCleanDoesNotAllocateForValidText(t *testing.T) {
	s := strings.Repeat("héllo ", 100)
	if allocs := testing.AllocsPerRun(100, func() { Clean(s) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func BenchmarkClean(b *testing.B) {
	for _, c := range []struct{ name, s string }{
		{"ASCII", strings.Repeat("x", 64)},
		{"German", strings.Repeat("größe ", 10)},
		{"IRC colours", "\x0304" + strings.Repeat("x", 64) + "\x03"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(c.s)))
			b.ReportAllocs()
			for b.Loop() {
				if !utf8.ValidString(Clean(c.s)) {
					b.Fatal()
				}
			}
		})
	}
}

func BenchmarkEscapedLen(b *testing.B) {
	text := strings.Repeat("The quick brown fox <jumps> over the lazy dog's back. ", 80)
	for _, n := range []int{8, 64, 4096} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			b.SetBytes(int64(n))
			for b.Loop() {
				EscapedLen(text[:n])
			}
		})
	}
}
