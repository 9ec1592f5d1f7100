package logging

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sirupsen/logrus"
)

// A record is what one entry's line is made of.
type record struct {
	time     time.Time
	level    logrus.Level
	category string
	message  string
	fields   logrus.Fields
	colour   bool                // for a terminal
	hide     func(string) string // hides secrets; nil hides none
}

// A step of a pattern appends its part of a record. Steps are made once, at
// the start; applying them needs no memory but the line's.
type step func(b []byte, r *record) []byte

// A pattern is a compiled ConversionPattern. It may be used from any goroutine.
type pattern []step

// compilePattern compiles log4cxx's conversion pattern: text, "%%", and
// conversions such as "%d", "%-5p", "%.20c{2}" and "%d{HH:mm:ss}". What it does
// not know stays as it is and is told to warn. A pattern that does not end its
// entries gets a "%n".
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

// append appends the record's line. It is cut at maxEntry.
func (p pattern) append(b []byte, r *record) []byte {
	start := len(b)
	for _, s := range p {
		if b = s(b, r); len(b)-start > maxEntry+maxField {
			b = bytes.TrimRight(b[:start+cutAt(b[start:], maxEntry+maxField)], "\n")
			return append(b, "…\n"...)
		}
	}
	return b
}

// cutAt gives the last beginning of a character at or before n.
func cutAt(b []byte, n int) int {
	for n > 0 && !utf8.RuneStart(b[n]) {
		n--
	}
	return n
}

type patternCompiler struct {
	steps pattern
	text  []byte // literal text that is not yet a step
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

// conversion compiles what follows a '%', and gives the conversion's name and
// the text behind it. As in log4cxx a name is the longest that is known.
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
	c.warn(fmt.Sprintf("the conversion pattern has an unknown %%%s: it stays as it is", text[:min(len(text), len(text)-len(rest)+max(len(word), 1))]))
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

// parseOptions takes "{a}{b}" off the beginning of s.
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

// A width is the "-5.10" of a conversion: at least that many characters, filled
// up with blanks at the left, or the right with '-'; and at most that many, of
// which the last are kept.
type width struct {
	least, most int // most < 0 means no bound
	left        bool
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

// apply brings what stands behind start to its width, in place.
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
