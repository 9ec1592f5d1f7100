package main

import (
	"fmt"
	"slices"
	"strings"

	"spectrumlua/luabind/api"
)

// table writes a table. It escapes bars in cells.
type table struct{ strings.Builder }

func newTable(head ...string) *table {
	t := &table{}
	t.row(head...)
	t.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	return t
}

func (t *table) row(cells ...string) {
	t.WriteString("|")
	for _, c := range cells {
		if c != "" {
			c = " " + strings.ReplaceAll(strings.ReplaceAll(c, "\n", " "), "|", `\|`)
		}
		t.WriteString(c + " |")
	}
	t.WriteString("\n")
}

func functions(what string, o order) string {
	t := newTable(what, "what it does")
	for _, f := range o.functions() {
		t.row(code(call(f, o.as)), tellFunction(f))
	}
	for _, f := range o.fields() {
		if len(o.names) > 0 {
			t.row(code(o.as+"."+f.Name), tellField(f))
		}
	}
	return t.String()
}

// call returns a call of the function. as is the name of the object or module.
func call(f *api.Function, as string) string {
	if f.Method {
		return as + ":" + f.Signature()
	}
	return as + "." + f.Signature()
}

// fields returns the table of the fields of a class.
func fields(o order) string {
	t := newTable("field", "what it is")
	prefix := ""
	if o.named {
		prefix = o.as + "."
	}
	for _, f := range o.fields() {
		t.row(code(prefix+key(f)), tellField(f))
	}
	return t.String()
}

func options(o order) string {
	t := newTable("option", "default", "meaning")
	for _, f := range o.fields() {
		if f.Name != "[integer]" {
			byDefault := f.Default
			if !f.Optional {
				byDefault = "required"
			}
			t.row(code(key(f)), byDefault, inside(f.Doc))
		}
	}
	return t.String()
}

func values(a *api.Alias) string {
	t := newTable("value", "what it means")
	for _, v := range a.Values {
		if v.Name() != "" {
			t.row(code(v.Text), inside(v.Doc))
		}
	}
	return t.String()
}

func code(text string) string { return "`" + text + "`" }

func key(f *api.Field) string {
	if f.Name == "[integer]" {
		return "[1]`, `[2]`, `…"
	}
	return f.Name
}

func tellField(f *api.Field) string {
	text := inside(f.Doc)
	if f.Default != "" {
		text += fmt.Sprintf("; %s by default", f.Default)
	}
	return text
}

// inside returns a text in the form for a cell: without the full stop at its end, and with
// a lower-case first letter.
func inside(doc string) string {
	doc = strings.TrimSuffix(doc, ".")
	first, _, _ := strings.Cut(doc, " ")
	if first == "Spectrum" { // a name
		return doc
	}
	if len(first) > 1 && first[0] >= 'A' && first[0] <= 'Z' && strings.ToLower(first[1:]) == first[1:] || first == "A" {
		doc = strings.ToLower(doc[:1]) + doc[1:]
	}
	return doc
}

// tellFunction returns one paragraph about a function, its parameters and its results.
func tellFunction(f *api.Function) string {
	parts := []string{}
	for _, p := range f.Params {
		if text := tellParam(p); text != "" {
			parts = append(parts, text)
		}
	}
	text := f.Doc
	if len(parts) > 0 {
		text += " " + strings.Join(parts, ". ") + "."
	}
	if returns := tellReturns(f.Returns); returns != "" {
		text += " Returns " + returns + "."
	}
	return inside(text)
}

func tellParam(p *api.Param) string {
	text := p.Doc
	if p.Default != "" {
		text = strings.TrimPrefix(text+"; "+p.Default+" by default", "; ")
	}
	if text == "" {
		return ""
	}
	name := p.Name
	if name == "..." {
		name = "…"
	}
	return code(name) + ": " + text
}

// tellReturns returns the names of the results with their descriptions.
func tellReturns(returns []*api.Return) string {
	if len(returns) == 0 {
		return ""
	}
	if fails(returns) {
		good := code(returns[0].Name)
		if slices.Contains(returns[0].Type.Alternatives(), "true") {
			good = code("true")
		}
		when, isNil := strings.CutPrefix(returns[0].Doc, "nil ")
		switch {
		case isNil:
			when = " " + when
		case strings.HasPrefix(when, good):
			good, when = when, ""
		case when != "":
			good, when = good+" ("+when+")", ""
		}
		text := good + ", or " + code("nil, "+returns[1].Name) + when
		if returns[1].Doc != "" {
			text += "; the " + returns[1].Name + ": " + returns[1].Doc
		}
		return text
	}
	if len(returns) == 1 && returns[0].Doc == "" {
		return "" // the function's own text says it
	}
	var all []string
	for _, r := range returns {
		text := code(strings.ReplaceAll(r.Name, "...", "…"))
		if r.Doc != "" {
			text += " (" + r.Doc + ")"
		}
		all = append(all, text)
	}
	if len(all) == 2 {
		return all[0] + " and " + all[1]
	}
	return strings.Join(all, ", ")
}

// fails reports whether the results are a value, or nil and a message.
func fails(returns []*api.Return) bool {
	return len(returns) == 2 && returns[1].Type == "string?" &&
		slices.Contains(returns[0].Type.Alternatives(), "nil") && (returns[1].Name == "message" || returns[1].Name == "error")
}
