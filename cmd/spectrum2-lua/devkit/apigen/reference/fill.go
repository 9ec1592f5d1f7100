package main

import (
	"fmt"
	"strings"

	"spectrumlua/luabind/api"
)

// A generated part is between two lines:
//
//	<!-- api: methods spectrum.net.Conn as conn: read_line read -->
//	<!-- /api -->
//
// The first line names the kind of part, the class, the variable name of an object, and
// the members. The default is all members.
const (
	begins = "<!-- api: "
	ends   = "<!-- /api -->"
)

// fill generates the parts of a page. An error begins with the number of the line.
func fill(text string) (string, error) {
	var b strings.Builder
	inside := 0 // the line where the part began
	for i, line := range strings.SplitAfter(text, "\n") {
		bare := strings.TrimSpace(line)
		order, begun := strings.CutPrefix(bare, begins)
		switch {
		case inside == 0 && begun:
			inside = i + 1
			text, err := part(strings.TrimSpace(strings.TrimSuffix(order, "-->")))
			if err != nil {
				return "", fmt.Errorf("%d: %w", i+1, err)
			}
			b.WriteString(line + "\n" + text + "\n")
		case bare == ends && inside == 0:
			return "", fmt.Errorf("%d: %s without a line that begins a part", i+1, ends)
		case bare == ends:
			inside = 0
			b.WriteString(line)
		case inside == 0:
			b.WriteString(line)
		case begun:
			return "", fmt.Errorf("%d: the part before has no %s", i+1, ends)
		}
	}
	if inside > 0 {
		return "", fmt.Errorf("%d: the part has no %s", inside, ends)
	}
	return b.String(), nil
}

// order is the content of a marker.
type order struct {
	class *api.Class
	alias *api.Alias
	as    string
	named bool // reports whether the marker contains "as"
	names []string
}

// kinds has the functions that generate parts, by the first word of a marker.
var kinds = map[string]func(o order) string{
	"functions": func(o order) string { return functions("function", o) },
	"methods":   func(o order) string { return functions("method", o) },
	"fields":    fields,
	"options":   options,
	"values":    func(o order) string { return values(o.alias) },
	"messages":  func(order) string { return messages() },
	"payloads":  func(order) string { return payloads() },
	"enums":     func(order) string { return enums() },
}

func part(text string) (string, error) {
	text, names, _ := strings.Cut(text, ":")
	words := strings.Fields(text)
	if len(words) == 0 || kinds[words[0]] == nil {
		return "", fmt.Errorf("there is no part %q", text)
	}
	o := order{names: strings.Fields(names)}
	if len(words) > 1 {
		o.class, o.alias = api.FindClass(words[1]), api.FindAlias(words[1])
		if o.class == nil && o.alias == nil {
			return "", fmt.Errorf("there is no class %s", words[1])
		}
		o.as = words[1][strings.LastIndexByte(words[1], '.')+1:]
	}
	if len(words) == 4 && words[2] == "as" {
		o.as, o.named = words[3], true
	}
	for _, name := range o.names {
		if o.class.Function(name) == nil && o.class.Field(name) == nil {
			return "", fmt.Errorf("%s has no %s", o.class.Name, name)
		}
	}
	return kinds[words[0]](o), nil
}

// functions returns the functions that the marker names, in its order.
func (o order) functions() []*api.Function {
	if len(o.names) == 0 {
		return o.class.AllFunctions()
	}
	var all []*api.Function
	for _, name := range o.names {
		if f := o.class.Function(name); f != nil {
			all = append(all, f)
		}
	}
	return all
}

func (o order) fields() []*api.Field {
	if len(o.names) == 0 {
		return o.class.AllFields()
	}
	var all []*api.Field
	for _, name := range o.names {
		if f := o.class.Field(name); f != nil {
			all = append(all, f)
		}
	}
	return all
}
