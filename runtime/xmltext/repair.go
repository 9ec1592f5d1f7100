// Package xmltext makes text valid for an XMPP stream. Spectrum copies text of a
// backend into stanzas. One character that XML forbids, or one tag without its end,
// closes the stream of the whole transport.
package xmltext

import (
	"strings"
	"unicode/utf8"
)

// Clean returns s as valid UTF-8 and legal XML 1.0 character data. It replaces
// invalid bytes with U+FFFD and removes characters that XML forbids. It returns a
// valid text without a copy.
func Clean(s string) string {
	i := firstBad(s)
	if i < 0 {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	b.WriteString(s[:i])
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			b.WriteRune(utf8.RuneError)
		case legal(r):
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// firstBad returns the index of the first invalid byte, or -1. All text that is
// sent passes it, so it reads plain text eight bytes at a time.
func firstBad(s string) int {
	for i := 0; i < len(s); {
		if len(s)-i >= 8 && plain(s[i:i+8]) {
			i += 8
			continue
		}
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
				return i
			}
			i++
			continue
		}
		if c >= 0xC2 && c <= 0xDF && i+1 < len(s) && s[i+1]&0xC0 == 0x80 {
			i += 2 // all characters of two bytes are legal
			continue
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 || !legal(r) {
			return i
		}
		i += n
	}
	return -1
}

// plain reports whether eight bytes are ASCII without control characters. DEL,
// which XML allows, passes.
func plain(s string) bool {
	const each, top = 0x0101010101010101, 0x8080808080808080
	x := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
		uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
	return (x|(x-' '*each))&top == 0 // a byte below the blank borrows its top bit
}

// legal reports whether XML 1.0 allows a character (its production Char).
func legal(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r >= 0xD800 && r <= 0xDFFF, r == 0xFFFE, r == 0xFFFF:
		return false
	}
	return r <= utf8.MaxRune
}

// EscapedLen returns the number of bytes of s in a stanza. All text that is sent passes
// it. In a long text, strings.Count looks at many bytes at a time.
func EscapedLen(s string) int {
	if len(s) >= 32 {
		return len(s) + 5*(strings.Count(s, "&")+strings.Count(s, `"`)+strings.Count(s, "'")) +
			3*(strings.Count(s, "<")+strings.Count(s, ">"))
	}
	n := len(s)
	for i := range len(s) {
		switch s[i] {
		case '&', '"', '\'':
			n += 5
		case '<', '>':
			n += 3
		}
	}
	return n
}
