// Package xmltext makes text fit for an XMPP stream. Spectrum copies what a
// backend sends into stanzas, and one character that XML forbids, or one tag
// left open, closes the stream of the whole transport.
package xmltext

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Clean makes s valid UTF-8 and legal XML 1.0 character data: invalid bytes
// become U+FFFD, characters that XML forbids are left out. A text that is fine
// is returned as it is, without a copy.
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

// firstBad is where the first byte stands that cannot stay, or -1.
func firstBad(s string) int {
	for i := 0; i < len(s); {
		c := s[i]
		if c < utf8.RuneSelf {
			if c < ' ' && c != '\t' && c != '\n' && c != '\r' {
				return i
			}
			i++
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

// legal tells whether XML 1.0 allows a character (its production Char).
func legal(r rune) bool {
	switch {
	case r < ' ':
		return r == '\t' || r == '\n' || r == '\r'
	case r >= 0xD800 && r <= 0xDFFF, r == 0xFFFE, r == 0xFFFF:
		return false
	}
	return r <= utf8.MaxRune
}

// Fragment checks that s is well-formed content of an element, as RFC 6120
// (section 11.1) allows it in a stream: no comments, processing instructions,
// document types, undeclared entities or undeclared prefixes. It returns the
// content written anew, so that what leaves is well-formed whatever a parser
// may have let pass.
func Fragment(s string) (string, error) {
	var w writer
	if err := w.copy(s); err != nil {
		return "", err
	}
	return w.out.String(), nil
}

// Stanza checks that s is one whole element, message, presence or iq, and
// nothing else but blanks around it, and returns it written anew.
func Stanza(s string) (string, error) {
	w := writer{one: true}
	if err := w.copy(strings.TrimSpace(s)); err != nil {
		return "", err
	}
	if w.elements != 1 {
		return "", errors.New("it is no stanza: an element message, presence or iq is wanted")
	}
	return w.out.String(), nil
}

// maxDepth is how deep elements may stand in each other.
const maxDepth = 100

// writer copies XML token by token.
type writer struct {
	one      bool // one stanza, no text beside it
	out      strings.Builder
	open     []element
	elements int // at the top level
}

type element struct {
	name     string
	prefixes []string // declared here
}

func (w *writer) copy(s string) error {
	d := xml.NewDecoder(strings.NewReader(s))
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := w.token(token); err != nil {
			return err
		}
	}
	if n := len(w.open); n > 0 {
		return fmt.Errorf("the element <%s> is not closed", w.open[n-1].name)
	}
	return nil
}

func (w *writer) token(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return w.start(t)
	case xml.EndElement:
		return w.end(qualified(t.Name))
	case xml.CharData:
		if w.one && len(w.open) == 0 {
			return errors.New("it has text beside the stanza")
		}
		escape(&w.out, Clean(string(t)))
		return nil
	case xml.Comment:
		return errors.New("it has a comment, which XMPP forbids")
	case xml.ProcInst:
		return errors.New("it has a processing instruction or a prolog, which XMPP forbids")
	}
	return errors.New("it has a document type or the like, which XMPP forbids")
}

func (w *writer) start(t xml.StartElement) error {
	e := element{name: qualified(t.Name)}
	if len(w.open) == 0 {
		if w.elements++; w.one && w.elements > 1 {
			return errors.New("it has more than one stanza")
		}
		if w.one && e.name != "message" && e.name != "presence" && e.name != "iq" {
			return fmt.Errorf("<%s> is no stanza: message, presence or iq is wanted", e.name)
		}
	}
	if len(w.open) == maxDepth {
		return fmt.Errorf("elements stand more than %d deep in each other", maxDepth)
	}
	seen := map[string]bool{}
	for _, a := range t.Attr {
		name := qualified(a.Name)
		if seen[name] {
			return fmt.Errorf("<%s> has the attribute %s twice", e.name, name)
		}
		seen[name] = true
		if a.Name.Space == "xmlns" {
			e.prefixes = append(e.prefixes, a.Name.Local)
		}
	}
	w.open = append(w.open, e)
	if err := w.declared(t.Name); err != nil {
		return err
	}
	w.out.WriteString("<" + e.name)
	for _, a := range t.Attr {
		if err := w.declared(a.Name); err != nil {
			return err
		}
		w.out.WriteString(" " + qualified(a.Name) + `="`)
		escape(&w.out, Clean(a.Value))
		w.out.WriteByte('"')
	}
	w.out.WriteByte('>')
	return nil
}

func (w *writer) end(name string) error {
	n := len(w.open)
	if n == 0 {
		return fmt.Errorf("</%s> closes nothing", name)
	}
	if open := w.open[n-1].name; open != name {
		return fmt.Errorf("<%s> is closed by </%s>", open, name)
	}
	w.open = w.open[:n-1]
	w.out.WriteString("</" + name + ">")
	return nil
}

// declared refuses a prefix that no open element declares.
func (w *writer) declared(n xml.Name) error {
	if n.Space == "" || n.Space == "xml" || n.Space == "xmlns" {
		return nil
	}
	for _, e := range w.open {
		for _, p := range e.prefixes {
			if p == n.Space {
				return nil
			}
		}
	}
	return fmt.Errorf("the prefix %s: is not declared", n.Space)
}

func qualified(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

func escape(b *strings.Builder, s string) { _, _ = escaper.WriteString(b, s) }

// EscapedLen is how many bytes s takes in a stanza.
func EscapedLen(s string) int {
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
