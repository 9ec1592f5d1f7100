package codegen

import (
	"reflect"

	"github.com/yuin/gopher-lua/ast"
)

// methodLine returns the line of the next method call or definition.
func (g *generator) methodLine(begin int) int {
	if len(g.methodLines) == 0 {
		return begin
	}
	line := g.methodLines[0]
	g.methodLines = g.methodLines[1:]
	return max(line, begin)
}

// skipMethods skips the lines of the methods in an expression that is not generated.
func (g *generator) skipMethods(e ast.Expr) {
	if len(g.methodLines) > 0 {
		g.methodLines = g.methodLines[min(methods(reflect.ValueOf(e)), len(g.methodLines)):]
	}
}

// methods returns the number of method calls and definitions in a part of a syntax tree.
func methods(v reflect.Value) int {
	n := 0
	switch v.Kind() {
	case reflect.Interface, reflect.Pointer:
		if !v.IsNil() {
			n = methods(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			n += methods(v.Index(i))
		}
	case reflect.Struct:
		// Both nodes have the name of the method in this field; "" is not a method.
		if name := v.FieldByName("Method"); name.Kind() == reflect.String && name.Len() > 0 {
			n++
		}
		for i := range v.NumField() {
			n += methods(v.Field(i))
		}
	}
	return n
}
