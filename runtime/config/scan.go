package config

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"
)

// blanks are the characters that Boost trims.
const blanks = " \t\r\n"

// byteOrderMark may start a file.
var byteOrderMark = []byte("\ufeff")

// scanner splits a file into sections and entries, line by line.
type scanner struct {
	config   *Config
	prefix   string // "section." of the current section
	line     int
	entries  []entry
	problems []*Error
	warnings []*Error
}

// scan scans all of data and does not stop at errors.
func scan(c *Config, data []byte) *scanner {
	s := &scanner{config: c, line: 1}
	if rest, ok := bytes.CutPrefix(data, byteOrderMark); ok {
		data = rest
		s.warn("the file starts with a byte order mark, which Spectrum 2 itself rejects; save it as UTF-8 without one")
	}
	for text := range bytes.Lines(data) {
		s.read(string(text))
		s.line++
	}
	return s
}

func (s *scanner) warn(format string, args ...any) {
	s.warnings = append(s.warnings, s.config.problem(s.line, fmt.Sprintf(format, args...)))
}

// read scans one line.
func (s *scanner) read(line string) {
	text, comment, commented := strings.Cut(line, "#")
	text = strings.TrimLeft(text, blanks) // meant needs the blanks before the #
	body := strings.TrimRight(text, blanks)
	if body == "" {
		return
	}
	if len(body) > 1 && body[0] == '[' && body[len(body)-1] == ']' {
		s.section(body[1 : len(body)-1])
		return
	}
	name, value, ok := strings.Cut(body, "=")
	if !ok {
		s.problems = append(s.problems, s.config.problem(s.line, advice(body, commented)))
		return
	}
	e := entry{key: s.prefix + strings.Trim(name, blanks), value: strings.Trim(value, blanks), line: s.line}
	s.entries = append(s.entries, e)
	if commented && meant(text, e.value, comment) {
		s.warn("a # starts a comment, within a word and in quotes too, so the value of %s ends before it; "+
			"this format has no way to write a # in a value", clip(Shown(e.key)))
	}
	s.check(e)
}

// section starts a section.
func (s *scanner) section(name string) {
	s.prefix = name
	if !strings.HasSuffix(name, ".") {
		s.prefix += "."
	}
	switch {
	case name == "":
		s.warn("this section has no name; write one between the brackets")
	case strings.Trim(name, blanks) != name:
		s.warn("the blanks within the brackets are part of this section's name; write [%s]", clip(strings.Trim(name, blanks)))
	}
}

// check warns about a line whose meaning differs from its looks.
func (s *scanner) check(e entry) {
	name := strings.TrimPrefix(e.key, s.prefix)
	switch {
	case name == "":
		s.warn("there is no name before the =; write key = value")
	case name[0] == '[':
		s.warn("this line does not start a section, since a section's name stands on a line of its own")
	case !utf8.ValidString(e.value) && !strings.HasPrefix(e.key, luaPrefix):
		s.warn("the value of %s is not UTF-8 (Latin-1?), and is passed on as it is; save the file as UTF-8", clip(Shown(e.key)))
	}
}

// meant reports whether a # was probably meant as part of the value: it directly
// follows a character of the value, or it starts the value and a word follows it,
// as in "channel = #lua".
func meant(before, value, comment string) bool {
	if value != "" {
		return !strings.ContainsRune(blanks, rune(before[len(before)-1]))
	}
	return comment != "" && !strings.ContainsRune(blanks+"#", rune(comment[0]))
}

// advice returns the message for a line that is neither a section nor a key. It
// does not show the line, which may be part of a secret.
func advice(body string, commented bool) string {
	text := "this line is neither [section] nor key = value nor a # comment"
	switch {
	case body[0] == ';' || strings.HasPrefix(body, "//") || strings.HasPrefix(body, "--"):
		return text + "; start a comment with #"
	case body[0] == '[' && commented:
		return text + "; a section's name ends with ], and a # before that starts a comment"
	case body[0] == '[':
		return text + "; a section's name ends with ], and after it only a # comment may follow"
	case commented:
		return text + "; the # in it starts a comment, so what follows does not count"
	case strings.Contains(body, ":"):
		return text + "; write key = value with = for the :"
	}
	return text + "; write key = value, or put a # before it"
}
