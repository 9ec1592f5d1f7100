package xmltree

import (
	"errors"
	"fmt"
	"strings"

	"spectrumlua/runtime/xmlns"
	"spectrumlua/runtime/xmltext"
)

// The escapers write a carriage return as a reference, and in a value also tabs and line
// feeds, because a parser would change them.
var (
	textEscaper  = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\r", "&#13;")
	valueEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;",
		"\t", "&#9;", "\n", "&#10;", "\r", "&#13;")
	bothEscaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;")
)

// Escape escapes a text for use in XML, between tags or in a value. It replaces
// invalid UTF-8 and removes characters that XML forbids.
func Escape(s string) string { return bothEscaper.Replace(xmltext.Clean(s)) }

// errSize is returned if the text would be too long.
var errSize = errors.New("the text would be too long")

// Writer writes elements one after the other.
type Writer struct {
	out  strings.Builder
	most int
	open []opened
}

// opened is an element without its end tag.
type opened struct {
	name  string
	space string
	empty bool // the start tag still lacks its >
}

// NewWriter returns a writer of at most that many bytes.
func NewWriter(most int) *Writer { return &Writer{most: most} }

// Depth returns the number of open elements.
func (w *Writer) Depth() int { return len(w.open) }

// Space returns the default namespace at the current position.
func (w *Writer) Space() string {
	if len(w.open) == 0 {
		return ""
	}
	return w.open[len(w.open)-1].space
}

// Start begins an element and makes its namespace the default one.
func (w *Writer) Start(space, name string, attributes []Attr) error {
	if !validName(name) {
		return fmt.Errorf("%.40q is not a valid name of an element", name)
	}
	if space == xmlns.XML || space == xmlns.XMLNS {
		return fmt.Errorf("the namespace %s cannot be that of an element", space)
	}
	if a, twice := repeated(attributes); twice {
		return fmt.Errorf("the attribute %.40s of <%.40s> appears twice", a.Name, name)
	}
	w.content()
	w.out.WriteByte('<')
	w.out.WriteString(name)
	if space != w.Space() {
		w.attribute("xmlns", space)
	}
	prefixes := 0
	for _, a := range attributes {
		if !validName(a.Name) || a.Space == "" && a.Name == "xmlns" {
			return fmt.Errorf("%.40q is not a valid name of an attribute", a.Name)
		}
		switch a.Space {
		case "":
			w.attribute(a.Name, a.Value)
		case xmlns.XML:
			w.attribute("xml:"+a.Name, a.Value)
		case xmlns.XMLNS:
			return fmt.Errorf("the namespace %s cannot be that of an attribute", a.Space)
		default:
			prefixes++
			prefix := fmt.Sprintf("ns%d", prefixes)
			w.attribute("xmlns:"+prefix, a.Space)
			w.attribute(prefix+":"+a.Name, a.Value)
		}
		if err := w.fits(); err != nil {
			return err
		}
	}
	w.open = append(w.open, opened{name, space, true})
	return w.fits()
}

// repeated returns an attribute that appears twice.
func repeated(attributes []Attr) (Attr, bool) {
	if len(attributes) > manyAttributes {
		seen := make(map[[2]string]bool, len(attributes))
		for _, a := range attributes {
			key := [2]string{a.Space, a.Name}
			if seen[key] {
				return a, true
			}
			seen[key] = true
		}
		return Attr{}, false
	}
	for i, a := range attributes {
		for _, b := range attributes[:i] {
			if a.Name == b.Name && a.Space == b.Space {
				return a, true
			}
		}
	}
	return Attr{}, false
}

// manyAttributes is the number of attributes from which a map is faster.
const manyAttributes = 16

func (w *Writer) attribute(name, value string) {
	w.out.WriteString(" " + name + `="`)
	_, _ = valueEscaper.WriteString(&w.out, xmltext.Clean(value))
	w.out.WriteByte('"')
}

// content completes an open start tag.
func (w *Writer) content() {
	if n := len(w.open); n > 0 && w.open[n-1].empty {
		w.out.WriteByte('>')
		w.open[n-1].empty = false
	}
}

// Text writes escaped characters.
func (w *Writer) Text(s string) error {
	if s != "" {
		w.content()
		_, _ = textEscaper.WriteString(&w.out, xmltext.Clean(s))
	}
	return w.fits()
}

// End ends the innermost open element.
func (w *Writer) End() error {
	e := w.open[len(w.open)-1]
	w.open = w.open[:len(w.open)-1]
	if e.empty {
		w.out.WriteString("/>")
	} else {
		w.out.WriteString("</" + e.name + ">")
	}
	return w.fits()
}

func (w *Writer) fits() error {
	if w.out.Len() > w.most {
		return errSize
	}
	return nil
}

// String returns the text written so far.
func (w *Writer) String() string { return w.out.String() }

// Text returns the tree as XML, or an error if it is longer than that many bytes.
func (n *Node) Text(most int) (string, error) {
	w := NewWriter(most)
	if err := w.node(n); err != nil {
		return "", err
	}
	return w.String(), nil
}

func (w *Writer) node(n *Node) error {
	if err := w.Start(n.Space, n.Name, n.Attr); err != nil {
		return err
	}
	for _, c := range n.Children {
		err := error(nil)
		if c.Element != nil {
			err = w.node(c.Element)
		} else {
			err = w.Text(c.Text)
		}
		if err != nil {
			return err
		}
	}
	return w.End()
}
