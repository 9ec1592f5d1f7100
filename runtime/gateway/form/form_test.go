package form_test

import (
	"testing"

	"spectrumlua/runtime/gateway/form"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// TestEachLineOfTheInstructionsIsAnElement has instructions of several lines (XEP-0004, section 3).
func TestEachLineOfTheInstructionsIsAnElement(t *testing.T) {
	n := form.Form{Type: "form", Instructions: "one\r\n\ntwo\n"}.Node()
	var lines []string
	for _, child := range stanza.Children(n) {
		lines = append(lines, child.Name+" "+stanza.Body(child))
	}
	if len(lines) != 2 || lines[0] != "instructions one" || lines[1] != "instructions two" {
		t.Errorf("the form has %q", lines)
	}
}

func TestReadIgnoresElementsOfOtherNamespaces(t *testing.T) {
	n, err := xmltree.Parse(`<p><x xmlns="jabber:x:data" type="submit">
		<field xmlns="urn:other" var="a"><value>1</value></field>
		<field var="b"><value xmlns="urn:other">2</value><value>3</value></field></x></p>`, xmltree.DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	values, canceled, ok := form.Read(n)
	if _, known := values["a"]; known || values.Text("b") != "3" || canceled || !ok {
		t.Errorf("the form says %v", values)
	}
}

// TestCheck has values for each type of field whose values are limited (XEP-0004, section 3.3).
func TestCheck(t *testing.T) {
	f := form.Form{Fields: []form.Field{
		{Var: "on", Type: form.Boolean},
		{Var: "one", Type: form.List, Options: []string{"a", "b"}},
		{Var: "some", Type: form.Lists, Options: []string{"a", "b"}},
		{Var: "open", Type: form.List, Options: []string{"a"}, Open: true},
		{Var: "text", Type: form.Text},
	}}
	for _, c := range []struct{ name, value, want string }{
		{"on", "1", ""}, {"on", "true", ""}, {"on", "0", ""}, {"on", "false", ""},
		{"on", "yes", `The field on takes 1 or 0, not "yes".`}, {"on", "", `The field on takes 1 or 0, not "".`},
		{"one", "b", ""}, {"one", "c", `The field one has no option "c".`},
		{"some", "a", ""}, {"some", "c", `The field some has no option "c".`},
		{"open", "c", ""}, {"text", "anything", ""}, {"unknown", "x", ""},
	} {
		if got := f.Check(form.Submitted{c.name: {c.value}}); got != c.want {
			t.Errorf("%s=%q: %q, want %q", c.name, c.value, got, c.want)
		}
	}
	if got := f.Check(form.Submitted{"some": {"a", "c"}}); got == "" {
		t.Error("the second value is not checked")
	}
	if got := f.Check(nil); got != "" {
		t.Errorf("without values: %q", got)
	}
}
