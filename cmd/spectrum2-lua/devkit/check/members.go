package check

import (
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"spectrumlua/luabind"
	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/convert"
)

// checkMembers checks the fields that the file reads from known values.
func (u *unit) checkMembers() {
	for _, m := range u.members {
		key, ok := m.expr.Key.(*ast.StringExpr)
		if !ok {
			continue
		}
		switch v := u.valueOf(m.expr.Object); {
		case v.payload != nil:
			if err := convert.CheckField(v.payload, lua.LString(key.Value), nil); err != nil && !u.setSomewhere(key.Value) {
				u.tell(m.expr.Line(), "unknown-field", v.typ.Name+": "+err.Error())
			}
		case v.table != nil:
			u.checkModuleMember(v.table, key.Value, m)
		case v.isSession():
			u.checkSessionMember(key.Value, m)
		case v.class != nil:
			u.checkObjectMember(v, key.Value, m)
		}
	}
}

// setSomewhere reports whether a file sets a field of this name in any table, or
// mentions the name.
func (u *unit) setSomewhere(name string) bool {
	return slices.ContainsFunc(u.units, func(other *unit) bool { return other.names[name] })
}

func (u *unit) checkModuleMember(table *lua.LTable, name string, m member) {
	module := u.surface.byTable[table]
	if table.RawGetString(name) != lua.LNil || u.setSomewhere(name) {
		return
	}
	if u.surface.library[module] && (!m.called || u.tested["."+name]) {
		return // the value is nil, and the script may test for it
	}
	u.tell(m.expr.Line(), "unknown-member", luabind.ModuleLacks(module, table, lua.LString(name)))
}

func (u *unit) checkSessionMember(name string, m member) {
	switch {
	case !slices.Contains(luabind.SessionNames(), name):
		u.tell(m.expr.Line(), "unknown-member", luabind.SessionLacks(name))
	case m.called && !slices.Contains(luabind.SessionProperties(), name) && !u.passesSelf(m):
		u.tell(m.expr.Line(), "dot-for-colon", bind.MissingColon("session", name))
	}
}

// passesSelf reports whether a call with a dot passes its object, as in
// session.connected(session).
func (u *unit) passesSelf(m member) bool {
	call := u.callOf[m.expr]
	return call != nil && len(call.Args) > 0 && (isOpen(call.Args[0]) || u.valueOf(call.Args[0]) == u.valueOf(m.expr.Object))
}

func (u *unit) checkObjectMember(v value, name string, m member) {
	functions := v.class.AllFunctions()
	f := v.class.Function(name)
	switch {
	case f != nil && f.Method && m.called && !u.passesSelf(m):
		u.tell(m.expr.Line(), "dot-for-colon", fmt.Sprintf("%s is a method: write :%s(…), with a colon", name, name))
	case f != nil || hasFreeKeys(v.class) || v.class.Field("[integer]") != nil || v.class.Field(name) != nil:
	case len(functions) == 0 && u.setSomewhere(name): // a table of the script
	default:
		u.tell(m.expr.Line(), "unknown-member", lacks(v.class, name))
	}
}

// checkSets checks the fields that the file sets in known values.
func (u *unit) checkSets() {
	for _, s := range u.sets {
		v := u.valueOf(s.target.Object)
		key, ok := s.target.Key.(*ast.StringExpr)
		if !ok {
			continue
		}
		switch {
		case v.isSession():
			u.tell(s.target.Line(), "set-member", luabind.SessionUnset(lua.LString(key.Value)))
		case v.class != nil && v.table == nil && len(v.class.AllFunctions()) > 0:
			u.tell(s.target.Line(), "set-member", fmt.Sprintf("a %s has no field %q to set", shortName(v.class), key.Value))
		}
	}
}

// checkCompared checks the values that the file compares with an enum.
func (u *unit) checkCompared() {
	for _, c := range u.compared {
		if c.Operator != "==" && c.Operator != "~=" {
			continue
		}
		for _, sides := range [][2]ast.Expr{{c.Lhs, c.Rhs}, {c.Rhs, c.Lhs}} {
			v, with := u.valueOf(sides[0]), u.valueOf(sides[1]).constant
			if v.field == nil || v.field.Enum == nil || v.field.Flags || with == nil || with == lua.LNil {
				continue
			}
			if err := convert.CheckEnum(v.field.Enum, with); err != nil {
				u.tell(c.Line(), "wrong-value", fmt.Sprintf("%s: %s: %v", v.typ.Name, v.field.Name, err))
			}
		}
	}
}
