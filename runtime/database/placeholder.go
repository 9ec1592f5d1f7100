package database

import (
	"fmt"
	"slices"
	"strings"
)

// syntax describes an engine's additions to the standard's quotes and comments.
type syntax struct {
	backtick bool // `name`
	bracket  bool // [name]
	dollar   bool // $tag$ text $tag$
	nested   bool // comments within comments
	escapes  bool // a backslash escapes in E'…', or with always in all strings
	always   bool
	hash     bool // # starts a comment; -- starts one only before a blank
	doubled  bool // ?? stands for the operator ?
}

// bind converts ? placeholders to the engine's syntax, except in strings, quoted
// names and comments. It returns their number, or -1 if the statement uses the
// engine's own placeholders (?1, :name).
func (e *Engine) bind(text string) (bound string, n int) {
	if !strings.ContainsAny(text, "?:@$") {
		return text, 0
	}
	var out strings.Builder
	own := false
	for i := 0; i < len(text); {
		if end := e.syntax.skip(text, i); end > i {
			out.WriteString(text[i:end])
			i = end
			continue
		}
		next := byte(0)
		if i+1 < len(text) {
			next = text[i+1]
		}
		switch c := text[i]; {
		case c == '?' && next == '?' && e.syntax.doubled:
			out.WriteByte('?')
			i++
		case c == '?' && e == SQLite && '0' <= next && next <= '9',
			e == SQLite && strings.IndexByte(":@$", c) >= 0 && wordStart(next):
			own = true
			out.WriteByte(c)
		case c == '?':
			n++
			if e.numbered {
				fmt.Fprintf(&out, "$%d", n)
			} else {
				out.WriteByte('?')
			}
		case c == '$' && e.numbered && '0' <= next && next <= '9':
			own = true
			out.WriteByte(c)
		default:
			out.WriteByte(c)
		}
		i++
	}
	if own {
		return text, -1
	}
	return out.String(), n
}

// skip returns the end of the string, quoted name or comment that starts at i. It
// returns i if nothing of that kind starts there, and the end of text if the string,
// name or comment is not terminated.
func (s syntax) skip(text string, i int) int {
	rest := text[i:]
	switch c := text[i]; {
	case c == '\'':
		return i + quoted(rest, '\'', s.escapes && (s.always || escapeString(text, i)))
	case c == '"':
		return i + quoted(rest, '"', s.always)
	case c == '`' && s.backtick:
		return i + quoted(rest, '`', false)
	case c == '[' && s.bracket:
		return i + through(rest, 1, "]")
	case s.line(rest):
		return i + through(rest, 1, "\n")
	case strings.HasPrefix(rest, "/*"):
		return i + comment(rest, s.nested)
	case c == '$' && s.dollar && (i == 0 || !wordPart(text[i-1])):
		return i + dollarQuoted(rest)
	}
	return i
}

// empty reports whether a text contains only blanks and comments. Some drivers panic
// at an empty text. A NUL ends the text, as it does for SQLite.
func (s syntax) empty(text string) bool {
	at := s.start(text)
	return at == len(text) || text[at] == 0
}

// start returns the start of the first statement.
func (s syntax) start(text string) int {
	for i := 0; i < len(text); {
		switch c := text[i]; {
		case strings.IndexByte(" \t\r\n\f\v;", c) >= 0:
			i++
		case s.line(text[i:]), strings.HasPrefix(text[i:], "/*") && !strings.HasPrefix(text[i:], "/*!"):
			i = s.skip(text, i)
		default:
			return i
		}
	}
	return len(text)
}

// control holds the first words of statements that begin or end transactions.
var control = map[string]bool{
	"BEGIN": true, "START": true, "COMMIT": true, "END": true, "ROLLBACK": true, "ABORT": true, "SAVEPOINT": true, "RELEASE": true,
}

// controls reports whether a statement in the text begins or ends a transaction,
// which would affect later users of the connection.
func (s syntax) controls(text string) bool {
	inBody := false // within BEGIN … END of a trigger or a function
	for {
		text = text[s.start(text):]
		if text == "" || text[0] == 0 {
			return false
		}
		words, end := s.words(text)
		switch {
		case inBody:
			inBody = words[0] != "END"
		case control[words[0]]:
			return true
		default:
			inBody = words[0] == "CREATE" && slices.Contains(words, "BEGIN")
		}
		text = text[end:]
	}
}

// bodies are the objects with a body that may contain semicolons.
var bodies = []string{"PROCEDURE", "FUNCTION", "TRIGGER", "EVENT", "PACKAGE", "RULE"}

// several reports whether a text has more than one statement. It returns false if it
// is not sure: servers themselves reject several statements. SQLite would run all of
// them, and not undo the first ones if a later one fails.
func (e *Engine) several(text string) bool {
	s := e.syntax
	text = text[s.start(text):]
	words, end := s.words(text)
	rest := text[end:]
	switch {
	case e == SQLite && words[0] == "CREATE" && slices.Contains(words, "TRIGGER"):
		for words[0] != "END" { // skip the statements of the body
			rest = rest[s.start(rest):]
			if rest == "" {
				return false // SQLite returns an error that says what is missing
			}
			words, end = s.words(rest)
			rest = rest[end:]
		}
	case e != SQLite && slices.ContainsFunc(words, func(w string) bool { return slices.Contains(bodies, w) }):
		return false
	}
	return !s.empty(rest)
}

// words returns the words of the first statement, and its end. The result has at
// least one word, which may be "".
func (s syntax) words(text string) (words []string, end int) {
	word := func(i int) int {
		from := i
		for i < len(text) && wordPart(text[i]) {
			i++
		}
		if from == 0 || i > from {
			words = append(words, strings.ToUpper(text[from:i]))
		}
		return i
	}
	for i := word(0); i < len(text); {
		if next := s.skip(text, i); next > i {
			i = next
			continue
		}
		if text[i] == ';' {
			return words, i
		}
		i = max(word(i), i+1)
	}
	return words, len(text)
}

// line reports whether text starts with a comment that ends with its line.
func (s syntax) line(text string) bool {
	if !s.hash {
		return strings.HasPrefix(text, "--")
	}
	return text[0] == '#' || strings.HasPrefix(text, "--") && (len(text) == 2 || text[2] <= ' ')
}

// escapeString reports whether the quote at i belongs to an E'…'.
func escapeString(text string, i int) bool {
	return i > 0 && (text[i-1] == 'E' || text[i-1] == 'e') && (i == 1 || !wordPart(text[i-2]))
}

// quoted returns the length of the quoted text at the start of s. Two quotes in a row
// stand for one.
func quoted(s string, quote byte, escapes bool) int {
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && escapes:
			i++
		case s[i] == quote && i+1 < len(s) && s[i+1] == quote:
			i++
		case s[i] == quote:
			return i + 1
		}
	}
	return len(s)
}

// through returns the length up to and including the first end at or after from.
func through(s string, from int, end string) int {
	if at := strings.Index(s[from:], end); at >= 0 {
		return from + at + len(end)
	}
	return len(s)
}

func comment(s string, nested bool) int {
	if !nested {
		return through(s, 2, "*/")
	}
	depth := 1
	for i := 2; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(s)
}

// dollarQuoted returns the length of the $tag$ … $tag$ at the start of s, or 0 if s
// does not start with a tag.
func dollarQuoted(s string) int {
	end := 1
	for end < len(s) && wordPart(s[end]) && (end > 1 || wordStart(s[end])) {
		end++
	}
	if end >= len(s) || s[end] != '$' {
		return 0
	}
	tag := s[:end+1]
	return through(s, len(tag), tag)
}

func wordStart(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= 0x80 }

func wordPart(c byte) bool { return wordStart(c) || c >= '0' && c <= '9' }
