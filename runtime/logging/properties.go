package logging

import "strings"

// A property is one line of a properties file.
type property struct {
	key, value string
	line       int
}

// parseProperties parses a properties file as log4cxx does, which accepts any text. A
// line is a key, then any number of blanks, '=' and ':', then the value up to the end
// of the line. Lines that start with '#' or '!' are comments. A backslash begins \t, \n
// and \r, and joins the next line without its indentation; before another character it
// is dropped.
//
// The library for Java's properties files is not suitable. It rejects the whole file
// for a line that begins with '=' or for a path with "\u". It reads "a == b" as the
// value "= b", leaves a goroutine behind after an error, and returns no line numbers
// for our warnings.
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

// skipToKey skips to the next line that is neither empty nor a comment. It returns
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

// newline skips the end of a line: LF, CR, or CR LF.
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

// take reads up to the end of the line, or to a character of stop without a backslash
// before it. It returns the text with the backslashes decoded.
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

// Limits of expand, for a file whose values refer to each other many times.
const (
	maxExpandDepth = 8
	maxExpansions  = 1000
	maxExpanded    = 64 << 10
)

// expand replaces each ${name} in s with the value that lookup returns, and expands
// that value too. For an unknown name it calls unknown and inserts no text, as log4cxx
// does. A "${" without "}" stays unchanged.
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
