package xml

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// element is a table that stands for an XML element, with its namespace.
type element struct {
	table *lua.LTable
	name  string
	space string // its own namespace, or that of what it stands in
	depth int
}

// visit walks a tree that a script may have built. Such a tree may contain
// itself.
type visit struct {
	l    *lua.LState
	seen int
}

// step counts visited elements, and raises if the task has been cancelled.
func (v *visit) step() {
	if v.seen++; v.seen%(1<<12) == 0 {
		if ctx := v.l.Context(); ctx.Err() != nil {
			bind.Raise(v.l, "%v", ctx.Err())
		}
	}
}

// elementOf reads a table as an element. around is the namespace of its
// parent.
func elementOf(v lua.LValue, around string) (element, bool) {
	t, ok := v.(*lua.LTable)
	if !ok {
		return element{}, false
	}
	name, ok := t.RawGetString("name").(lua.LString)
	if space, given := t.RawGetString("ns").(lua.LString); given {
		around = string(space)
	}
	return element{table: t, name: string(name), space: around}, ok
}

// checkTree returns argument 1, an element.
func checkTree(l *lua.LState) element {
	e, ok := elementOf(l.Get(1), "")
	if !ok {
		l.ArgError(1, "element (a table with a name) expected, got "+bind.Describe(l.Get(1)))
	}
	return e
}

// children calls f for each child element until f returns false.
func (v *visit) children(e element, f func(child element) bool) bool {
	if e.depth == deepest {
		bind.Raise(v.l, "the tree is more than %d deep: does it stand in itself?", deepest)
	}
	for i := 1; ; i++ {
		v.step()
		value := e.table.RawGetInt(i)
		if value == lua.LNil {
			return true
		}
		if child, ok := elementOf(value, e.space); ok {
			child.depth = e.depth + 1
			if !f(child) {
				return false
			}
		}
	}
}

// path says where to look and what to return.
type path struct {
	steps     []step
	attribute string // @name at the end
	text      bool   // # at the end
}

type step struct {
	anySpace    bool
	space, name string // a name of * means any
}

func (s step) fits(e element) bool {
	return (s.name == "*" || s.name == e.name) && (s.anySpace || s.space == e.space)
}

// parsePath parses name/{namespace}name/*, with @attribute or # at the end. It
// returns a description of the error, or "".
func parsePath(text string) (path, string) {
	var p path
	rest, isText := strings.CutSuffix(text, "#")
	p.text = isText
	for rest != "" {
		if attribute, ok := strings.CutPrefix(rest, "@"); ok {
			if attribute == "" || p.text {
				return p, "the text after @ is not an attribute's name"
			}
			p.attribute = attribute
			return p, ""
		}
		s := step{anySpace: true}
		if braced, ok := strings.CutPrefix(rest, "{"); ok {
			if s.space, rest, ok = strings.Cut(braced, "}"); !ok {
				return p, "a } is missing"
			}
			s.anySpace = false
		}
		end := strings.IndexAny(rest, "/@")
		if end < 0 {
			end = len(rest)
		}
		s.name, rest = rest[:end], rest[end:]
		if s.name == "" {
			return p, "a name is missing"
		}
		p.steps = append(p.steps, s)
		if after, ok := strings.CutPrefix(rest, "/"); ok {
			if rest = after; rest == "" {
				return p, "it ends with a /"
			}
		}
	}
	return p, ""
}

// walk calls f for each match of a path until f returns false.
func (v *visit) walk(p path, e element, steps []step, f func(v lua.LValue) bool) bool {
	if len(steps) == 0 {
		result := v.result(p, e)
		return result == lua.LNil || f(result)
	}
	return v.children(e, func(child element) bool {
		return !steps[0].fits(child) || v.walk(p, child, steps[1:], f)
	})
}

// result returns what the path selects from an element, or nil.
func (v *visit) result(p path, e element) lua.LValue {
	switch {
	case p.attribute != "":
		if attributes, ok := e.table.RawGetString("attr").(*lua.LTable); ok {
			return attributes.RawGetString(p.attribute)
		}
		return lua.LNil
	case p.text:
		return lua.LString(v.text(e))
	}
	return e.table
}

// matches calls f for each match of argument 2, a path or a function, until f
// returns false.
func matches(l *lua.LState, e element, f func(v lua.LValue) bool) {
	v := &visit{l: l}
	if fn, ok := l.Get(2).(*lua.LFunction); ok {
		v.accepted(fn, e, f)
		return
	}
	p, problem := parsePath(l.CheckString(2))
	if problem != "" {
		l.ArgError(2, problem)
	}
	v.walk(p, e, p.steps, f)
}

// accepted calls f for each element of the tree for which the Lua function
// returns true.
func (v *visit) accepted(fn *lua.LFunction, e element, f func(v lua.LValue) bool) bool {
	v.l.Push(fn)
	v.l.Push(e.table)
	v.l.Call(1, 1)
	ok := lua.LVAsBool(v.l.Get(-1))
	v.l.Pop(1)
	if ok && !f(e.table) {
		return false
	}
	return v.children(e, func(child element) bool { return v.accepted(fn, child, f) })
}

func find(l *lua.LState) int {
	found := lua.LNil
	matches(l, checkTree(l), func(v lua.LValue) bool {
		found = v
		return false
	})
	return bind.Return(l, found)
}

func findAll(l *lua.LState) int {
	list := bind.NewTable()
	matches(l, checkTree(l), func(v lua.LValue) bool {
		list.Append(v)
		return true
	})
	return bind.Return(l, list)
}

func text(l *lua.LState) int {
	e := checkTree(l)
	v := &visit{l: l}
	if l.Get(2) == lua.LNil {
		return bind.Return(l, lua.LString(v.text(e)))
	}
	p, problem := parsePath(l.CheckString(2))
	if problem != "" || p.text || p.attribute != "" {
		l.ArgError(2, "path of an element expected")
	}
	p.text = true
	found := lua.LNil
	v.walk(p, e, p.steps, func(v lua.LValue) bool {
		found = v
		return false
	})
	return bind.Return(l, found)
}

// text returns all text within an element.
func (v *visit) text(e element) string {
	var out strings.Builder
	v.addText(&out, e.table, e.depth)
	return out.String()
}

func (v *visit) addText(out *strings.Builder, t *lua.LTable, depth int) {
	if depth > deepest {
		bind.Raise(v.l, "the tree is more than %d deep: does it stand in itself?", deepest)
	}
	for i := 1; ; i++ {
		v.step()
		switch child := t.RawGetInt(i).(type) {
		case *lua.LNilType:
			return
		case lua.LString, lua.LNumber:
			out.WriteString(child.String())
		case *lua.LTable:
			v.addText(out, child, depth+1)
		}
	}
}
