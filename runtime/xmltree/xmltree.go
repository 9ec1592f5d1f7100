// Package xmltree parses XML into small trees, from a text or from the chunks of a
// connection, and writes them.
//
// It reads UTF-8 and supports namespaces. It rejects document types, so the only
// entities are the five of XML itself, and it never fetches or expands others. It
// ignores comments and processing instructions.
package xmltree

import (
	"errors"
	"fmt"
)

// Node is an element.
type Node struct {
	Space    string // the namespace; "" without a namespace
	Name     string // without a prefix
	Attr     []Attr
	Children []Child
}

// Get returns the value of an attribute that has no namespace, or "".
func (n *Node) Get(name string) string {
	for i := range n.Attr {
		if a := &n.Attr[i]; a.Name == name && a.Space == "" {
			return a.Value
		}
	}
	return ""
}

// Attr is an attribute. Declarations of namespaces do not count as attributes.
type Attr struct {
	Space string // the namespace; "" for a name without a prefix
	Name  string
	Value string
}

// Child is an element or a text in another element.
type Child struct {
	Element *Node // nil: a text
	Text    string
}

// Limits limit the input. All must be greater than 0.
type Limits struct {
	Depth    int // of nested elements
	Size     int // bytes of one complete element
	Elements int // in one complete element
}

// DefaultLimits are sufficient for any stanza and for medium-sized documents.
var DefaultLimits = Limits{Depth: 100, Size: 1 << 20, Elements: 20_000}

// Error is a problem in a text, with its line, from 1.
type Error struct {
	Line int
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

var errEmpty = errors.New("the text has no element")

// Parse parses a whole document.
func Parse(text string, l Limits) (*Node, error) {
	p := newParser(l, 0)
	done, err := p.Feed(text)
	switch {
	case err != nil:
		return nil, err
	case len(done) == 0 && len(p.open) > 0:
		return nil, p.wrong("the element <%s> is not closed", p.open[len(p.open)-1].name)
	case len(p.buf) > 0:
		return nil, p.wrong("the text ends in the middle of a tag or an entity")
	case len(done) == 0:
		return nil, errEmpty
	}
	return done[0], nil
}

// NewStream returns a parser of the elements in one long element, such as an XMPP
// stream.
func NewStream(l Limits) *Parser { return newParser(l, 1) }
