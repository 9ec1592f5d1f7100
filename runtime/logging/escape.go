package logging

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// Limits for an entry and a field, in bytes of the escaped text. They ensure that one
// entry always fits into the queue and the file.
const (
	maxEntry = 128 << 10
	maxField = 8 << 10
)

// appendText appends untrusted text. Each line after the first one begins with a tab,
// so that no line can imitate an entry. Control characters are escaped, and invalid
// UTF-8 becomes U+FFFD.
func appendText(b []byte, text string, limit int) []byte {
	end := len(b) + limit
	for i := 0; i < len(text); {
		if len(b) >= end {
			return fmt.Appendf(b, "… (%d bytes more)", len(text)-i)
		}
		n := plainRun(text[i:], end-len(b))
		b = append(b, text[i:i+n]...)
		if i += n; i == len(text) {
			break
		}
		if n > 0 && len(b) >= end {
			continue
		}
		if strings.HasPrefix(text[i:], "\r\n") {
			i++
		}
		r, size := utf8.DecodeRuneInString(text[i:])
		i += size
		b = appendRune(b, r)
	}
	return b
}

// plainRun returns how many bytes at the beginning of s need no change, at most limit.
func plainRun(s string, limit int) int {
	s = s[:min(len(s), max(limit, 0))]
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\t' || c >= 0x7f {
			return i
		}
	}
	return len(s)
}

func appendRune(b []byte, r rune) []byte {
	switch {
	case r == '\n':
		return append(b, "\n\t"...)
	case r == '\r':
		return append(b, `\r`...)
	case r < ' ' || r >= 0x7f && r < 0xa0:
		return fmt.Appendf(b, `\x%02x`, r)
	case isSteering(r):
		return fmt.Appendf(b, `\u%04x`, r)
	}
	return utf8.AppendRune(b, r)
}

// isSteering reports whether r breaks the line or changes the writing direction.
func isSteering(r rune) bool {
	return r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 ||
		r == 0x200e || r == 0x200f || r == 0x061c
}

// appendLine appends text that must stay on one line, such as a category.
func appendLine(b []byte, text string, limit int) []byte {
	start := len(b)
	b = appendText(b, text, limit)
	for i := start; i < len(b); i++ {
		if b[i] == '\n' || b[i] == '\t' {
			b[i] = ' '
		}
	}
	return b
}
