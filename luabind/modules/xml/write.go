package xml

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/table"
	"spectrumlua/runtime/xmlns"
	"spectrumlua/runtime/xmltree"
)

func toString(l *lua.LState, most int) int {
	checkTree(l)
	w := xmltree.NewWriter(most)
	if err := writeElement(w, l.Get(1).(*lua.LTable)); err != nil {
		bind.Raise(l, "xml.tostring: %v", err)
	}
	return bind.Return(l, lua.LString(w.String()))
}

func writeElement(w *xmltree.Writer, t *lua.LTable) error {
	if w.Depth() == deepest {
		return fmt.Errorf("the tree is more than %d deep: does it stand in itself?", deepest)
	}
	e, ok := elementOf(t, w.Space())
	if !ok {
		return fmt.Errorf("name of an element: string expected, got %s", bind.Describe(t.RawGetString("name")))
	}
	attributes, err := attributesOf(e)
	if err != nil {
		return err
	}
	if err := w.Start(e.space, e.name, attributes); err != nil {
		return err
	}
	for i := 1; ; i++ {
		err := error(nil)
		switch v := t.RawGetInt(i).(type) {
		case *lua.LNilType:
			return w.End()
		case lua.LString, lua.LNumber:
			err = w.Text(v.String())
		case *lua.LTable:
			err = writeElement(w, v)
		default:
			err = fmt.Errorf("a child of <%s>: element or string expected, got %s", e.name, bind.Describe(v))
		}
		if err != nil {
			return err
		}
	}
}

// attributesOf returns an element's attributes, sorted by name.
func attributesOf(e element) ([]xmltree.Attr, error) {
	t, ok := e.table.RawGetString("attr").(*lua.LTable)
	if !ok {
		if v := e.table.RawGetString("attr"); v != lua.LNil {
			return nil, fmt.Errorf("attr of <%s>: table expected, got %s", e.name, bind.Describe(v))
		}
		return nil, nil
	}
	var all []xmltree.Attr
	for k, v := range table.All(t) {
		key, ok := k.(lua.LString)
		if !ok {
			return nil, fmt.Errorf("name of an attribute of <%s>: string expected, got %s", e.name, bind.Describe(k))
		}
		switch v.(type) {
		case lua.LString, lua.LNumber:
		default:
			return nil, fmt.Errorf("attribute %s of <%s>: string expected, got %s", key, e.name, bind.Describe(v))
		}
		all = append(all, attribute(string(key), v.String()))
	}
	slices.SortFunc(all, func(a, b xmltree.Attr) int {
		return strings.Compare(a.Space+"}"+a.Name, b.Space+"}"+b.Name)
	})
	return all, nil
}

// attribute returns the attribute for a key that attributeKey has made.
func attribute(key, value string) xmltree.Attr {
	if name, ok := strings.CutPrefix(key, "xml:"); ok {
		return xmltree.Attr{Space: xmlns.XML, Name: name, Value: value}
	}
	if braced, ok := strings.CutPrefix(key, "{"); ok {
		if space, name, ok := strings.Cut(braced, "}"); ok && space != "" {
			return xmltree.Attr{Space: space, Name: name, Value: value}
		}
	}
	return xmltree.Attr{Name: key, Value: value}
}
