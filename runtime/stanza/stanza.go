// Package stanza builds and reads XMPP stanzas as trees.
//
// The namespace of the stream is "" in trees, so a stanza and its body have no namespace.
package stanza

import (
	"encoding/base64"
	"strings"

	"spectrumlua/runtime/xmltree"
)

// Attrs are the names and values of attributes, in turn. Attributes with an empty value
// are omitted.
type Attrs []string

// Element returns an element with the given children. A nil child is omitted.
func Element(space, name string, attrs Attrs, children ...*xmltree.Node) *xmltree.Node {
	n := &xmltree.Node{Space: space, Name: name}
	for i := 0; i+1 < len(attrs); i += 2 {
		if attrs[i+1] != "" {
			n.Attr = append(n.Attr, xmltree.Attr{Name: attrs[i], Value: attrs[i+1]})
		}
	}
	return Add(n, children...)
}

// Text returns an element that contains text.
func Text(space, name, text string) *xmltree.Node {
	n := &xmltree.Node{Space: space, Name: name}
	if text != "" {
		n.Children = []xmltree.Child{{Text: text}}
	}
	return n
}

// Optional is like Text, but returns nil if the text is empty.
func Optional(space, name, text string) *xmltree.Node {
	if text == "" {
		return nil
	}
	return Text(space, name, text)
}

// Add appends children to an element and returns it. A nil child is omitted.
func Add(n *xmltree.Node, children ...*xmltree.Node) *xmltree.Node {
	for _, child := range children {
		if child != nil {
			n.Children = append(n.Children, xmltree.Child{Element: child})
		}
	}
	return n
}

// Message returns a message. typ is "" for the type normal.
func Message(from, to, typ string, children ...*xmltree.Node) *xmltree.Node {
	return Element("", "message", Attrs{"from", from, "to", to, "type", typ}, children...)
}

// Presence returns a presence. typ is "" for the presence of an available entity.
func Presence(from, to, typ string, children ...*xmltree.Node) *xmltree.Node {
	return Element("", "presence", Attrs{"from", from, "to", to, "type", typ}, children...)
}

// IQ returns an IQ.
func IQ(from, to, typ, id string, payload *xmltree.Node) *xmltree.Node {
	return Element("", "iq", Attrs{"from", from, "to", to, "type", typ, "id", id}, payload)
}

// Result returns the successful answer to an IQ. payload may be nil.
func Result(iq, payload *xmltree.Node) *xmltree.Node {
	return IQ(Attr(iq, "to"), Attr(iq, "from"), "result", Attr(iq, "id"), payload)
}

// Attr returns the value of an attribute without a namespace, or "". It accepts a nil
// element.
func Attr(n *xmltree.Node, name string) string {
	if n == nil {
		return ""
	}
	return n.Get(name)
}

// SetAttr sets an attribute without a namespace.
func SetAttr(n *xmltree.Node, name, value string) {
	for i, a := range n.Attr {
		if a.Space == "" && a.Name == name {
			n.Attr[i].Value = value
			return
		}
	}
	n.Attr = append(n.Attr, xmltree.Attr{Name: name, Value: value})
}

// Child returns the first child element with that name, or nil. It accepts a nil element.
func Child(n *xmltree.Node, space, name string) *xmltree.Node {
	if n == nil {
		return nil
	}
	for _, c := range n.Children {
		if e := c.Element; e != nil && e.Space == space && e.Name == name {
			return e
		}
	}
	return nil
}

// Children returns the child elements.
func Children(n *xmltree.Node) []*xmltree.Node {
	if n == nil {
		return nil
	}
	var all []*xmltree.Node
	for _, c := range n.Children {
		if c.Element != nil {
			all = append(all, c.Element)
		}
	}
	return all
}

// Body returns the text directly in an element, without its child elements.
func Body(n *xmltree.Node) string {
	switch {
	case n == nil || len(n.Children) == 0:
		return ""
	case len(n.Children) == 1:
		return n.Children[0].Text
	}
	var b strings.Builder
	for _, c := range n.Children {
		b.WriteString(c.Text)
	}
	return b.String()
}

// ChildText returns the text of the first child element with that name, or "".
func ChildText(n *xmltree.Node, space, name string) string { return Body(Child(n, space, name)) }

// urlSafe replaces the alphabet of base64 for URLs.
var urlSafe = strings.NewReplacer("-", "+", "_", "/")

// Base64 decodes base64 as clients write it: in either alphabet, with or without padding, and
// with white space anywhere.
func Base64(text string) ([]byte, error) {
	text = urlSafe.Replace(strings.Join(strings.Fields(text), ""))
	encoding := base64.RawStdEncoding
	if strings.HasSuffix(text, "=") {
		encoding = base64.StdEncoding
	}
	return encoding.DecodeString(text)
}

// ForClients returns a copy of an element in the namespace of clients, for a stanza inside
// of another one.
func ForClients(n *xmltree.Node) *xmltree.Node {
	copied := *n
	if copied.Space == "" {
		copied.Space = "jabber:client"
	}
	copied.Children = make([]xmltree.Child, len(n.Children))
	for i, c := range n.Children {
		if c.Element != nil {
			c.Element = ForClients(c.Element)
		}
		copied.Children[i] = c
	}
	return &copied
}
