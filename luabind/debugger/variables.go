package debugger

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/stdlib"
	"spectrumlua/runtime/shorten"
)

// Variable is a variable as the client shows it.
type Variable struct {
	Name, Value, Type string
	// Ref is the reference of the variables in the value, or 0. Named and Indexed are how
	// many there are of each kind.
	Ref, Named, Indexed int
	// Expression evaluates to the value in the frame, or is "".
	Expression string
}

// Scope is a group of variables of a frame.
type Scope struct {
	Name string
	Ref  int
	// Costly is true if the client should show the variables only on demand.
	Costly bool
}

// container has variables that the client can ask for.
type container struct {
	thread *thread
	frame  *frame // in which values are set, or nil
	// size is the number of variables.
	size func() (named, indexed int)
	// named returns the variables with names, and indexed a part of a list.
	named   func() []item
	indexed func(first, count int) []item
	// assign sets a variable; nil if that is not possible.
	assign func(name string, value lua.LValue) error
}

// item is one variable.
type item struct {
	name  string
	value lua.LValue
}

// maxVarargs is how many values of "..." are shown.
const maxVarargs = 100

// maxNamed is how many fields of a table are shown.
const maxNamed = 10_000

// Scopes returns the scopes of a frame.
func (d *Debugger) Scopes(id int) (all []Scope, err error) {
	err = d.withFrame(id, func(f *frame) error {
		add := func(name string, costly bool, c *container) {
			c.thread, c.frame = f.thread, f
			all = append(all, Scope{Name: name, Ref: d.refer(c), Costly: costly})
		}
		add("Locals", false, localsOf(f))
		if len(f.fn.Upvalues) > 0 {
			add("Upvalues", false, upvaluesOf(f.fn))
		}
		if s, ok := f.runtime.View.Session(f.thread.task.Owner().Whole()).(*lua.LUserData); ok {
			add("Session", false, userdataOf(f.runtime.State, s))
		}
		if f.fn.Env != nil {
			add("Globals", true, tableOf(f.fn.Env))
		}
		return nil
	})
	return all, err
}

// refer gives a container a reference.
func (d *Debugger) refer(c *container) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	ref := d.next()
	d.refs[ref] = c
	return ref
}

// Part is the part of a container that a client asks for.
type Part int

// The parts of a container.
const (
	All Part = iota
	Named
	Indexed
)

// Variables returns variables of a container: with count > 0, only those from first on.
func (d *Debugger) Variables(ref int, part Part, first, count int) (all []Variable, err error) {
	d.mu.Lock()
	c := d.refs[ref]
	d.mu.Unlock()
	if c == nil {
		return nil, fmt.Errorf("variables %d: %w", ref, ErrReference)
	}
	err = d.inStop(c.thread.id, func(*stop) error {
		var items []item
		switch _, indexed := c.size(); {
		case part == Indexed:
			items = c.list(first, count)
		case part == Named:
			items = page(c.named(), first, count)
		default:
			items = page(append(c.list(0, min(indexed, maxNamed)), c.named()...), first, count)
		}
		for _, i := range items {
			all = append(all, d.variable(c.thread, i.name, i.value))
		}
		return nil
	})
	return all, err
}

// list returns a part of the list in a container.
func (c *container) list(first, count int) []item {
	_, n := c.size()
	if c.indexed == nil || first < 0 || first >= n {
		return nil
	}
	if count <= 0 || count > n-first {
		count = n - first
	}
	return c.indexed(first, min(count, maxNamed))
}

func (c *container) set(name string, value lua.LValue) error {
	if c.assign == nil {
		return fmt.Errorf("%s cannot be set", name)
	}
	return c.assign(name, value)
}

// page returns a part of a list.
func page(all []item, first, count int) []item {
	if first < 0 || first > len(all) {
		return nil
	}
	all = all[first:]
	if count > 0 && count < len(all) {
		all = all[:count]
	}
	return all
}

// variable returns a value for the client, with a reference if it has variables.
func (d *Debugger) variable(th *thread, name string, value lua.LValue) Variable {
	v := Variable{Name: name, Value: describe(value), Type: value.Type().String()}
	var c *container
	switch value := value.(type) {
	case *lua.LTable:
		c = tableOf(value)
	case *lua.LUserData:
		if rt, ok := th.task.Local.(*bind.Runtime); ok && len(bind.PropertiesOf(value)) > 0 {
			c = userdataOf(rt.State, value)
		}
	case *lua.LFunction:
		if !value.IsG && len(value.Upvalues) > 0 {
			c = upvaluesOf(value)
		}
	}
	if c == nil {
		return v
	}
	v.Named, v.Indexed = c.size()
	if v.Named+v.Indexed > 0 {
		c.thread = th
		v.Ref = d.refer(c)
	}
	return v
}

// fixed returns a container for a function that lists few variables.
func fixed(list func() []item, assign func(name string, value lua.LValue) error) *container {
	return &container{named: list, assign: assign, size: func() (int, int) { return len(list()), 0 }}
}

func localsOf(f *frame) *container {
	return fixed(func() (all []item) {
		seen := map[string]int{}
		for _, l := range f.locals() {
			if before, ok := seen[l.name]; ok {
				all[before].name += " (hidden)"
			}
			seen[l.name] = len(all)
			all = append(all, item{l.name, l.value})
		}
		values := stdlib.Varargs(f.on, f.dbg)
		for i, value := range values[:min(len(values), maxVarargs)] {
			all = append(all, item{fmt.Sprintf("...[%d]", i+1), value})
		}
		return all
	}, func(name string, value lua.LValue) error {
		all := f.locals()
		for _, l := range slices.Backward(all) {
			if l.name == name {
				f.on.SetLocal(f.dbg, l.number, value)
				return nil
			}
		}
		return fmt.Errorf("there is no local variable %s", name)
	})
}

func upvaluesOf(fn *lua.LFunction) *container {
	names := fn.Proto.DbgUpvalues
	return fixed(func() (all []item) {
		for i, name := range names {
			if i < len(fn.Upvalues) {
				all = append(all, item{name, fn.Upvalues[i].Value()})
			}
		}
		return all
	}, func(name string, value lua.LValue) error {
		i := slices.Index(names, name)
		if i < 0 || i >= len(fn.Upvalues) {
			return fmt.Errorf("there is no upvalue %s", name)
		}
		fn.Upvalues[i].SetValue(value)
		return nil
	})
}

// userdataOf returns a container with the properties of a userdata.
func userdataOf(state *lua.LState, ud *lua.LUserData) *container {
	return fixed(func() (all []item) {
		for _, name := range bind.PropertiesOf(ud) {
			all = append(all, item{name, readProperty(state, ud, name)})
		}
		return all
	}, nil)
}

// tableOf returns a container with the fields of a table, without metamethods.
func tableOf(t *lua.LTable) *container {
	keys := func() (all []lua.LValue) {
		n := t.Len()
		t.ForEach(func(key, _ lua.LValue) {
			if i, ok := key.(lua.LNumber); ok && i >= 1 && i <= lua.LNumber(n) && i == lua.LNumber(int(i)) {
				return
			}
			if len(all) < maxNamed {
				all = append(all, key)
			}
		})
		slices.SortFunc(all, func(a, b lua.LValue) int {
			return cmp.Or(cmp.Compare(a.Type(), b.Type()), strings.Compare(keyName(a), keyName(b)))
		})
		return all
	}
	_, hasMeta := t.Metatable.(*lua.LTable)
	return &container{
		size: func() (named, indexed int) {
			named = len(keys())
			if hasMeta {
				named++
			}
			return named, t.Len()
		},
		named: func() (all []item) {
			for _, key := range keys() {
				all = append(all, item{keyName(key), t.RawGet(key)})
			}
			if hasMeta {
				all = append(all, item{metatableName, t.Metatable})
			}
			return all
		},
		indexed: func(first, count int) (all []item) {
			for i := first + 1; i <= first+count; i++ {
				all = append(all, item{"[" + strconv.Itoa(i) + "]", t.RawGetInt(i)})
			}
			return all
		},
		assign: func(name string, value lua.LValue) error {
			if i, err := strconv.Atoi(strings.Trim(name, "[]")); err == nil && strings.HasPrefix(name, "[") {
				t.RawSetInt(i, value)
				return nil
			}
			for _, key := range keys() {
				if keyName(key) == name {
					t.RawSet(key, value)
					return nil
				}
			}
			return fmt.Errorf("the table has no field %s", name)
		},
	}
}

// metatableName is the name under which the metatable of a table is shown.
const metatableName = "[metatable]"

// keyName returns a key as the author would write it.
func keyName(key lua.LValue) string {
	if s, ok := key.(lua.LString); ok && isName(string(s)) {
		return string(s)
	}
	return "[" + describe(key) + "]"
}

// isName reports whether a text is a name in Lua.
func isName(s string) bool {
	for i, c := range s {
		if c != '_' && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != ""
}

// Limits of the description of a value.
const (
	maxText    = 1000 // bytes of a string
	maxPreview = 80   // bytes of the fields of a table
)

// describe returns a value on one line, without metamethods.
func describe(value lua.LValue) string {
	switch v := value.(type) {
	case nil:
		return "nil"
	case lua.LString:
		if len(v) > maxText {
			return strconv.Quote(shorten.Cut(string(v), maxText)) + fmt.Sprintf("… (%d bytes)", len(v))
		}
		return strconv.Quote(string(v))
	case *lua.LTable:
		return preview(v)
	case *lua.LUserData:
		if meta, ok := v.Metatable.(*lua.LTable); ok {
			if name, ok := meta.RawGetString("__metatable").(lua.LString); ok {
				return fmt.Sprintf("%s: %p", string(name), v)
			}
		}
	case *lua.LFunction:
		if !v.IsG {
			return fmt.Sprintf("function <%s:%d>", v.Proto.SourceName, v.Proto.LineDefined)
		}
	case *lua.LState:
		return fmt.Sprintf("thread: %p (%s)", v, stdlib.Status(v))
	}
	return value.String()
}

// preview returns the beginning of a table, for example {1, 2, name = "x"}.
func preview(t *lua.LTable) string {
	var b strings.Builder
	b.WriteByte('{')
	n, full := t.Len(), false
	t.ForEach(func(key, value lua.LValue) {
		if full {
			return
		}
		if b.Len() > maxPreview {
			full = true
			b.WriteString(", …")
			return
		}
		if b.Len() > 1 {
			b.WriteString(", ")
		}
		if i, ok := key.(lua.LNumber); !ok || i < 1 || i > lua.LNumber(n) {
			b.WriteString(short(keyOnly(key)) + " = ")
		}
		if _, nested := value.(*lua.LTable); nested {
			b.WriteString("{…}")
			return
		}
		b.WriteString(short(describe(value)))
	})
	b.WriteByte('}')
	return b.String()
}

// keyOnly is keyName without the fields of a table that is a key.
func keyOnly(key lua.LValue) string {
	if _, nested := key.(*lua.LTable); nested {
		return "[{…}]"
	}
	return keyName(key)
}

// short returns the beginning of a text.
func short(text string) string {
	const limit = 40
	if utf8.RuneCountInString(text) <= limit {
		return text
	}
	return string([]rune(text)[:limit]) + "…"
}
