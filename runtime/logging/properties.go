package logging

import "strings"

// A property is one line of a properties file.
type property struct {
	key, value string
	line       int
}

// parseProperties reads a properties file as log4cxx does, which takes any
// text: a line is a key, then any run of blanks, '=' and ':', then the value up
// to the line's end; lines whose first character is '#' or '!' are comments; a
// backslash makes \t, \n and \r, joins the next line without its indentation,
// and else stands for the character behind it. A later line of the same key
// holds.
//
// It is written here since the library for Java's properties files is stricter
// (it refuses the whole file for a line that begins with '=', or for a path
// with "\u" in it), takes "a == b" for the value "= b", leaves a goroutine
// behind when it refuses, and knows no line numbers for our warnings.
func parseProperties(text string) []property {
	var all []property
	s := propertyScanner{text: text, line: 1}
	for s.skipToKey() {
		p := property{line: s.line}
		p.key = s.take(" \t=:")
		s.skip(" \t=:")
		p.value = s.take("")
		if p.key != "" {
			all = append(all, p)
		}
	}
	return all
}

type propertyScanner struct {
	text string
	pos  int
	line int
}

// skipToKey goes to the next line that is neither empty nor a comment. It is
// false at the end.
func (s *propertyScanner) skipToKey() bool {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t':
			s.pos++
		case '\n', '\r':
			s.newline()
		case '#', '!':
			if end := strings.IndexAny(s.text[s.pos:], "\r\n"); end >= 0 {
				s.pos += end
			} else {
				s.pos = len(s.text)
			}
		default:
			return true
		}
	}
	return false
}

// newline steps over one line's end: LF, CR, or CR LF.
func (s *propertyScanner) newline() {
	if strings.HasPrefix(s.text[s.pos:], "\r\n") {
		s.pos++
	}
	s.pos++
	s.line++
}

func (s *propertyScanner) skip(set string) {
	for s.pos < len(s.text) && strings.IndexByte(set, s.text[s.pos]) >= 0 {
		s.pos++
	}
}

// take reads up to the line's end or to a character of stop that no backslash
// stands before, and undoes the backslashes.
func (s *propertyScanner) take(stop string) string {
	var b strings.Builder
	for s.pos < len(s.text) {
		c := s.text[s.pos]
		if c == '\n' || c == '\r' || strings.IndexByte(stop, c) >= 0 {
			break
		}
		s.pos++
		if c != '\\' || s.pos == len(s.text) {
			b.WriteByte(c)
			continue
		}
		switch c := s.text[s.pos]; c {
		case '\n', '\r':
			s.newline()
			s.skip(" \t")
			continue
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		default:
			b.WriteByte(c)
		}
		s.pos++
	}
	return b.String()
}

// Bounds of expand, against a file whose values multiply each other.
const (
	maxExpandDepth = 8
	maxExpansions  = 1000
	maxExpanded    = 64 << 10
)

// expand replaces each ${name} in s by what lookup gives for it, in turn
// expanded. An unknown name is replaced by nothing, as log4cxx does, and told
// to unknown; a "${" without its end stays.
func expand(s string, lookup func(string) (string, bool), unknown func(string)) string {
	e := expander{lookup: lookup, unknown: unknown, left: maxExpansions}
	e.expand(s, 0)
	return e.out.String()
}

type expander struct {
	out     strings.Builder
	lookup  func(string) (string, bool)
	unknown func(string)
	left    int // expansions
}

func (e *expander) expand(s string, depth int) {
	for e.out.Len() < maxExpanded && e.left > 0 {
		before, rest, found := strings.Cut(s, "${")
		name, after, closed := strings.Cut(rest, "}")
		if !found || !closed {
			e.out.WriteString(s)
			return
		}
		e.left--
		e.out.WriteString(before)
		if value, ok := e.lookup(name); !ok {
			e.unknown(name)
		} else if depth < maxExpandDepth {
			e.expand(value, depth+1)
		}
		s = after
	}
}
