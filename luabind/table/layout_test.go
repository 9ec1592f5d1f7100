package table

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// TestGopherLuaHasTheLayoutOfFields fails if an update of gopher-lua changes what layout.go
// depends on.
func TestGopherLuaHasTheLayoutOfFields(t *testing.T) {
	if !sameLayout(reflect.TypeFor[lua.LTable](), reflect.TypeFor[fields]()) {
		t.Error("lua.LTable has changed: compare it and its methods with layout.go")
	}
	if !works() {
		t.Error("lua.LTable uses keys and k2i in another way")
	}
	if !supported {
		t.Error("tables are ordinary ones")
	}
}

func TestTypesOfAnotherLayoutAreNotSupported(t *testing.T) {
	type want struct {
		A int
		B string
	}
	for name, other := range map[string]reflect.Type{
		"another type": reflect.TypeFor[struct {
			A int
			B []byte
		}](),
		"another name": reflect.TypeFor[struct {
			A int
			C string
		}](),
		"another order": reflect.TypeFor[struct {
			B string
			A int
		}](),
		"one more": reflect.TypeFor[struct {
			A int
			B string
			C int
		}](),
		"one less": reflect.TypeFor[struct{ A int }](),
	} {
		if sameLayout(reflect.TypeFor[want](), other) {
			t.Errorf("%s: the same layout", name)
		}
	}
	if !sameLayout(reflect.TypeFor[want](), reflect.TypeFor[want]()) {
		t.Error("the same type: another layout")
	}
}

// TestOrdinaryTablesHaveAsManyIndexesAsKeys tests how complete knows an ordinary table.
func TestOrdinaryTablesHaveAsManyIndexesAsKeys(t *testing.T) {
	table := &lua.LTable{Metatable: lua.LNil}
	check := func(what string) {
		t.Helper()
		if f := fieldsOf(table); len(f.keys) != len(f.k2i) {
			t.Errorf("%s: %d keys and %d indexes", what, len(f.keys), len(f.k2i))
		}
	}
	check("empty")
	for _, v := range []lua.LValue{lua.LTrue, lua.LNil, lua.LTrue} {
		table.RawSetString("name", v)
		check("RawSetString")
		table.RawSetInt(1, v)
		table.RawSetInt(-1, v)
		check("RawSetInt")
		table.RawSet(lua.LNumber(1.5), v)
		table.RawSet(lua.LFalse, v)
		table.RawSetH(lua.LString("other"), v)
		check("RawSet and RawSetH")
		table.Append(v)
		table.Insert(1, v)
		table.Insert(0, v)
		table.Remove(1)
		check("a list")
	}
}

// TestTablesWithTheSameFieldsShareTheirKeys changes such tables, and looks at the others.
func TestTablesWithTheSameFieldsShareTheirKeys(t *testing.T) {
	s := NewFields("a", "b", "x", "c") // append leaves space for a fourth key
	values := []lua.LValue{lua.LNumber(1), lua.LNumber(2), lua.LNil, lua.LNumber(3)}
	tables := []*lua.LTable{s.New(values), s.New(values), s.New(values)}
	for _, table := range tables {
		if &fieldsOf(table).keys[0] != &s.keys(0b1011)[0] {
			t.Error("a table has its own keys")
		}
	}
	for i, more := range []string{"first", "second"} {
		tables[i].RawSetString(more, lua.LTrue)
	}
	tables[0].RawSetString("a", lua.LNil)
	for i, want := range []string{"b c first", "a b c second", "a b c"} {
		var keys []string
		for k, _ := Next(tables[i], lua.LNil); k != lua.LNil; k, _ = Next(tables[i], k) {
			keys = append(keys, k.String())
		}
		if got := strings.Join(keys, " "); got != want {
			t.Errorf("table %d has the keys %q, want %q", i, got, want)
		}
	}
	if !reflect.DeepEqual(s.keys(0b1011), []lua.LValue{lua.LString("a"), lua.LString("b"), lua.LString("c")}) {
		t.Errorf("the shared keys are %v", s.keys(0b1011))
	}
}

func TestCombinationsOfFieldsAreLimited(t *testing.T) {
	f := NewFields("a", "b", "c", "d", "e", "f")
	for set := range 64 {
		values := make([]lua.LValue, 6)
		var want []string
		for i := range values {
			if set&(1<<i) != 0 {
				values[i] = lua.LNumber(i)
				want = append(want, f.names[i])
			}
		}
		var got []string
		for k, v := range All(f.New(values)) {
			got = append(got, k.String())
			if v != values[slices.Index(f.names, k.String())] {
				t.Errorf("%s has the value %v", k, v)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %v\nwant %v", got, want)
		}
	}
	if n := len(*f.known.Load()); n != maxCombinations {
		t.Errorf("%d combinations are kept", n)
	}
}

func TestMoreFieldsThanBits(t *testing.T) {
	var names []string
	var values []lua.LValue
	for i := range MaxFields + 10 {
		names, values = append(names, fmt.Sprint("field", i)), append(values, lua.LNumber(i))
	}
	i := 0
	for k, v := range All(NewFields(names...).New(values)) {
		if k.String() != names[i] || v != values[i] {
			t.Errorf("%v = %v", k, v)
		}
		i++
	}
	if i != len(names) {
		t.Errorf("the table has %d fields", i)
	}
}

// WithoutSupport runs f as if gopher-lua had another layout.
func WithoutSupport(f func()) {
	supported = false
	defer func() { supported = true }()
	f()
}
