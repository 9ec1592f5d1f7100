// Package words splits lines that people type into words.
package words

import (
	"errors"
	"strings"
)

// ErrOpenQuote means that a quoted word has no end.
var ErrOpenQuote = errors.New(`a quote is not closed: write \" for a quote inside a word`)

// Line is what is left of a line, from the front.
type Line struct{ text string }

// In returns a text as a Line.
func In(text string) Line { return Line{text} }

// Next returns the next word. ok is false at the end of the line. A word in double
// quotes may have blanks; in it, \" is a quote and \\ a backslash.
func (l *Line) Next() (word string, ok bool, err error) {
	l.text = strings.TrimLeft(l.text, " \t")
	if l.text == "" {
		return "", false, nil
	}
	if l.text[0] != '"' {
		word, l.text, _ = Cut(l.text)
		return word, true, nil
	}
	var b strings.Builder
	for i := 1; i < len(l.text); i++ {
		switch c := l.text[i]; {
		case c == '"':
			l.text = l.text[i+1:]
			return b.String(), true, nil
		case c == '\\' && i+1 < len(l.text) && strings.IndexByte(`"\`, l.text[i+1]) >= 0:
			i++
			b.WriteByte(l.text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false, ErrOpenQuote
}

// All returns the remaining words.
func (l *Line) All() (list []string, err error) {
	for {
		word, ok, err := l.Next()
		if err != nil || !ok {
			return list, err
		}
		list = append(list, word)
	}
}

// Rest returns the rest of the line without the blanks around it. Nothing is left then.
func (l *Line) Rest() string {
	text := strings.Trim(l.text, " \t")
	l.text = ""
	return text
}

// Left returns the rest of the line as it stands.
func (l *Line) Left() string { return l.text }

// Last returns the rest of the line as one word: without its quotes if it is one quoted
// word, and as it stands otherwise.
func (l *Line) Last() (string, error) {
	rest := l.Rest()
	if strings.HasPrefix(rest, `"`) {
		quoted := In(rest)
		word, _, err := quoted.Next()
		if err != nil || quoted.Rest() == "" {
			return word, err
		}
	}
	return rest, nil
}

// Cut cuts a text at the first blank.
func Cut(s string) (before, after string, found bool) {
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], s[i+1:], true
	}
	return s, "", false
}
