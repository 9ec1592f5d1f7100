package check

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/luabind/api"
	"spectrumlua/runtime/schema"
)

// value is what check knows about an expression's value, provided that it is not nil or
// false. The zero value is unknown.
type value struct {
	constant lua.LValue      // a literal
	class    *api.Class      // an object, a module or a table of a known form
	list     api.Type        // a list of values of this type
	table    *lua.LTable     // a module or a library of Lua, as at run time
	payload  *schema.Message // a message, as a handler receives it
	typ      *schema.Type    // the type of payload
	field    *schema.Field   // the field of a payload that was read
	function *ast.FunctionExpr
	literal  *ast.TableExpr
	method   *api.Function // a function of the API
	owner    *api.Class    // the class of method
	required string        // the module whose file gave the constant, which is no table
}

func (v value) known() bool { return v != value{} }

func (v value) isNil() bool { return v.constant == lua.LNil }

// isText reports whether the value is certainly a string.
func (v value) isText() bool {
	if v.field != nil {
		d := v.field.Descriptor
		return !d.IsList() && !d.IsMap() && v.field.Enum == nil && (d.Kind() == protoreflect.StringKind || d.Kind() == protoreflect.BytesKind)
	}
	return v.constant != nil && v.constant.Type() == lua.LTString
}

// isSession reports whether the value is a session.
func (v value) isSession() bool { return v.class != nil && v.class.Name == api.SessionClass }

// isModule reports whether the value is the module with this name.
func (v value) isModule(name string) bool {
	return v.class != nil && v.class.Module && v.class.Name == name
}

// maxSteps limits the work for one file. After that, all values are unknown.
const maxSteps = 2_000_000

// valueOf returns the value of an expression.
func (u *unit) valueOf(e ast.Expr) value {
	if e == nil {
		return value{}
	}
	if v, ok := u.types[e]; ok {
		return v
	}
	u.steps++
	if u.busy[e] || u.steps > maxSteps || len(u.busy) > maxNesting {
		return value{}
	}
	u.busy[e] = true
	v := u.infer(e)
	delete(u.busy, e)
	u.types[e] = v
	return v
}

// maxNesting limits the recursion for one expression.
const maxNesting = 1000

func (u *unit) infer(e ast.Expr) value {
	switch e := e.(type) {
	case *ast.NilExpr:
		return value{constant: lua.LNil}
	case *ast.TrueExpr:
		return value{constant: lua.LTrue}
	case *ast.FalseExpr:
		return value{constant: lua.LFalse}
	case *ast.StringExpr:
		return value{constant: lua.LString(e.Value)}
	case *ast.NumberExpr:
		return number(e.Value)
	case *ast.FunctionExpr:
		return value{function: e}
	case *ast.TableExpr:
		return value{literal: e}
	case *ast.IdentExpr:
		return u.nameValue(e)
	case *ast.AttrGetExpr:
		return u.memberValue(e)
	case *ast.FuncCallExpr:
		return u.callValue(e, 0)
	case *ast.LogicalOpExpr:
		if e.Operator == "and" {
			return u.valueOf(e.Rhs)
		}
		return join(u.valueOf(e.Lhs), u.valueOf(e.Rhs))
	}
	return value{}
}

func number(text string) value {
	if n, err := strconv.ParseFloat(text, 64); err == nil && !strings.ContainsAny(text, "xXpP_") {
		return value{constant: lua.LNumber(n)}
	}
	if n, err := strconv.ParseUint(strings.TrimPrefix(strings.ToLower(text), "0x"), 16, 53); err == nil && strings.HasPrefix(strings.ToLower(text), "0x") {
		return value{constant: lua.LNumber(n)}
	}
	return value{}
}

// join returns what is known of a value that is either a or b.
func join(a, b value) value {
	switch {
	case a == b, b.isNil():
		return a
	case a.isNil():
		return b
	}
	return value{}
}

func (u *unit) nameValue(e *ast.IdentExpr) value {
	v := u.vars[e]
	if v != nil {
		return u.variableValue(v)
	}
	if u.globalSets[e.Value] != 0 || u.program.globals[e.Value] {
		return value{}
	}
	if u.role == test && e.Value == testModule {
		return value{class: api.Module("spectrum." + testModule)}
	}
	if t, ok := u.surface.Globals.RawGetString(e.Value).(*lua.LTable); ok && u.surface.library[e.Value] {
		return value{table: t}
	}
	return value{}
}

func (u *unit) variableValue(v *variable) value {
	if u.busy[v] || len(v.values) > maxValues || u.steps > maxSteps {
		return value{}
	}
	u.steps++
	u.busy[v] = true
	defer delete(u.busy, v)
	var all value
	switch {
	case v.function != nil && len(v.values) == 0:
		return u.parameterValue(v.function, v.index)
	case v.loop != nil && len(v.values) == 0:
		return u.loopValue(v.loop, v.loopAt)
	case v.function != nil || v.isFor || len(v.values) == 0:
		return value{}
	}
	for i, a := range v.values {
		var one value
		if a.expr != nil {
			one = u.resultValue(a)
		}
		if i == 0 {
			all = one
		} else if all = join(all, one); !all.known() {
			return value{}
		}
	}
	return all
}

// maxValues is the number of assignments to one variable that check follows.
const maxValues = 16

// resultValue returns one of the results of an expression.
func (u *unit) resultValue(a assigned) value {
	if a.nth == 0 {
		return u.valueOf(a.expr)
	}
	if call, ok := a.expr.(*ast.FuncCallExpr); ok {
		return u.callValue(call, a.nth)
	}
	return value{}
}

// loopValue returns the value of a loop's variable in: for _, v in ipairs(list).
func (u *unit) loopValue(s *ast.GenericForStmt, at int) value {
	call, ok := s.Exprs[0].(*ast.FuncCallExpr)
	if !ok || at != 1 || len(call.Args) != 1 {
		return value{}
	}
	if name, ok := call.Func.(*ast.IdentExpr); !ok || name.Value != "ipairs" || u.vars[name] != nil {
		return value{}
	}
	list := u.valueOf(call.Args[0])
	switch {
	case list.list != "":
		return ofType(list.list)
	case list.field != nil && list.field.Descriptor.IsList() && list.field.Message != nil:
		return value{payload: list.field.Message, typ: list.typ}
	}
	return value{}
}

// ofType returns what is known of a value by its type in the API.
func ofType(t api.Type) value {
	if c := t.Class(); c != nil {
		for _, a := range t.Alternatives() {
			if string(a) != c.Name && a != "nil" {
				return value{}
			}
		}
		return value{class: c}
	}
	if of := t.List(); of != "" {
		return value{list: of}
	}
	return value{}
}

// memberValue returns the value of a field.
func (u *unit) memberValue(e *ast.AttrGetExpr) value {
	object := u.valueOf(e.Object)
	key, ok := e.Key.(*ast.StringExpr)
	if !ok {
		switch {
		case object.list != "":
			return ofType(object.list)
		case object.field != nil && object.field.Descriptor.IsList() && object.field.Message != nil:
			return value{payload: object.field.Message, typ: object.typ}
		}
		return value{}
	}
	switch {
	case object.payload != nil:
		f := object.payload.Field(key.Value)
		switch {
		case f == nil:
			return value{}
		case f.Message != nil && !f.Descriptor.IsList() && !f.Descriptor.IsMap():
			return value{payload: f.Message, typ: object.typ}
		}
		return value{field: f, typ: object.typ}
	case object.table != nil:
		if t, ok := object.table.RawGetString(key.Value).(*lua.LTable); ok && u.surface.byTable[t] != "" {
			return u.moduleValue(t)
		}
	}
	return classMember(object.class, key.Value)
}

func classMember(c *api.Class, name string) value {
	if c == nil {
		return value{}
	}
	if f := c.Field(name); f != nil {
		return ofType(f.Type)
	}
	if f := c.Function(name); f != nil {
		return value{method: f, owner: c}
	}
	return value{}
}

func (u *unit) moduleValue(t *lua.LTable) value {
	return value{table: t, class: api.FindClass(u.surface.byTable[t])}
}

// callValue returns result number nth of a call, counted from 0.
func (u *unit) callValue(e *ast.FuncCallExpr, nth int) value {
	if name, ok := e.Func.(*ast.IdentExpr); ok && u.vars[name] == nil && len(e.Args) > 0 {
		switch first, _ := e.Args[0].(*ast.StringExpr); {
		case name.Value == "require" && first != nil && nth == 0:
			if t := u.surface.Modules[first.Value]; t != nil {
				return u.moduleValue(t)
			}
			if u.isTestModule(first.Value) {
				return value{class: api.Module("spectrum." + testModule)}
			}
			return u.requiredValue(first.Value)
		case name.Value == "assert":
			return u.resultValue(resultOf(e.Args, nth))
		}
	}
	f, _ := u.callee(e)
	if f == nil || nth >= len(f.Returns) {
		return value{}
	}
	return ofType(f.Returns[nth].Type)
}

// callee returns the function of the API that is called, and its class.
func (u *unit) callee(e *ast.FuncCallExpr) (*api.Function, *api.Class) {
	if e.Func == nil {
		c := u.valueOf(e.Receiver).class
		if c == nil || c.Function(e.Method) == nil || !c.Function(e.Method).Method {
			return nil, nil
		}
		return c.Function(e.Method), c
	}
	v := u.valueOf(e.Func)
	if v.method == nil || v.method.Method {
		return nil, nil
	}
	return v.method, v.owner
}
