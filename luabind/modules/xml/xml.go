// Package xml implements the module spectrum.xml. It converts XML to small
// tables and back, from a text or from a connection while data arrives.
package xml

import (
	"context"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/xmlns"
	"spectrumlua/runtime/xmltree"
)

// Module is spectrum.xml.
var Module = bind.Module{Name: "spectrum.xml", Open: open}

func open(rt *bind.Runtime) *lua.LTable {
	most := int(rt.Settings.MaxString)
	return bind.NewModule("spectrum.xml", bind.Functions{
		// parse(text [, options]) returns the tree of a document, or nil and
		// the error.
		"parse": parse,
		// find(tree, path or function) returns the first match, or nil;
		// find_all returns a list of all matches.
		"find":     find,
		"find_all": findAll,
		// text(tree [, path]) returns all text within an element, or nil if
		// the path matches nothing.
		"text": text,
		// tostring(tree) returns the tree as XML.
		"tostring": func(l *lua.LState) int { return toString(l, most) },
		// escape(text) escapes a text for use in XML.
		"escape": func(l *lua.LState) int { return bind.Return(l, lua.LString(xmltree.Escape(l.CheckString(1)))) },
		// reader([options]) returns a parser that the script feeds.
		"reader": func(l *lua.LState) int {
			return bind.Return(l, readerClass.New(&reader{parser: xmltree.NewStream(limits(l, 1, "xml.reader"))}))
		},
		// stream(conn [, options]) returns a parser that reads from a
		// connection.
		"stream": newStream,
	})
}

// limits reads the limits among the options in argument n.
func limits(l *lua.LState, n int, what string) xmltree.Limits {
	o := bind.OptionsAt(l, n, what)
	d := xmltree.DefaultLimits
	limits := xmltree.Limits{
		Depth:    o.Int("max_depth", d.Depth, 1),
		Size:     o.Int("max_size", d.Size, 1),
		Elements: o.Int("max_elements", d.Elements, 1),
	}
	o.Done()
	if limits.Depth > deepest {
		bind.Raise(l, "%s: max_depth: at most %d is allowed", what, deepest)
	}
	return limits
}

// deepest limits the depth of trees that are parsed or written.
const deepest = 1000

// Texts longer than longText, in bytes, are parsed without the script lock.
const longText = 64 << 10

func parse(l *lua.LState) int {
	source := l.CheckString(1)
	limits := limits(l, 2, "xml.parse")
	var node *xmltree.Node
	var err error
	if len(source) < longText {
		node, err = xmltree.Parse(source, limits)
	} else {
		_ = bind.Wait(l, func(context.Context) error {
			node, err = xmltree.Parse(source, limits)
			return nil
		})
	}
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, toTable(node, ""))
}

// toTable converts an element to a table. around is the namespace of its
// parent.
func toTable(n *xmltree.Node, around string) *lua.LTable {
	t := bind.NewTableSize(len(n.Children), 3)
	t.RawSetString("name", lua.LString(n.Name))
	if n.Space != "" || around != "" {
		t.RawSetString("ns", lua.LString(n.Space))
	}
	attributes := bind.NewTableSize(0, len(n.Attr))
	for _, a := range n.Attr {
		attributes.RawSetString(attributeKey(a), lua.LString(a.Value))
	}
	t.RawSetString("attr", attributes)
	for _, c := range n.Children {
		if c.Element != nil {
			t.Append(toTable(c.Element, n.Space))
		} else {
			t.Append(lua.LString(c.Text))
		}
	}
	return t
}

// attributeKey returns the key of an attribute in a table.
func attributeKey(a xmltree.Attr) string {
	switch a.Space {
	case "":
		return a.Name
	case xmlns.XML:
		return "xml:" + a.Name
	}
	return "{" + a.Space + "}" + a.Name
}
