package callstack

import (
	"reflect"
	"testing"
)

// TestGopherLuaHasTheLayoutThatStacksNeed fails if an update of gopher-lua changes a
// layout that layout.go depends on.
func TestGopherLuaHasTheLayoutThatStacksNeed(t *testing.T) {
	if !hasStack {
		t.Fatal("lua.LState has no field stack")
	}
	if !sameLayout(stackField.Type, reflect.TypeFor[callFrameStack](), map[[2]reflect.Type]bool{}) {
		t.Errorf("%v has changed: compare it and its callFrame with callstack.go", stackField.Type)
	}
	if !supported {
		t.Error("stacks are not supported")
	}
}

func TestTypesOfAnotherLayoutAreTold(t *testing.T) {
	type swapped struct {
		B string
		A int
	}
	type same struct {
		A int
		B string
	}
	type other interface{ Push(v same) }
	type pushes interface{ Push(v swapped) }
	for _, c := range []struct {
		a, b reflect.Type
		want bool
	}{
		{reflect.TypeFor[same](), reflect.TypeFor[struct {
			A int
			B string
		}](), true},
		{reflect.TypeFor[same](), reflect.TypeFor[swapped](), false},
		{reflect.TypeFor[*same](), reflect.TypeFor[*swapped](), false},
		{reflect.TypeFor[other](), reflect.TypeFor[pushes](), false},
		{reflect.TypeFor[func(int)](), reflect.TypeFor[func(int) int](), false},
		{reflect.TypeFor[func(...int)](), reflect.TypeFor[func([]int)](), false},
		{reflect.TypeFor[map[int]int](), reflect.TypeFor[map[int]string](), false},
		{reflect.TypeFor[int](), reflect.TypeFor[uint](), false},
	} {
		if got := sameLayout(c.a, c.b, map[[2]reflect.Type]bool{}); got != c.want {
			t.Errorf("%v and %v: %v", c.a, c.b, got)
		}
	}
}
