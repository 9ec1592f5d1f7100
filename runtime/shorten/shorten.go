// Package shorten keeps texts of scripts, users and peers within a length.
package shorten

import (
	"fmt"
	"unicode/utf8"
)

// Cut returns at most limit bytes of a text. It cuts between two characters; of a text that is
// not UTF-8 it drops at most three bytes more than necessary. The result shares the memory of
// the text.
func Cut[T ~string | ~[]byte](text T, limit int) T {
	if len(text) <= limit {
		return text
	}
	for n := limit; n > limit-utf8.UTFMax && n >= 0; n-- {
		if utf8.RuneStart(text[n]) {
			return text[:n]
		}
	}
	return text[:limit]
}

// Ellipsis returns a text of at most limit bytes as it is, and Cut with an ellipsis of a longer
// one. The ellipsis does not count.
func Ellipsis(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return Cut(text, limit) + "…"
}

// Sized is Ellipsis with the size of the longer text at the end: "abc… (300 bytes)".
func Sized(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return fmt.Sprintf("%s… (%d bytes)", Cut(text, limit), len(text))
}
