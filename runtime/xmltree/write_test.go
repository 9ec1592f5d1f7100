package xmltree_test

import (
	"fmt"
	"strings"
	"testing"

	"spectrumlua/runtime/xmlns"
	"spectrumlua/runtime/xmltree"
)

// TestTextRejectsWhatDoesNotParse writes trees that no parser returns.
func TestTextRejectsWhatDoesNotParse(t *testing.T) {
	attr := func(space, name string) xmltree.Attr { return xmltree.Attr{Space: space, Name: name, Value: "v"} }
	var many []xmltree.Attr
	for i := range 20 {
		many = append(many, attr("", fmt.Sprintf("a%d", i)))
	}
	cases := []struct {
		name string
		node xmltree.Node
		want string
	}{
		{"an attribute twice", xmltree.Node{Name: "x", Attr: []xmltree.Attr{attr("", "a"), attr("", "b"), attr("", "a")}}, "the attribute a of <x> appears twice"},
		{"one of many twice", xmltree.Node{Name: "x", Attr: append(many, attr("", "a7"))}, "the attribute a7 of <x> appears twice"},
		{"an attribute of a namespace twice", xmltree.Node{Name: "x", Attr: []xmltree.Attr{attr("n", "a"), attr("n", "a")}}, "appears twice"},
		{"a declaration", xmltree.Node{Name: "x", Attr: []xmltree.Attr{attr("", "xmlns")}}, "is not a valid name"},
		{"a declaration of a prefix", xmltree.Node{Name: "x", Attr: []xmltree.Attr{attr(xmlns.XMLNS, "p")}}, "cannot be that of an attribute"},
		{"an element of XML itself", xmltree.Node{Space: xmlns.XML, Name: "x"}, "cannot be that of an element"},
		{"an element of declarations", xmltree.Node{Space: xmlns.XMLNS, Name: "x"}, "cannot be that of an element"},
		{"no name", xmltree.Node{}, "is not a valid name"},
		{"a tag as a name", xmltree.Node{Name: "x><y"}, "is not a valid name"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			if text, err := tc.node.Text(1000); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
	same := xmltree.Node{Name: "x", Attr: []xmltree.Attr{attr("", "a"), attr("n", "a"), attr("m", "a")}}
	if text, err := same.Text(1000); err != nil || same.Get("a") != "v" || same.Get("b") != "" {
		t.Errorf("%q, %v", text, err)
	}
}
