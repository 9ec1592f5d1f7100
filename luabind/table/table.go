// Package table makes Lua tables whose fields are known in advance, in less time than
// gopher-lua.
//
// gopher-lua keeps each key of a table three times: in a map with the values, in a list,
// and in a map with the indexes of the list. Only Next needs the latter two. Tables of
// this package share the list, and the second map is empty until Next needs it. So Next
// and All must be called instead of lua.LTable.Next: that method fails for these tables.
// All other methods of tables, and the virtual machine, work.
//
// If gopher-lua is not the version that this package knows, the tables are ordinary ones.
//
// The caller holds the script lock for the tables. Shapes are safe for concurrent use.
package table

import (
	"iter"
	"slices"

	lua "github.com/yuin/gopher-lua"
)

// Shape is a list of fields, all of which are different.
type Shape struct {
	names []string
	keys  []lua.LValue
}

// NewShape returns a shape with these fields.
func NewShape(names ...string) *Shape {
	s := &Shape{names: slices.Clone(names)}
	for _, name := range names {
		s.keys = append(s.keys, lua.LString(name))
	}
	return s
}

// New returns a table with a value for each field, in their order. A field whose value is
// lua.LNil is not set. The table does not keep the slice.
func (s *Shape) New(values []lua.LValue) *lua.LTable {
	if !supported {
		return s.ordinary(values)
	}
	fields := make(map[string]lua.LValue, len(values))
	for i, v := range values {
		if v == lua.LNil {
			return s.ordinary(values)
		}
		fields[s.names[i]] = v
	}
	if len(fields) == 0 {
		return s.ordinary(values)
	}
	return short(fields, s.keys)
}

// ordinary is New without the shared list.
func (s *Shape) ordinary(values []lua.LValue) *lua.LTable {
	t := (*lua.LState)(nil).CreateTable(0, len(values))
	for i, v := range values {
		t.RawSetString(s.names[i], v)
	}
	return t
}

// Next is like Next of lua.LTable.
func Next(t *lua.LTable, key lua.LValue) (lua.LValue, lua.LValue) {
	Complete(t)
	return t.Next(key)
}

// Complete makes an ordinary table of a table of this package.
func Complete(t *lua.LTable) {
	if supported {
		complete(t)
	}
}

// First returns the first key of a table, in the order of Next, or lua.LNil.
func First(t *lua.LTable) lua.LValue {
	for k := range All(t) {
		return k
	}
	return lua.LNil
}

// All returns an iterator over the keys and values of a table, in the order of Next. It
// skips keys that are added during the iteration.
func All(t *lua.LTable) iter.Seq2[lua.LValue, lua.LValue] {
	return func(yield func(k, v lua.LValue) bool) {
		if !supported {
			for k, v := t.Next(lua.LNil); k != lua.LNil && yield(k, v); k, v = t.Next(k) {
			}
			return
		}
		array, keys := parts(t)
		for i := range array {
			if v := array[i]; v != lua.LNil && !yield(lua.LNumber(i+1), v) {
				return
			}
		}
		for _, k := range keys {
			if v := t.RawGetH(k); v != lua.LNil && !yield(k, v) {
				return
			}
		}
	}
}
