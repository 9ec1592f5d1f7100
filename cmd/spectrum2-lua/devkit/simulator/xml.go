package simulator

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// wellFormed checks XML that is placed inside an element, such as xhtml.
func wellFormed(s string) error {
	p := newXMLChecker(s)
	return p.run()
}

// oneStanza checks that s is exactly one stanza.
func oneStanza(s string) error {
	p := newXMLChecker(s)
	p.stanza = true
	if err := p.run(); err != nil {
		return err
	}
	if p.roots == 0 {
		return errors.New("the stanza has no element")
	}
	return nil
}

// xmlChecker rejects XML that XMPP's parsers reject and encoding/xml accepts: unbound
// prefixes, repeated or unseparated attributes, comments, prologs.
type xmlChecker struct {
	src    string
	dec    *xml.Decoder
	stanza bool
	open   []openElement
	roots  int
}

type openElement struct {
	name     xml.Name // with the prefix for a Space
	prefixes []string // declared in this element
}

func newXMLChecker(s string) *xmlChecker {
	return &xmlChecker{src: s, dec: xml.NewDecoder(strings.NewReader(s))}
}

func (p *xmlChecker) run() error {
	for {
		start := p.dec.InputOffset()
		token, err := p.dec.RawToken()
		switch {
		case errors.Is(err, io.EOF):
			if n := len(p.open); n > 0 {
				return fmt.Errorf("<%s> is not closed", tagName(p.open[n-1].name))
			}
			return nil
		case err != nil:
			return err
		}
		if err := p.token(token, p.src[start:p.dec.InputOffset()]); err != nil {
			return err
		}
	}
}

func (p *xmlChecker) token(token xml.Token, raw string) error {
	switch token := token.(type) {
	case xml.StartElement:
		return p.start(token, raw)
	case xml.EndElement:
		n := len(p.open)
		if n == 0 {
			return fmt.Errorf("</%s> closes nothing", tagName(token.Name))
		}
		if p.open[n-1].name != token.Name {
			return fmt.Errorf("</%s> closes <%s>", tagName(token.Name), tagName(p.open[n-1].name))
		}
		p.open = p.open[:n-1]
	case xml.CharData:
		if p.stanza && len(p.open) == 0 && strings.TrimSpace(string(token)) != "" {
			return errors.New("text outside the stanza")
		}
	case xml.Comment:
		return errors.New("XMPP allows no comments")
	case xml.ProcInst:
		return fmt.Errorf("XMPP allows no <?%s?> here", token.Target)
	case xml.Directive:
		return errors.New("XMPP allows no <!…>")
	}
	return nil
}

func (p *xmlChecker) start(e xml.StartElement, raw string) error {
	if p.stanza && len(p.open) == 0 {
		p.roots++
		switch name := tagName(e.Name); {
		case p.roots > 1:
			return fmt.Errorf("<%s> is a second stanza", name)
		case name != "message" && name != "presence" && name != "iq":
			return fmt.Errorf("<%s> is not a stanza", name)
		}
	}
	seen := map[xml.Name]bool{}
	var declared []string
	for _, a := range e.Attr {
		if seen[a.Name] {
			return fmt.Errorf("<%s> has the attribute %s twice", tagName(e.Name), tagName(a.Name))
		}
		seen[a.Name] = true
		if a.Name.Space == "xmlns" {
			declared = append(declared, a.Name.Local)
		}
	}
	p.open = append(p.open, openElement{e.Name, declared})
	for _, a := range e.Attr {
		if err := p.bound(a.Name); err != nil {
			return err
		}
	}
	if err := p.bound(e.Name); err != nil {
		return err
	}
	return separated(raw, tagName(e.Name))
}

// bound checks that a name's prefix is declared in this element or around it.
func (p *xmlChecker) bound(name xml.Name) error {
	if strings.Contains(name.Local, ":") {
		return fmt.Errorf("%q is not a name", tagName(name))
	}
	if name.Space == "" || name.Space == "xml" || name.Space == "xmlns" {
		return nil
	}
	for _, e := range p.open {
		for _, prefix := range e.prefixes {
			if prefix == name.Space {
				return nil
			}
		}
	}
	return fmt.Errorf("the prefix of %s is not declared", tagName(name))
}

// separated checks that the attributes of a start tag are separated by blanks.
func separated(tag, name string) error {
	quote := byte(0)
	for i := range len(tag) {
		switch c := tag[i]; {
		case quote == 0 && (c == '"' || c == '\''):
			quote = c
		case quote != 0 && c == quote:
			quote = 0
			if i+1 < len(tag) && !strings.ContainsRune(" \t\r\n/>", rune(tag[i+1])) {
				return fmt.Errorf("in <%s>, attributes are not separated", name)
			}
		}
	}
	return nil
}

func tagName(name xml.Name) string {
	if name.Space == "" {
		return name.Local
	}
	return name.Space + ":" + name.Local
}
