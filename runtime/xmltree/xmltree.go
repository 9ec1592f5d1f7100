// Package xmltree reads XML into small trees, at once or piece by piece as it
// comes from a connection, and writes them.
//
// It reads UTF-8 and knows namespaces. It reads no document types, and so no
// entities but the five of XML itself: nothing is fetched and nothing expands.
// Comments and processing instructions are passed over.
package xmltree

import (
	"errors"
	"fmt"
)

// Node is an element.
type Node struct {
	Space    string // the namespace; "" if it has none
	Name     string // without a prefix
	Attr     []Attr
	Children []Child
}

// Attr is an attribute. Declarations of namespaces are none.
type Attr struct {
	Space string // the namespace; "" for a name without a prefix
	Name  string
	Value string
}

// Child is an element or a text within another.
type Child struct {
	Element *Node // nil: a text
	Text    string
}

// Limits bound what is read. All must be greater than 0.
type Limits struct {
	Depth    int // of elements in each other
	Size     int // bytes of one whole element
	Elements int // in one whole element
}

// DefaultLimits are enough for any stanza, and for documents of some size.
var DefaultLimits = Limits{Depth: 100, Size: 1 << 20, Elements: 20_000}

// XMLSpace is the namespace of the prefix xml.
const XMLSpace = "http://www.w3.org/XML/1998/namespace"

// Error is what is wrong with a text, and where: the line, from 1 on.
type Error struct {
	Line int
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

var errEmpty = errors.New("there is no element")

// Parse reads a whole document.
func Parse(text string, l Limits) (*Node, error) {
	p := newParser(l, 0)
	done, err := p.Feed(text)
	switch {
	case err != nil:
		return nil, err
	case len(done) == 0 && len(p.open) > 0:
		return nil, p.wrong("the element <%s> is not closed", p.open[len(p.open)-1].name)
	case len(p.buf) > 0:
		return nil, p.wrong("it ends in the middle of a tag or an entity")
	case len(done) == 0:
		return nil, errEmpty
	}
	return done[0], nil
}

// NewStream makes a parser of one long element, such as an XMPP stream.
func NewStream(l Limits) *Parser { return newParser(l, 1) }
