package xmlns_test

import (
	"slices"
	"strings"
	"testing"

	"spectrumlua/runtime/xmlns"
)

func name(text string) xmlns.Name {
	if prefix, local, ok := strings.Cut(text, ":"); ok {
		return xmlns.Name{Prefix: prefix, Local: local}
	}
	return xmlns.Name{Local: text}
}

// enter declares the namespaces of a tag, given as NAME=VALUE, and resolves its
// attributes.
func enter(s *xmlns.Scope, attributes ...string) ([]string, error) {
	var names []xmlns.Name
	for _, a := range attributes {
		n, value, _ := strings.Cut(a, "=")
		names = append(names, name(n))
		if err := s.Declare(name(n), value); err != nil {
			return nil, err
		}
	}
	return s.Attributes(names)
}

func TestScopeResolvesNamesByTheInnermostDeclaration(t *testing.T) {
	var s xmlns.Scope
	expect := func(element, want string) {
		t.Helper()
		if got, err := s.Element(name(element)); got != want || err != nil {
			t.Errorf("%s: namespace %q, %v; want %q", element, got, err, want)
		}
	}
	spaces, err := enter(&s, "xmlns=outer", "xmlns:p=one", "p:a=", "b=", "xml:lang=")
	if want := []string{xmlns.XMLNS, xmlns.XMLNS, "one", "", xmlns.XML}; err != nil || !slices.Equal(spaces, want) {
		t.Errorf("%q, %v", spaces, err)
	}
	expect("x", "outer")
	expect("p:x", "one")
	size := s.Size()
	if _, err := enter(&s, "xmlns=", "xmlns:p=two", "xmlns:q=three"); err != nil {
		t.Error(err)
	}
	expect("x", "")
	expect("p:x", "two")
	expect("q:x", "three")
	s.Leave(size)
	expect("x", "outer")
	expect("p:x", "one")
	expect("xml:x", xmlns.XML)
	if space, err := s.Element(name("q:x")); err == nil {
		t.Errorf("a prefix of an element that has ended still means %q", space)
	}
	s.Leave(0)
	expect("x", "")
}

func TestScopeRejectsWhatTheStandardForbids(t *testing.T) {
	for _, c := range []struct {
		attributes, want string
	}{
		{"p:a=", "the prefix p: is not declared"},
		{"a= a=", "the attribute a appears twice"},
		{"xmlns=u xmlns=v", "the attribute xmlns appears twice"},
		{"xmlns:p=u xmlns:p=v", "the attribute xmlns:p appears twice"},
		{"xmlns:p=u xmlns:q=u p:a= q:a=", "the attribute q:a appears twice, with another prefix"},
		{"xmlns:p=", "the prefix p: is declared as nothing"},
		{"xmlns:xml=u", "the prefix xml cannot be declared as anything else"},
		{"xmlns:xmlns=u", "the prefix xmlns cannot be declared"},
		{"xmlns=" + xmlns.XML, "cannot be the default"},
		{"xmlns=" + xmlns.XMLNS, "cannot be the default"},
		{"xmlns:p=" + xmlns.XML, "cannot have the prefix p:"},
		{"xmlns:p=" + xmlns.XMLNS, "cannot have the prefix p:"},
	} {
		if _, err := enter(&xmlns.Scope{}, strings.Fields(c.attributes)...); err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", c.attributes, err, c.want)
		}
	}
	if _, err := enter(&xmlns.Scope{}, "xmlns:xml="+xmlns.XML, "xmlns:p=u", "p:a=", "a="); err != nil {
		t.Error(err)
	}
	if _, err := (&xmlns.Scope{}).Element(name("xmlns:a")); err == nil {
		t.Error("an element has the prefix xmlns")
	}
}
