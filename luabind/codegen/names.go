package codegen

import (
	"fmt"
	"reflect"
	"strconv"
	"unsafe"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// This file has all code that depends on an unexported field of lua.FunctionProto. The
// virtual machine reads the names of global variables and constant keys from
// stringConstants, which has a string for each of the Constants: "" if it is a number.
// Only gopher-lua's compiler can set the field.

// namesOffset is the offset of stringConstants. known reports whether gopher-lua has the
// field; otherwise, its compiler sets it.
var namesOffset, known = func() (uintptr, bool) {
	field, ok := reflect.TypeFor[lua.FunctionProto]().FieldByName("stringConstants")
	return field.Offset, ok && field.Type == reflect.TypeFor[[]string]()
}()

// named returns a prototype that has the names of a pool's constants.
func named(constants []lua.LValue) *lua.FunctionProto {
	if !known {
		return compiledWith(constants)
	}
	names := make([]string, len(constants))
	for i, v := range constants {
		if s, ok := v.(lua.LString); ok {
			names[i] = string(s)
		}
	}
	proto := &lua.FunctionProto{}
	*namesOf(proto) = names
	return proto
}

func namesOf(proto *lua.FunctionProto) *[]string {
	return (*[]string)(unsafe.Add(unsafe.Pointer(proto), namesOffset))
}

// compiledWith compiles a table with the constants. This takes more time and memory than a
// small function: 46 kB, and time in proportion to the square of the number of constants.
func compiledWith(constants []lua.LValue) *lua.FunctionProto {
	table := &ast.TableExpr{}
	for i, v := range constants {
		var e ast.Expr
		if s, ok := v.(lua.LString); ok {
			e = &ast.StringExpr{Value: string(s)}
		} else {
			e = &ast.NumberExpr{Value: strconv.Itoa(i)} // keeps the index of later values
		}
		table.Fields = append(table.Fields, &ast.Field{Value: e})
	}
	proto, err := lua.Compile([]ast.Stmt{&ast.LocalAssignStmt{Names: []string{"names"}, Exprs: []ast.Expr{table}}}, "")
	if err != nil {
		panic(fmt.Sprintf("codegen: a table of constants cannot be compiled: %v", err))
	}
	return proto
}
