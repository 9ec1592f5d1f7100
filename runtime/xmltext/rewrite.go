package xmltext

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"spectrumlua/runtime/xmlns"
)

// maxDepth is the maximum depth of nested elements.
const maxDepth = 100

// Fragment checks that s is well-formed content of an element, as RFC 6120 (section
// 11.1) allows it in a stream: no comments, processing instructions, document
// types, undeclared entities or undeclared prefixes. It encodes the content again, so
// that the result is well-formed even if the parser is too lenient.
func Fragment(s string) (string, error) {
	w := newRewriter(s)
	if err := w.copy(s); err != nil {
		return "", err
	}
	return w.out.String(), nil
}

// Stanza checks that s is one complete message, presence or iq element with only blanks
// around it. It encodes the element again, as Fragment does.
func Stanza(s string) (string, error) {
	w := newRewriter(s)
	w.one = true
	if err := w.copy(strings.Trim(s, " \t\r\n")); err != nil {
		return "", err
	}
	if w.elements != 1 {
		return "", errors.New("it is not a stanza: a message, presence or iq element is required")
	}
	return w.out.String(), nil
}

// rewriter copies XML token by token. The decoder finds the tokens. The rewriter
// checks that they fit together, as strictly as the parsers at the other end of the
// stream.
type rewriter struct {
	one      bool // the input must be one stanza, without text around it
	out      strings.Builder
	empty    bool // the last start tag is still open, because the element may be empty
	open     []element
	scope    xmlns.Scope
	elements int // at the top level
}

type element struct {
	name     string
	declared int // the size of the scope outside of the element
}

func newRewriter(s string) *rewriter {
	w := &rewriter{}
	w.out.Grow(len(s) + len(s)/8)
	return w
}

func (w *rewriter) copy(s string) error {
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

func (w *rewriter) token(token xml.Token) error {
	switch t := token.(type) {
	case xml.StartElement:
		return w.start(t)
	case xml.EndElement:
		return w.end(nameOf(t.Name).String())
	case xml.CharData:
		return w.text(string(t))
	case xml.Comment:
		return errors.New("it has a comment, which XMPP forbids")
	case xml.ProcInst:
		return errors.New("it has a processing instruction or a prolog, which XMPP forbids")
	}
	return errors.New("it has a document type, which XMPP forbids")
}

func (w *rewriter) text(s string) error {
	if w.one && len(w.open) == 0 {
		return errors.New("it has text outside of the stanza")
	}
	if s != "" {
		w.endStartTag()
		_, _ = textEscaper.WriteString(&w.out, Clean(s))
	}
	return nil
}

func (w *rewriter) start(t xml.StartElement) error {
	name := nameOf(t.Name).String()
	if err := w.place(name); err != nil {
		return err
	}
	if err := checkName(nameOf(t.Name)); err != nil {
		return err
	}
	w.open = append(w.open, element{name: name, declared: w.scope.Size()})
	if err := w.enter(t); err != nil {
		return fmt.Errorf("<%s>: %w", name, err)
	}
	w.endStartTag()
	w.out.WriteString("<" + name)
	for _, a := range t.Attr {
		w.out.WriteString(" " + nameOf(a.Name).String() + `="`)
		_, _ = valueEscaper.WriteString(&w.out, Clean(a.Value))
		w.out.WriteByte('"')
	}
	w.empty = true
	return nil
}

// enter checks the names of a tag, and declares its namespaces.
func (w *rewriter) enter(t xml.StartElement) error {
	var names []xmlns.Name
	for _, a := range t.Attr {
		name := nameOf(a.Name)
		if err := checkName(name); err != nil {
			return err
		}
		if err := w.scope.Declare(name, a.Value); err != nil {
			return err
		}
		names = append(names, name)
	}
	if _, err := w.scope.Element(nameOf(t.Name)); err != nil {
		return err
	}
	_, err := w.scope.Attributes(names)
	return err
}

// place checks that an element is allowed at this position.
func (w *rewriter) place(name string) error {
	if len(w.open) == maxDepth {
		return fmt.Errorf("elements are nested more than %d deep", maxDepth)
	}
	if len(w.open) > 0 {
		return nil
	}
	w.elements++
	switch {
	case !w.one:
	case w.elements > 1:
		return errors.New("it has more than one stanza")
	case name != "message" && name != "presence" && name != "iq":
		return fmt.Errorf("<%s> is not a stanza: message, presence or iq is required", name)
	}
	return nil
}

func (w *rewriter) end(name string) error {
	n := len(w.open)
	if n == 0 {
		return fmt.Errorf("</%s> closes no element", name)
	}
	e := w.open[n-1]
	if e.name != name {
		return fmt.Errorf("<%s> is closed by </%s>", e.name, name)
	}
	w.open = w.open[:n-1]
	w.scope.Leave(e.declared)
	if w.empty {
		w.out.WriteString("/>")
		w.empty = false
		return nil
	}
	w.out.WriteString("</" + name + ">")
	return nil
}

func (w *rewriter) endStartTag() {
	if w.empty {
		w.out.WriteByte('>')
		w.empty = false
	}
}

// The escapers write a carriage return as a reference, and in a value also tabs and line
// feeds, because a parser would change them.
var (
	textEscaper  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;")
	valueEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;",
		"\t", "&#9;", "\n", "&#10;", "\r", "&#13;")
)
