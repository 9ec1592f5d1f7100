package check

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"spectrumlua/luabind/convert"
	"spectrumlua/runtime/schema"
)

// testMethods are the methods of a test's user that accept a type and fields.
var testMethods = map[string]bool{"send": true, "expect": true, "never": true}

// checkTestCall checks the names of fields and the values of enums in the messages that
// a test sends or expects. An expected value may be of another type than the field.
func (u *unit) checkTestCall(call *ast.FuncCallExpr) {
	if u.role != test || !testMethods[call.Method] || len(call.Args) < 2 {
		return
	}
	name, _ := u.valueOf(call.Args[0]).constant.(lua.LString)
	t := schema.TypeByName(string(name))
	fields := u.fieldsOf(call.Args[1])
	if t == nil || t.Payload == nil || fields == nil {
		return
	}
	for _, f := range fields.Fields {
		key, ok := f.Key.(*ast.StringExpr)
		if !ok {
			continue
		}
		if err := convert.CheckField(t.Payload, lua.LString(key.Value), nil); err != nil {
			u.tell(key.Line(), "unknown-field", t.Name+": "+err.Error())
			continue
		}
		field := t.Payload.Field(key.Value)
		value, isText := u.valueOf(f.Value).constant.(lua.LString)
		if !isText || field.Enum == nil || field.Flags {
			continue
		}
		if err := convert.CheckEnum(field.Enum, value); err != nil {
			u.tell(key.Line(), "wrong-value", fmt.Sprintf("%s: %s: %v", t.Name, key.Value, err))
		}
	}
}
