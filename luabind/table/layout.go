package table

import (
	"reflect"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// This file has all code that depends on the unexported fields of lua.LTable. gopher-lua
// uses them in this way:
//
//   - strdict has the values of string keys, dict those of other keys that are not in array.
//   - keys has all keys of strdict and dict in the order in which they were set first, and
//     k2i the index of each of them. Removed keys stay. So both have the same length.
//   - RawSetString and RawSetH append a key to keys if k2i does not have it, and make both
//     if keys is nil. Next uses them. Nothing else does.
//
// A short table has the right strdict and keys, and an empty k2i. It shares the keys with
// other short tables. Their capacity is their length, so an append copies them. A new value
// for one of them appends the key again. complete removes such keys and makes k2i; Next
// needs it. Until then, a short table has fewer entries in k2i than in keys.

// fields has the layout of lua.LTable.
type fields struct {
	Metatable lua.LValue
	array     []lua.LValue
	dict      map[lua.LValue]lua.LValue
	strdict   map[string]lua.LValue
	keys      []lua.LValue
	k2i       map[lua.LValue]int
}

// supported reports whether gopher-lua has the expected layout and uses it in the expected
// way. Otherwise, no table is short.
var supported = sameLayout(reflect.TypeFor[lua.LTable](), reflect.TypeFor[fields]()) && works()

func fieldsOf(t *lua.LTable) *fields { return (*fields)(unsafe.Pointer(t)) }

// short returns a short table with the given values, at least one. keys has their keys.
func short(values map[string]lua.LValue, keys []lua.LValue) *lua.LTable {
	t := &lua.LTable{Metatable: lua.LNil}
	f := fieldsOf(t)
	f.strdict, f.keys, f.k2i = values, keys[:len(keys):len(keys)], map[lua.LValue]int{}
	return t
}

// complete makes an ordinary table of a short one.
func complete(t *lua.LTable) {
	f := fieldsOf(t)
	if len(f.k2i) == len(f.keys) {
		return
	}
	keys, k2i := make([]lua.LValue, 0, len(f.keys)), make(map[lua.LValue]int, len(f.keys))
	for _, key := range f.keys {
		if _, again := k2i[key]; !again {
			k2i[key] = len(keys)
			keys = append(keys, key)
		}
	}
	f.keys, f.k2i = keys, k2i
}

// parts returns the list in a table and its other keys, in the order of Next. The keys may
// include removed ones. The caller must not change either.
func parts(t *lua.LTable) (array, keys []lua.LValue) {
	f := fieldsOf(t)
	if len(f.k2i) > 0 { // a short table may have a key twice
		complete(t)
	}
	return f.array, f.keys
}

// sameLayout reports whether two structs have the same fields at the same offsets.
func sameLayout(a, b reflect.Type) bool {
	if a.Size() != b.Size() || a.NumField() != b.NumField() {
		return false
	}
	for i := range a.NumField() {
		f, g := a.Field(i), b.Field(i)
		if f.Name != g.Name || f.Type != g.Type || f.Offset != g.Offset {
			return false
		}
	}
	return true
}

// works compares a short table with an ordinary one.
func works() bool {
	one, two, three := lua.LString("one"), lua.LString("two"), lua.LString("three")
	t := short(map[string]lua.LValue{"one": lua.LTrue, "two": two}, []lua.LValue{one, two})
	want := &lua.LTable{Metatable: lua.LNil}
	want.RawSetString("one", lua.LTrue)
	want.RawSetString("two", two)
	for _, t := range []*lua.LTable{t, want} {
		t.RawSetString("two", lua.LFalse)
		t.RawSetString("three", three)
		t.RawSetString("one", lua.LNil)
		t.RawSet(lua.LTrue, one)
		t.RawSetInt(1, two)
	}
	complete(t)
	return reflect.DeepEqual(fieldsOf(t), fieldsOf(want))
}
