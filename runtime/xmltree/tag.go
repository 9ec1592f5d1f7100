package xmltree

import (
	"bytes"
	"strings"
	"unicode"
	"unicode/utf8"

	"spectrumlua/runtime/xmlns"
)

// tag parses the text between < and >.
func (p *Parser) tag(b []byte) error {
	if err := p.legal(b); err != nil {
		return err
	}
	if len(b) > 0 && b[0] == '/' {
		return p.end(bytes.TrimRight(b[1:], blanks))
	}
	text := string(b) // its parts are the names and values
	text, empty := strings.CutSuffix(text, "/")
	n := strings.IndexAny(text, blanks)
	if n < 0 {
		n = len(text)
	}
	name := text[:n]
	attributes, err := p.attributes(text[n:])
	if err != nil {
		return err
	}
	if err := p.start(name, attributes); err != nil {
		return err
	}
	if empty {
		p.close()
	}
	return nil
}

const blanks = " \t\r\n"

// written is an attribute with its name as in the text.
type written struct {
	name  xmlns.Name
	value string
}

// attributes returns the attributes in a tag, until its next call.
func (p *Parser) attributes(text string) ([]written, error) {
	all := p.written[:0]
	defer func() { p.written = all }()
	for {
		rest := strings.TrimLeft(text, blanks)
		if rest == "" {
			return all, nil
		}
		if len(rest) == len(text) {
			return nil, p.wrong("a blank is missing before %.20q", rest)
		}
		full, after, ok := strings.Cut(rest, "=")
		full = strings.TrimRight(full, blanks)
		after = strings.TrimLeft(after, blanks)
		if !ok || after == "" || after[0] != '"' && after[0] != '\'' {
			return nil, p.wrong("the attribute %.40q has no value in quotation marks", full)
		}
		value, after, ok := strings.Cut(after[1:], after[:1])
		if !ok {
			return nil, p.wrong("the value of the attribute %.40q has no end", full)
		}
		value, err := p.value(value)
		if err != nil {
			return nil, err
		}
		name, err := p.name(full)
		if err != nil {
			return nil, err
		}
		all = append(all, written{name, value})
		text = after
	}
}

// value parses an attribute's value. All blanks become spaces, except those that
// are written as entities.
func (p *Parser) value(text string) (string, error) {
	if strings.IndexByte(text, '<') >= 0 {
		return "", p.wrong("an attribute's value contains <: write &lt;")
	}
	if !strings.ContainsAny(text, "&\t\r\n") {
		return text, nil
	}
	var out []byte
	for b := []byte(strings.ReplaceAll(text, "\r\n", "\n")); len(b) > 0; {
		switch b[0] {
		case '\t', '\r', '\n':
			out = append(out, ' ')
			b = b[1:]
		case '&':
			r, n, err := p.entity(b)
			if err != nil {
				return "", err
			}
			out = utf8.AppendRune(out, r)
			b = b[n:]
		default:
			out = append(out, b[0])
			b = b[1:]
		}
	}
	return string(out), nil
}

func (p *Parser) start(name string, attributes []written) error {
	if p.closed {
		return p.wrong("the element <%.40s> follows the outermost one", name)
	}
	if len(p.open) >= p.limits.Depth {
		return limitError{p.wrong("elements are nested more than %d deep", p.limits.Depth)}
	}
	if len(p.open) == p.level {
		p.size, p.elements = 0, 0
	}
	if p.elements++; p.elements > p.limits.Elements {
		return limitError{p.wrong("an element has more than %d elements in it", p.limits.Elements)}
	}
	p.flush()
	declared := p.scope.Size()
	node, err := p.node(name, attributes)
	if err != nil {
		return err
	}
	if len(p.open) == 0 {
		p.root = node
		p.rootDefault, _ = p.scope.Element(xmlns.Name{})
	} else if parent := p.open[len(p.open)-1].node; len(p.open) > p.level {
		parent.Children = append(parent.Children, Child{Element: node})
	}
	p.open = append(p.open, openElement{node, name, declared})
	return nil
}

// node declares the namespaces of a tag and returns its element.
func (p *Parser) node(name string, attributes []written) (*Node, error) {
	element, err := p.name(name)
	if err != nil {
		return nil, err
	}
	if err := p.declare(attributes); err != nil {
		return nil, err
	}
	n := &Node{Name: element.Local}
	if n.Space, err = p.scope.Element(element); err != nil {
		return nil, p.wrong("%v", err)
	}
	n.Attr, err = p.resolve(attributes)
	return n, err
}

func (p *Parser) end(name []byte) error {
	n := len(p.open) - 1
	if n < 0 {
		return p.wrong("</%.40s> closes no element", name)
	}
	if e := p.open[n]; e.name != string(name) {
		return p.wrong("<%.40s> is closed by </%.40s>", e.name, name)
	}
	p.close()
	return nil
}

// close ends the innermost element.
func (p *Parser) close() {
	p.flush()
	n := len(p.open) - 1
	e := p.open[n]
	p.open[n] = openElement{}
	p.open = p.open[:n]
	p.scope.Leave(e.declared)
	if n == p.level {
		p.done = append(p.done, e.node)
	}
	p.closed = n == 0
}

// flush adds the text so far as a child.
func (p *Parser) flush() {
	p.cr = false
	if len(p.text) == 0 {
		return
	}
	parent := p.open[len(p.open)-1].node
	parent.Children = append(parent.Children, Child{Text: string(p.text)})
	p.text = p.text[:0]
}

// declare adds the namespaces that a tag declares.
func (p *Parser) declare(attributes []written) error {
	for _, a := range attributes {
		if err := p.scope.Declare(a.name, a.value); err != nil {
			return p.wrong("%v", err)
		}
	}
	return nil
}

// name splits a name at its colon.
func (p *Parser) name(text string) (xmlns.Name, error) {
	prefix, local, ok := strings.Cut(text, ":")
	if !ok {
		prefix, local = "", text
	}
	if !validName(local) || ok && !validName(prefix) {
		return xmlns.Name{}, p.wrong("%.40q is not a valid name", text)
	}
	return xmlns.Name{Prefix: prefix, Local: local}, nil
}

// resolve returns the attributes with their namespaces, without the declarations.
func (p *Parser) resolve(attributes []written) ([]Attr, error) {
	names, count := p.names[:0], 0
	for _, a := range attributes {
		names = append(names, a.name)
		if !a.name.Declares() {
			count++
		}
	}
	p.names = names
	spaces, err := p.scope.AppendAttributes(p.spaces[:0], names)
	if err != nil {
		return nil, p.wrong("%v", err)
	}
	p.spaces = spaces
	if count == 0 {
		return nil, nil
	}
	all := make([]Attr, 0, count)
	for i, a := range attributes {
		if !a.name.Declares() {
			all = append(all, Attr{spaces[i], a.name.Local, a.value})
		}
	}
	return all, nil
}

// validName reports whether a name without a prefix is valid in XML (NameStartChar
// and NameChar of XML 1.0, fifth edition, without the colon).
func validName(name string) bool {
	for i, r := range name {
		if r|0x20 >= 'a' && r|0x20 <= 'z' || i > 0 && (r == '-' || r >= '0' && r <= '9') { // the usual case
			continue
		}
		if !unicode.Is(nameStart, r) && (i == 0 || !unicode.Is(nameMore, r)) {
			return false
		}
	}
	return name != ""
}

var (
	nameStart = &unicode.RangeTable{
		R16: []unicode.Range16{
			{'A', 'Z', 1}, {'_', '_', 1}, {'a', 'z', 1}, {0xC0, 0xD6, 1}, {0xD8, 0xF6, 1}, {0xF8, 0x2FF, 1}, {0x370, 0x37D, 1},
			{0x37F, 0x1FFF, 1}, {0x200C, 0x200D, 1}, {0x2070, 0x218F, 1}, {0x2C00, 0x2FEF, 1}, {0x3001, 0xD7FF, 1},
			{0xF900, 0xFDCF, 1}, {0xFDF0, 0xFFFC, 1}, // U+FFFD replaces invalid UTF-8
		},
		R32:         []unicode.Range32{{0x10000, 0xEFFFF, 1}},
		LatinOffset: 6 - 1,
	}
	nameMore = &unicode.RangeTable{
		R16:         []unicode.Range16{{'-', '.', 1}, {'0', '9', 1}, {0xB7, 0xB7, 1}, {0x300, 0x36F, 1}, {0x203F, 0x2040, 1}},
		LatinOffset: 3,
	}
)

// IsPlainName reports whether the name of an element or attribute has only ASCII letters. All
// parsers accept such a name; other names depend on the edition of XML 1.0. Expat, which most
// XMPP servers use, follows the fourth.
func IsPlainName(name string) bool {
	return strings.IndexFunc(name, func(r rune) bool { return r >= utf8.RuneSelf }) < 0
}
