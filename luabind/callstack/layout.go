package callstack

import (
	"reflect"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// gopher-lua keeps the call stack of a thread in an unexported field of an unexported
// interface type. This package writes its own stack into that field. That works
// because Go represents an interface as two pointers: one to a table of methods,
// sorted by name, and one to the value. callFrameStack has the same methods as
// gopher-lua's type, and callFrame the same layout, so the tables are compatible.
// layout_test.go checks this for the gopher-lua version in go.mod.

// supported reports whether gopher-lua has the expected layout. If it does not,
// threads keep gopher-lua's stacks, and old scripts may stay in memory.
var supported = hasStack && sameLayout(stackField.Type, reflect.TypeFor[callFrameStack](), map[[2]reflect.Type]bool{}) && works()

var stackField, hasStack = reflect.TypeFor[lua.LState]().FieldByName("stack")

// stackOf returns a pointer to the field with a thread's stack.
func stackOf(l *lua.LState) *callFrameStack {
	return (*callFrameStack)(unsafe.Add(unsafe.Pointer(l), stackField.Offset))
}

// sameLayout reports whether two types have the same layout in memory and, if
// they are interfaces, the same methods.
func sameLayout(a, b reflect.Type, seen map[[2]reflect.Type]bool) bool {
	if a == b || seen[[2]reflect.Type{a, b}] {
		return true
	}
	if a.Kind() != b.Kind() || a.Size() != b.Size() {
		return false
	}
	seen[[2]reflect.Type{a, b}] = true
	switch a.Kind() {
	case reflect.Pointer:
		return sameLayout(a.Elem(), b.Elem(), seen)
	case reflect.Struct:
		if a.NumField() != b.NumField() {
			return false
		}
		for i := range a.NumField() {
			f, g := a.Field(i), b.Field(i)
			if f.Name != g.Name || f.Offset != g.Offset || !sameLayout(f.Type, g.Type, seen) {
				return false
			}
		}
		return true
	case reflect.Interface:
		if a.NumMethod() != b.NumMethod() {
			return false
		}
		for i := range a.NumMethod() {
			f, g := a.Method(i), b.Method(i)
			if f.Name != g.Name || f.PkgPath != g.PkgPath || !sameLayout(f.Type, g.Type, seen) {
				return false
			}
		}
		return true
	case reflect.Func:
		if a.NumIn() != b.NumIn() || a.NumOut() != b.NumOut() || a.IsVariadic() != b.IsVariadic() {
			return false
		}
		for i := range a.NumIn() {
			if !sameLayout(a.In(i), b.In(i), seen) {
				return false
			}
		}
		for i := range a.NumOut() {
			if !sameLayout(a.Out(i), b.Out(i), seen) {
				return false
			}
		}
		return true
	default: // a basic type has the layout of its kind; no other kind is expected
		return a.Kind() <= reflect.Complex128 || a.Kind() == reflect.String
	}
}

// works tests each method of a stack through the interface. The calls also keep the
// methods in the program: the linker does not know that gopher-lua calls them.
func works() bool {
	s := probe
	for range framesPerSegment + 1 {
		s.Push(callFrame{NArgs: s.Sp()})
	}
	if s.IsFull() || s.IsEmpty() || s.Last().NArgs != framesPerSegment || s.At(1).NArgs != 1 || s.Pop().NArgs != framesPerSegment {
		return false
	}
	s.SetSp(1)
	s.FreeAll()
	return s.IsEmpty()
}

// probe is the stack that works uses. It is a variable so that the compiler does not
// turn the calls into direct ones.
var probe callFrameStack = &stack{from: New(2 * framesPerSegment), segments: []*segment{new(segment)}}
