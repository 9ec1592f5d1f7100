package debugger

import (
	"errors"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"spectrumlua/luabind/bind"
)

// errHover is the error of an expression that could have effects.
var errHover = errors.New("only names and fields are evaluated here, because a call could have effects")

// maxHover is the longest expression of Hover, in bytes.
const maxHover = 1000

// hover is an expression that has no effects.
type hover struct{ expr ast.Expr }

func parseHover(text string) (hover, error) {
	if len(text) > maxHover {
		return hover{}, errHover
	}
	chunk, err := parse.Parse(strings.NewReader("return "+text), evalName)
	if err != nil || len(chunk) != 1 {
		return hover{}, errHover
	}
	st, ok := chunk[0].(*ast.ReturnStmt)
	if !ok || len(st.Exprs) != 1 {
		return hover{}, errHover
	}
	return hover{st.Exprs[0]}, nil
}

// value returns the value of the expression in a frame.
func (h hover) value(f *frame) (lua.LValue, error) {
	switch e := h.expr.(type) {
	case *ast.NilExpr:
		return lua.LNil, nil
	case *ast.TrueExpr:
		return lua.LTrue, nil
	case *ast.FalseExpr:
		return lua.LFalse, nil
	case *ast.StringExpr:
		return lua.LString(e.Value), nil
	case *ast.NumberExpr:
		value := lua.LVAsNumber(lua.LString(e.Value))
		return value, nil
	case *ast.IdentExpr:
		if v, _, ok := f.find(e.Value); ok {
			return v, nil
		}
		return f.global(e.Value), nil
	case *ast.AttrGetExpr:
		object, err := hover{e.Object}.value(f)
		if err != nil {
			return nil, err
		}
		key, err := hover{e.Key}.value(f)
		if err != nil {
			return nil, err
		}
		return f.field(object, key)
	}
	return nil, errHover
}

// field returns a field of a value without calling a function of the script.
func (f *frame) field(object, key lua.LValue) (lua.LValue, error) {
	switch o := object.(type) {
	case *lua.LTable:
		return rawIndex(o, key), nil
	case *lua.LUserData:
		if name, ok := key.(lua.LString); ok {
			if v, ok := property(f.runtime.State, o, string(name)); ok {
				return v, nil
			}
		}
		return lua.LNil, nil
	}
	return nil, errors.New("a " + object.Type().String() + " has no fields")
}

// maxChain is how many tables rawIndex follows.
const maxChain = 100

// rawIndex returns a field of a table or of the tables in __index, without functions.
func rawIndex(t *lua.LTable, key lua.LValue) lua.LValue {
	for range maxChain {
		if v := t.RawGet(key); v != lua.LNil {
			return v
		}
		meta, ok := t.Metatable.(*lua.LTable)
		if !ok {
			return lua.LNil
		}
		if t, ok = meta.RawGetString("__index").(*lua.LTable); !ok {
			return lua.LNil
		}
	}
	return lua.LNil
}

// property returns a property of a userdata. ok is false if it has no such property.
func property(l *lua.LState, ud *lua.LUserData, name string) (v lua.LValue, ok bool) {
	for _, known := range bind.PropertiesOf(ud) {
		if known == name {
			return readProperty(l, ud, name), true
		}
	}
	return lua.LNil, false
}

// readProperty reads a property on the main thread of a VM, which never runs code of the
// script. The value is nil if the property needs a task.
func readProperty(l *lua.LState, ud *lua.LUserData, name string) (v lua.LValue) {
	top, current := l.GetTop(), l.G.CurrentThread
	defer func() { l.G.CurrentThread = current }()
	get := l.NewFunction(func(l *lua.LState) int {
		l.Push(l.GetField(ud, name))
		return 1
	})
	if err := l.CallByParam(lua.P{Fn: get, NRet: 1, Protect: true}); err != nil {
		l.SetTop(top)
		return lua.LNil
	}
	v = l.Get(-1)
	l.SetTop(top)
	return v
}
