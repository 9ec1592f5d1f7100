package main

import (
	"fmt"
	"strings"

	"spectrumlua/luabind/api"
)

const head = `<!-- Generated from luabind/api/library by make generate. DO NOT EDIT. -->

# Reference

Every name that a script can use, with its types, as an editor shows it. [The
script API](api.md) explains what belongs together, and [the modules'
pages](api.md#other-modules) have examples.

A "?" behind a type says that the value may be nil; behind a parameter or a field,
that it may be left out. Where a result may be nil and a message stands beside it,
the message says why. What is wrong in the script itself raises an error.

`

// all returns the page with all names.
func all() string {
	var b strings.Builder
	b.WriteString(head)
	for _, m := range api.Modules() {
		fmt.Fprintf(&b, "- [%s](#%s)", m.Name, anchor(m.Name))
		for _, c := range classesOf(m) {
			fmt.Fprintf(&b, " · [%s](#%s)", last(c.Name), anchor(c.Name))
		}
		b.WriteString("\n")
	}
	b.WriteString("- [Choices](#choices)\n")
	for _, m := range api.Modules() {
		fmt.Fprintf(&b, "\n## %s\n\n", m.Name)
		class(&b, m)
		for _, c := range classesOf(m) {
			fmt.Fprintf(&b, "\n### %s\n\n", c.Name)
			class(&b, c)
		}
	}
	b.WriteString("\n## Choices\n\nTypes that are one of several values.\n")
	for _, a := range api.Aliases() {
		fmt.Fprintf(&b, "\n### %s\n\n%s%s", a.Name, paragraph(a.Doc), values(a))
	}
	return b.String()
}

func last(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

func anchor(heading string) string { return strings.ToLower(strings.ReplaceAll(heading, ".", "")) }

// classesOf returns the classes that belong to a module.
func classesOf(m *api.Class) []*api.Class {
	var all []*api.Class
	for _, c := range api.Classes() {
		i := strings.LastIndexByte(c.Name, '.')
		if !c.Module && i > 0 && c.Name[:i] == m.Name {
			all = append(all, c)
		}
	}
	return all
}

func class(b *strings.Builder, c *api.Class) {
	b.WriteString(paragraph(c.Doc))
	for _, p := range c.Parents {
		fmt.Fprintf(b, "It has all that [%s](#%s) has, and:\n\n", p, anchor(p))
	}
	if len(c.Fields) > 0 {
		t := newTable("field", "type", "")
		for _, f := range c.Fields {
			name := key(f)
			if f.Optional {
				name += "?"
			}
			t.row(code(name), code(string(f.Type)), tellField(f))
		}
		b.WriteString(t.String() + "\n")
	}
	as := last(c.Name)
	for _, f := range c.Functions {
		if f.Method {
			as = strings.ToLower(as)
		}
		fmt.Fprintf(b, "**`%s`** – %s\n\n", call(f, as), f.Doc)
		for _, p := range f.Params {
			item(b, p.Name, p.Optional, p.Type, strings.TrimPrefix(tellParam(p), code(strings.ReplaceAll(p.Name, "...", "…"))+": "))
		}
		for _, r := range f.Returns {
			item(b, "→ "+r.Name, false, r.Type, r.Doc)
		}
		if len(f.Params)+len(f.Returns) > 0 {
			b.WriteString("\n")
		}
	}
	trim(b)
}

func item(b *strings.Builder, name string, optional bool, typ api.Type, doc string) {
	name = strings.ReplaceAll(name, "...", "…")
	if optional {
		name += "?"
	}
	fmt.Fprintf(b, "- `%s`: `%s`", name, typ)
	if doc != "" {
		b.WriteString(" – " + doc)
	}
	b.WriteString("\n")
}

// trim removes all but one line break at the end.
func trim(b *strings.Builder) {
	text := strings.TrimRight(b.String(), "\n") + "\n"
	b.Reset()
	b.WriteString(text)
}
