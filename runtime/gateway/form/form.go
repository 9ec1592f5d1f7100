// Package form builds and reads data forms (XEP-0004).
package form

import (
	"fmt"
	"slices"
	"strings"

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
	Lists   = "list-multi"
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
	Open             bool     // a list takes values that are no options (XEP-0122)
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
		stanza.Optional(stanza.DataForm, "title", f.Title))
	for line := range strings.SplitSeq(f.Instructions, "\n") { // none may have a line end
		stanza.Add(x, stanza.Optional(stanza.DataForm, "instructions", strings.TrimSpace(line)))
	}
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
	if f.Open {
		const validate = "http://jabber.org/protocol/xdata-validate"
		stanza.Add(n, stanza.Element(validate, "validate", stanza.Attrs{"datatype", "xs:string"}, stanza.Element(validate, "open", nil)))
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

// Check returns what is wrong with the values that answer a form, for the user, or "". Fields
// that are missing, and values of other fields, are no matter of Check.
func (f Form) Check(values Submitted) string {
	for _, field := range f.Fields {
		for _, value := range values[field.Var] {
			isList := (field.Type == List || field.Type == Lists) && !field.Open
			_, isFlag := flag(value)
			switch {
			case field.Type == Boolean && !isFlag:
				return fmt.Sprintf("The field %s takes 1 or 0, not %.50q.", field.Var, value)
			case isList && !slices.Contains(field.Options, value):
				return fmt.Sprintf("The field %s has no option %.50q.", field.Var, value)
			}
		}
	}
	return ""
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
		if field.Name != "field" || field.Space != stanza.DataForm {
			continue
		}
		name := stanza.Attr(field, "var")
		values[name] = []string{}
		for _, value := range stanza.Children(field) {
			if value.Name == "value" && value.Space == stanza.DataForm {
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
func (s Submitted) Flag(name string) (value, ok bool) { return flag(s.Text(name)) }

// flag returns the value of a Boolean, and reports whether the text is one (XEP-0004, section 3.3).
func flag(text string) (value, ok bool) {
	switch text {
	case "1", "true":
		return true, true
	case "0", "false":
		return false, true
	}
	return false, false
}
