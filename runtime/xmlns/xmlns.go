// Package xmlns implements "Namespaces in XML 1.0": which prefixes are declared at a
// position of a document, and what names mean there.
package xmlns

import (
	"errors"
	"fmt"
)

// The namespaces that XML itself reserves.
const (
	XML   = "http://www.w3.org/XML/1998/namespace" // of the prefix xml
	XMLNS = "http://www.w3.org/2000/xmlns/"        // of declarations
)

// Name is a name as it is written.
type Name struct {
	Prefix string // "" without a prefix
	Local  string
}

func (n Name) String() string {
	if n.Prefix == "" {
		return n.Local
	}
	return n.Prefix + ":" + n.Local
}

// Declares reports whether an attribute of this name declares a namespace.
func (n Name) Declares() bool { return n.Prefix == "xmlns" || n == Name{Local: "xmlns"} }

// Scope holds the namespaces that are declared at the current position. Enter an element
// with Declare for each attribute, and leave it with Leave.
type Scope struct {
	spaces map[string]string // by prefix; "" is the default namespace
	hidden []binding         // what inner declarations hide, in order
}

type binding struct {
	prefix, space string
	declared      bool
}

// Size is the argument with which Leave returns to the current position.
func (s *Scope) Size() int { return len(s.hidden) }

// Leave removes the declarations since the scope had that size.
func (s *Scope) Leave(size int) {
	for i := len(s.hidden) - 1; i >= size; i-- {
		if b := s.hidden[i]; b.declared {
			s.spaces[b.prefix] = b.space
		} else {
			delete(s.spaces, b.prefix)
		}
	}
	s.hidden = s.hidden[:size]
}

// Declare adds the declaration that an attribute makes, if it makes one.
func (s *Scope) Declare(attribute Name, value string) error {
	switch {
	case !attribute.Declares():
		return nil
	case attribute.Prefix == "":
		if reserved(value) {
			return fmt.Errorf("the namespace %s cannot be the default", value)
		}
		s.bind("", value)
		return nil
	}
	if err := checkDeclaration(attribute.Local, value); err != nil {
		return err
	}
	s.bind(attribute.Local, value)
	return nil
}

// checkDeclaration rejects the declarations of prefixes that the standard forbids.
func checkDeclaration(prefix, space string) error {
	switch {
	case prefix == "xmlns":
		return errors.New("the prefix xmlns cannot be declared")
	case prefix == "xml" && space != XML:
		return errors.New("the prefix xml cannot be declared as anything else")
	case prefix != "xml" && reserved(space):
		return fmt.Errorf("the namespace %s cannot have the prefix %.40s:", space, prefix)
	case space == "":
		return fmt.Errorf("the prefix %.40s: is declared as nothing", prefix)
	}
	return nil
}

func reserved(space string) bool { return space == XML || space == XMLNS }

func (s *Scope) bind(prefix, space string) {
	if s.spaces == nil {
		s.spaces = map[string]string{}
	}
	before, declared := s.spaces[prefix]
	s.hidden = append(s.hidden, binding{prefix, before, declared})
	s.spaces[prefix] = space
}

// Element returns the namespace of an element's name. It is "" without a namespace.
func (s *Scope) Element(n Name) (string, error) {
	switch n.Prefix {
	case "":
		return s.spaces[""], nil
	case "xmlns":
		return "", errors.New("the prefix xmlns is for declarations")
	}
	return s.find(n.Prefix)
}

// manyAttributes is the number of attributes from which a map finds repeated ones faster.
const manyAttributes = 16

// Attributes returns the namespaces of an element's attributes. An attribute without a
// prefix has no namespace. Two attributes must not have the same name, even with
// different prefixes.
func (s *Scope) Attributes(names []Name) ([]string, error) {
	if len(names) == 0 {
		return nil, nil
	}
	return s.AppendAttributes(make([]string, 0, len(names)), names)
}

// AppendAttributes appends the result of Attributes to an empty slice.
func (s *Scope) AppendAttributes(spaces []string, names []Name) ([]string, error) {
	var seen map[[2]string]Name
	if len(names) > manyAttributes {
		seen = make(map[[2]string]Name, len(names))
	}
	for i, n := range names {
		space, err := s.attribute(n)
		if err != nil {
			return nil, err
		}
		before, again := Name{}, false
		if seen != nil {
			key := [2]string{space, n.Local}
			before, again = seen[key]
			seen[key] = n
		} else {
			for j, other := range names[:i] {
				if other.Local == n.Local && spaces[j] == space {
					before, again = other, true
				}
			}
		}
		switch {
		case again && before == n:
			return nil, fmt.Errorf("the attribute %.80s appears twice", n)
		case again:
			return nil, fmt.Errorf("the attribute %.80s appears twice, with another prefix", n)
		}
		spaces = append(spaces, space)
	}
	return spaces, nil
}

func (s *Scope) attribute(n Name) (string, error) {
	switch {
	case n.Declares():
		return XMLNS, nil
	case n.Prefix == "":
		return "", nil
	}
	return s.find(n.Prefix)
}

func (s *Scope) find(prefix string) (string, error) {
	if prefix == "xml" {
		return XML, nil
	}
	space, ok := s.spaces[prefix]
	if !ok {
		return "", fmt.Errorf("the prefix %.40s: is not declared", prefix)
	}
	return space, nil
}
