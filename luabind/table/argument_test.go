package table

import (
	"testing"

	lua "github.com/yuin/gopher-lua"
)

// construct calls a constructor with a method and values.
func construct(t *testing.T, constructor *lua.LFunction, args ...lua.LValue) lua.LValue {
	t.Helper()
	l := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer l.Close()
	if err := l.CallByParam(lua.P{Fn: constructor, NRet: 1, Protect: true}, args...); err != nil {
		t.Fatal(err)
	}
	return l.Get(-1)
}

func TestOnlyMethodsThatAcceptReceiveAnArgument(t *testing.T) {
	accepts, other := &lua.LFunction{IsG: true}, &lua.LFunction{IsG: true}
	Accept(accepts)
	defer delete(accepting, accepts)
	c := NewFields("a", "b").ArgumentConstructor()
	for name, method := range map[string]lua.LValue{"another method": other, "a Lua function": &lua.LFunction{}, "nil": lua.LNil, "a table": ordinaryTable()} {
		made, ok := construct(t, c, method, lua.LTrue, lua.LNil).(*lua.LTable)
		if !ok || made.RawGetString("a") != lua.LTrue || made.RawGetString("b") != lua.LNil {
			t.Errorf("%s: got %v", name, made)
		}
	}
	a := ArgumentOf(construct(t, c, accepts, lua.LTrue, lua.LNil))
	if a == nil || len(a.Values()) != 2 || a.Values()[0] != lua.LTrue || a.Values()[1] != lua.LNil || a.Names()[1] != "b" {
		t.Fatalf("got %v", a)
	}
	values := a.Values()
	a.Release()
	if values[0] != nil {
		t.Error("Release keeps a value")
	}
	for _, v := range []lua.LValue{lua.LNil, ordinaryTable(), &lua.LUserData{}, &lua.LUserData{Value: 1}} {
		if ArgumentOf(v) != nil {
			t.Errorf("%v is an Argument", v)
		}
	}
}

func ordinaryTable() *lua.LTable { return (*lua.LState)(nil).CreateTable(0, 1) }

func TestArgumentsOfAConstructorShareTheIndexes(t *testing.T) {
	method := &lua.LFunction{IsG: true}
	Accept(method)
	defer delete(accepting, method)
	c := NewFields("a").ArgumentConstructor()
	for i := range maxCombinations + 5 {
		a := ArgumentOf(construct(t, c, method, lua.LTrue))
		if a.Indexes(i) != nil {
			t.Errorf("%d has indexes", i)
		}
		a.SetIndexes(i, []int{i})
		a.Release()
		a = ArgumentOf(construct(t, c, method, lua.LFalse))
		if got := a.Indexes(i); i < maxCombinations && (len(got) != 1 || got[0] != i) {
			t.Errorf("%d has the indexes %v", i, got)
		}
		a.Release()
	}
}
