package codegen

import (
	"slices"
	"strings"
	"testing"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// TestNamesAreThoseOfTheCompiler compares names with those that gopher-lua's compiler sets.
func TestNamesAreThoseOfTheCompiler(t *testing.T) {
	if !known {
		t.Fatal("lua.FunctionProto has no field stringConstants any more: see names.go")
	}
	var many []lua.LValue
	for i := range 600 {
		many = append(many, lua.LString(strings.Repeat("x", i)), lua.LNumber(i))
	}
	for _, constants := range [][]lua.LValue{
		nil,
		{lua.LString("x")},
		{lua.LNumber(1), lua.LString(""), lua.LString("a\x00b"), lua.LNumber(0.5), lua.LString("1")},
		many,
	} {
		got, want := *namesOf(named(constants)), *namesOf(compiledWith(constants))
		if !slices.Equal(got, want) {
			t.Errorf("%d constants: %.100q, want %.100q", len(constants), got, want)
		}
	}
}

// TestNamesWithoutTheField runs a program as with another version of gopher-lua.
func TestNamesWithoutTheField(t *testing.T) {
	known = false
	defer func() { known = true }()
	chunk, err := parse.Parse(strings.NewReader(`x = { a = 5 } function f() return x.a + 1, "b" end return f()`), "x")
	if err != nil {
		t.Fatal(err)
	}
	proto, err := Compile(chunk, Options{Name: "x"})
	if err != nil {
		t.Fatal(err)
	}
	l := lua.NewState()
	defer l.Close()
	l.Push(l.NewFunctionFromProto(proto))
	l.Call(0, 2)
	if l.Get(-2) != lua.LNumber(6) || l.Get(-1) != lua.LString("b") {
		t.Errorf("the results are %v, %v", l.Get(-2), l.Get(-1))
	}
}
