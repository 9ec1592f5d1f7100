// Package form builds and reads data forms (XEP-0004).
package form

import (
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Types of fields (XEP-0004, section 3.3).
const (
	Boolean = "boolean"
	Fixed   = "fixed"
	Hidden  = "hidden"
	JIDs    = "jid-multi"
	List    = "list-single"
	Lines   = "text-multi"
	Private = "text-private"
	Text    = "text-single"
)

// Field is a field of a form.
type Field struct {
	Var, Type, Label string
	Required         bool
	Values           []string
	Options          []string // of a List; each is its own label
	// Media is an element of XEP-0221, or nil.
	Media *xmltree.Node
}

// Form is a form, or the result of one. An empty Kind stands for the field FORM_TYPE that
// does not exist.
type Form struct {
	Type                string // form or result
	Kind                string // the field FORM_TYPE (XEP-0068)
	Title, Instructions string
	Fields              []Field
}

// Node returns the form as an element.
func (f Form) Node() *xmltree.Node {
	x := stanza.Element(stanza.DataForm, "x", stanza.Attrs{"type", f.Type},
		stanza.Optional(stanza.DataForm, "title", f.Title),
		stanza.Optional(stanza.DataForm, "instructions", f.Instructions))
	if f.Kind != "" {
		stanza.Add(x, Field{Var: "FORM_TYPE", Type: Hidden, Values: []string{f.Kind}}.Node())
	}
	for _, field := range f.Fields {
		stanza.Add(x, field.Node())
	}
	return x
}

// Node returns the field as an element.
func (f Field) Node() *xmltree.Node {
	n := stanza.Element(stanza.DataForm, "field", stanza.Attrs{"var", f.Var, "type", f.Type, "label", f.Label})
	if f.Media != nil {
		stanza.Add(n, f.Media)
	}
	for _, option := range f.Options {
		stanza.Add(n, stanza.Element(stanza.DataForm, "option", stanza.Attrs{"label", option}, stanza.Text(stanza.DataForm, "value", option)))
	}
	for _, value := range f.Values {
		stanza.Add(n, stanza.Text(stanza.DataForm, "value", value))
	}
	if f.Required {
		stanza.Add(n, stanza.Element(stanza.DataForm, "required", nil))
	}
	return n
}

// Flag returns the values of a Boolean.
func Flag(on bool) []string {
	if on {
		return []string{"1"}
	}
	return []string{"0"}
}

// Submitted are the values of a form that a user has filled in, by the names of the fields.
type Submitted map[string][]string

// Read returns the form in an element, and reports whether there is one. A canceled form
// has no values.
func Read(parent *xmltree.Node) (values Submitted, canceled, ok bool) {
	x := stanza.Child(parent, stanza.DataForm, "x")
	if x == nil {
		return nil, false, false
	}
	if stanza.Attr(x, "type") == "cancel" {
		return nil, true, true
	}
	values = Submitted{}
	for _, field := range stanza.Children(x) {
		if field.Name != "field" {
			continue
		}
		name := stanza.Attr(field, "var")
		values[name] = []string{}
		for _, value := range stanza.Children(field) {
			if value.Name == "value" {
				values[name] = append(values[name], stanza.Body(value))
			}
		}
	}
	return values, false, true
}

// Text returns the first value of a field, or "".
func (s Submitted) Text(name string) string {
	if all := s[name]; len(all) > 0 {
		return all[0]
	}
	return ""
}

// Flag returns the value of a Boolean, and reports whether the form has it.
func (s Submitted) Flag(name string) (value, ok bool) {
	switch s.Text(name) {
	case "1", "true":
		return true, true
	case "0", "false":
		return false, true
	}
	return false, false
}
