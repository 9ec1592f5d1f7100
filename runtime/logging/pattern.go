package logging

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/shorten"
)

// A record holds the parts of an entry's line.
type record struct {
	time     time.Time
	level    logrus.Level
	category string
	message  string
	fields   logrus.Fields
	colour   bool                // for a terminal
	hide     func(string) string // hides secrets; it may be nil
}

// A step of a pattern appends its part of a record. It does not allocate, except to
// extend b.
type step func(b []byte, r *record) []byte

// A pattern is a compiled ConversionPattern. It is safe for concurrent use.
type pattern []step

// compilePattern compiles log4cxx's conversion pattern: text, "%%", and conversions
// like "%d", "%-5p", "%.20c{2}" and "%d{HH:mm:ss}". It calls warn for an unknown
// conversion, which then stays unchanged. It adds "%n" if the pattern does not end
// with a line break.
func compilePattern(text string, warn func(string)) pattern {
	c := patternCompiler{warn: warn}
	ends := false
	for text != "" {
		literal, rest, found := strings.Cut(text, "%")
		c.literal(literal)
		ends = ends && literal == "" || strings.HasSuffix(literal, "\n")
		if !found {
			break
		}
		if tail, ok := strings.CutPrefix(rest, "%"); ok {
			c.literal("%")
			text, ends = tail, false
			continue
		}
		var name string
		name, text = c.conversion(rest)
		ends = name == "n"
	}
	c.flush()
	if !ends {
		warn("the conversion pattern does not end with %n: adding it")
		c.steps = append(c.steps, literalStep("\n"))
	}
	return c.steps
}

// append appends the record's line, truncated at maxEntry and maxField together.
func (p pattern) append(b []byte, r *record) []byte {
	start := len(b)
	for _, s := range p {
		if b = s(b, r); len(b)-start > maxEntry+maxField {
			b = bytes.TrimRight(b[:start+len(shorten.Cut(b[start:], maxEntry+maxField))], "\n")
			return append(b, "…\n"...)
		}
	}
	return b
}

type patternCompiler struct {
	steps pattern
	text  []byte // literal text that is not yet added to steps
	warn  func(string)
}

func (c *patternCompiler) literal(s string) {
	c.text = append(c.text, s...)
}

func (c *patternCompiler) flush() {
	if len(c.text) > 0 {
		c.steps = append(c.steps, literalStep(strings.ToValidUTF8(string(c.text), "\ufffd")))
		c.text = nil
	}
}

func literalStep(s string) step {
	return func(b []byte, _ *record) []byte { return append(b, s...) }
}

// conversion compiles the conversion after a '%'. It returns its name and the text
// after it. As in log4cxx, the longest known name counts.
func (c *patternCompiler) conversion(text string) (name, rest string) {
	w, rest := parseWidth(text)
	word := rest[:wordLen(rest)]
	for n := len(word); n > 0; n-- {
		build, ok := conversions[word[:n]]
		if !ok {
			continue
		}
		name, rest = word[:n], rest[n:]
		var options []string
		if n == len(word) {
			options, rest = parseOptions(rest)
		}
		c.flush()
		c.steps = append(c.steps, decorate(name, w.wrap(build(options, c.warn))))
		return name, rest
	}
	c.warn(fmt.Sprintf("the conversion pattern has an unknown %%%s: it stays unchanged", text[:min(len(text), len(text)-len(rest)+max(len(word), 1))]))
	c.literal("%" + text[:len(text)-len(rest)])
	return "", rest
}

func wordLen(s string) int {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return i
		}
	}
	return len(s)
}

// parseOptions parses options like "{a}{b}" at the beginning of s.
func parseOptions(s string) (options []string, rest string) {
	for strings.HasPrefix(s, "{") {
		option, rest, ok := strings.Cut(s[1:], "}")
		if !ok {
			break
		}
		options, s = append(options, option), rest
	}
	return options, s
}

// A width is the "-5.10" of a conversion: the minimum and the maximum number of
// characters. A shorter text gets blanks on its left, or with '-' on its right. A
// longer text loses its first characters.
type width struct {
	least, most int  // most < 0 means no maximum
	left        bool // aligned to the left
}

const maxWidth = 500

func parseWidth(s string) (width, string) {
	w := width{most: -1}
	s, w.left = strings.CutPrefix(s, "-")
	w.least, s = parseDigits(s, 0)
	if tail, ok := strings.CutPrefix(s, "."); ok {
		w.most, s = parseDigits(tail, -1)
	}
	return w, s
}

func parseDigits(s string, otherwise int) (int, string) {
	end := 0
	for end < len(s) && s[end] >= '0' && s[end] <= '9' {
		end++
	}
	if end == 0 {
		return otherwise, s
	}
	n, err := strconv.Atoi(s[:end])
	if err != nil || n > maxWidth {
		n = maxWidth
	}
	return n, s[end:]
}

func (w width) wrap(s step) step {
	if w.least == 0 && w.most < 0 {
		return s
	}
	return func(b []byte, r *record) []byte {
		start := len(b)
		return w.apply(s(b, r), start)
	}
}

// apply pads or truncates the text after start, in place.
func (w width) apply(b []byte, start int) []byte {
	n := utf8.RuneCount(b[start:])
	if w.most >= 0 && n > w.most {
		from := start
		for ; n > w.most; n-- {
			_, size := utf8.DecodeRune(b[from:])
			from += size
		}
		b = append(b[:start], b[from:]...)
	}
	missing := w.least - n
	if missing <= 0 {
		return b
	}
	for range missing {
		b = append(b, ' ')
	}
	if !w.left {
		copy(b[start+missing:], b[start:len(b)-missing])
		for i := range missing {
			b[start+i] = ' '
		}
	}
	return b
}
