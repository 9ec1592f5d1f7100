package xmltext

import (
	"encoding/xml"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// The namespaces that XML itself reserves.
const (
	xmlNamespace   = "http://www.w3.org/XML/1998/namespace"
	xmlnsNamespace = "http://www.w3.org/2000/xmlns/"
)

// scope holds the prefixes that are declared at the current position.
type scope struct {
	uris   map[string]string // by prefix
	hidden []binding         // the declarations that inner ones hide, in order
}

type binding struct {
	prefix, uri string
	declared    bool
}

func (s *scope) size() int { return len(s.hidden) }

// leave removes the declarations since the scope had that size.
func (s *scope) leave(size int) {
	for i := len(s.hidden) - 1; i >= size; i-- {
		if b := s.hidden[i]; b.declared {
			s.uris[b.prefix] = b.uri
		} else {
			delete(s.uris, b.prefix)
		}
	}
	s.hidden = s.hidden[:size]
}

// declare adds the declarations among an element's attributes.
func (s *scope) declare(attributes []xml.Attr) error {
	for _, a := range attributes {
		switch {
		case a.Name.Space == "xmlns":
			if err := checkName(a.Name); err != nil {
				return err
			}
			if err := checkDeclaration(a.Name.Local, a.Value); err != nil {
				return err
			}
			s.bind(a.Name.Local, a.Value)
		case a.Name.Space == "" && a.Name.Local == "xmlns" && reserved(a.Value):
			return fmt.Errorf("the namespace %s cannot be the default", a.Value)
		}
	}
	return nil
}

func (s *scope) bind(prefix, uri string) {
	if s.uris == nil {
		s.uris = map[string]string{}
	}
	before, declared := s.uris[prefix]
	s.hidden = append(s.hidden, binding{prefix, before, declared})
	s.uris[prefix] = uri
}

// find returns the namespace of a prefix, or of "".
func (s *scope) find(prefix string) (string, error) {
	switch prefix {
	case "":
		return "", nil
	case "xml":
		return xmlNamespace, nil
	}
	uri, ok := s.uris[prefix]
	if !ok {
		return "", fmt.Errorf("the prefix %s: is not declared", prefix)
	}
	return uri, nil
}

// checkAttributes checks the names of an element's attributes. Two attributes must
// not have the same name, even with different prefixes.
func (s *scope) checkAttributes(attributes []xml.Attr) error {
	if len(attributes) == 0 {
		return nil
	}
	type expanded struct{ space, local string }
	written := make(map[xml.Name]bool, len(attributes))
	meant := map[expanded]bool{}
	for _, a := range attributes {
		if err := checkName(a.Name); err != nil {
			return err
		}
		if written[a.Name] {
			return fmt.Errorf("the attribute %s stands there twice", qualified(a.Name))
		}
		written[a.Name] = true
		if a.Name.Space == "" || a.Name.Space == "xmlns" {
			continue
		}
		uri, err := s.find(a.Name.Space)
		if err != nil {
			return err
		}
		name := expanded{uri, a.Name.Local}
		if meant[name] {
			return fmt.Errorf("the attribute %s stands there twice, with another prefix", qualified(a.Name))
		}
		meant[name] = true
	}
	return nil
}

// checkDeclaration rejects declarations that "Namespaces in XML 1.0" forbids.
func checkDeclaration(prefix, uri string) error {
	switch {
	case prefix == "xmlns":
		return errors.New("the prefix xmlns cannot be declared")
	case prefix == "xml" && uri != xmlNamespace:
		return errors.New("the prefix xml cannot be declared as anything else")
	case prefix != "xml" && reserved(uri):
		return fmt.Errorf("the namespace %s cannot have the prefix %s:", uri, prefix)
	case uri == "":
		return fmt.Errorf("the prefix %s: is declared as nothing", prefix)
	}
	return nil
}

func reserved(uri string) bool { return uri == xmlNamespace || uri == xmlnsNamespace }

// checkName rejects names that the decoder wrongly accepts: a colon at the start or
// the end, and a local part that is not a name.
func checkName(n xml.Name) error {
	if strings.Contains(n.Local, ":") {
		return fmt.Errorf("%s is no name: a colon stands between a prefix and the rest", n.Local)
	}
	if n.Space != "" && !startsName(n.Local) {
		return fmt.Errorf("%s is no name: a letter is wanted after the prefix", qualified(n))
	}
	return nil
}

// startsName reports whether a local part could be a name by itself.
func startsName(local string) bool {
	c := local[0]
	if c < utf8.RuneSelf {
		return c == '_' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
	}
	_, err := xml.NewDecoder(strings.NewReader("<" + local + "/>")).RawToken()
	return err == nil
}

func qualified(n xml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}
