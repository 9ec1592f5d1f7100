package check

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"google.golang.org/protobuf/reflect/protoreflect"

	"spectrumlua/luabind"
	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/convert"
	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

// checkSent checks the arguments of a function that sends a message. args[0] is the
// table of fields. method is the session method, or "" for spectrum.send.
func (u *unit) checkSent(call *ast.FuncCallExpr, t *schema.Type, args []ast.Expr, method string) {
	if len(args) > 0 && u.fieldsOf(args[0]) == nil {
		u.checkShape(t, args[0])
		return
	}
	s := sent{unit: u, typ: t, method: method, line: call.Line()}
	switch {
	case len(args) > 0 && !t.Raw && t.Payload != nil:
		s.table(u.fieldsOf(args[0]))
	case len(args) > 0:
		u.checkShape(t, args[0])
	case t.Payload != nil:
		s.missing(func(string) bool { return false })
	}
}

func (u *unit) checkShape(t *schema.Type, e ast.Expr) {
	v := u.valueOf(e)
	given := v.constant
	switch {
	case v.literal != nil:
		given = bind.NewTable()
	case v.function != nil:
		given = someFunction
	case v.isSession():
		given = &lua.LUserData{}
	}
	if given == nil || given == lua.LNil {
		return
	}
	if err := luabind.CheckShape(t, given); err != nil {
		u.tell(e.Line(), "wrong-value", t.Name+": "+err.Error())
	}
}

// fieldsOf returns the table constructor of an expression, or nil. The expression
// is the constructor, or a variable that is used only there.
func (u *unit) fieldsOf(e ast.Expr) *ast.TableExpr {
	if table, ok := e.(*ast.TableExpr); ok {
		return table
	}
	if name, ok := e.(*ast.IdentExpr); ok {
		if v := u.vars[name]; v != nil && len(v.reads) == 1 && len(v.values) == 1 {
			table, _ := v.values[0].expr.(*ast.TableExpr)
			return table
		}
	}
	return nil
}

// sent is a message to send.
type sent struct {
	*unit
	typ    *schema.Type
	method string
	line   int
}

func (s *sent) wrong(line int, code string, err error) {
	if err != nil {
		s.tell(line, code, s.typ.Name+": "+err.Error())
	}
}

func (s *sent) table(table *ast.TableExpr) {
	m := s.typ.Payload
	has := map[string]bool{}
	all := true // all keys are known and valid
	for i, f := range table.Fields {
		switch key := f.Key.(type) {
		case nil:
			if isOpen(f.Value) && i == len(table.Fields)-1 {
				continue // the value may be nil
			}
			if v := s.valueOf(f.Value); v.known() && !v.isNil() {
				s.wrong(f.Value.Line(), "unknown-field", convert.CheckField(m, lua.LNumber(1), nil))
			}
		case *ast.StringExpr:
			if _, isNil := f.Value.(*ast.NilExpr); !isNil {
				has[key.Value] = true
			}
			all = s.entry(m, key, f.Value) && all
		default:
			all = false
		}
	}
	if all {
		s.missing(func(name string) bool { return has[name] })
	}
}

// missing reports required fields that the message lacks.
func (s *sent) missing(has func(name string) bool) {
	prefix := s.typ.Name + ": "
	m := s.typ.Payload
	if s.method == "update_buddy" {
		if has("buddy_name") {
			return // update_buddy takes the others from the last message
		}
		prefix = "update_buddy: "
	}
	if err := convert.CheckMissing(m, has, s.method != ""); err != nil {
		s.tell(s.line, "missing-field", prefix+err.Error())
	}
}

// entry checks one entry of the table and reports whether its field exists.
func (s *sent) entry(m *schema.Message, key *ast.StringExpr, e ast.Expr) bool {
	name := lua.LString(key.Value)
	if err := convert.CheckField(m, name, nil); err != nil {
		s.wrong(key.Line(), "unknown-field", err)
		return false
	}
	f := m.Field(key.Value)
	for _, leaf := range leaves(e) {
		b := builder{unit: s.unit}
		if v := b.build(leaf, f, 0); v != lua.LNil {
			line := max(leaf.Line(), key.Line())
			s.wrong(line, "wrong-value", convert.CheckField(m, name, v))
		}
	}
	return true
}

// leaves returns the values that an expression may have: both sides of an "or", and the
// right side of an "and".
func leaves(e ast.Expr) []ast.Expr {
	var all []ast.Expr
	queue := []ast.Expr{e}
	for len(queue) > 0 && len(all) < maxLeaves {
		e, queue = queue[0], queue[1:]
		switch op, ok := e.(*ast.LogicalOpExpr); {
		case ok && op.Operator == "or":
			queue = append(queue, op.Lhs, op.Rhs)
		case ok:
			queue = append(queue, op.Rhs)
		default:
			all = append(all, e)
		}
	}
	return all
}

const maxLeaves = 100

// builder builds the value that a table has at run time. It replaces unknown parts by
// valid values.
type builder struct{ *unit }

// maxBuilt limits the depth of tables; builder ignores deeper ones.
const maxBuilt = 8

// build returns the value of a field, or nil if it is unknown.
func (b builder) build(e ast.Expr, f *schema.Field, depth int) lua.LValue {
	v := b.valueOf(e)
	switch {
	case v.constant == lua.LNil || v.constant == nil && depth == maxBuilt:
		return lua.LNil
	case v.constant != nil:
		return v.constant
	case v.function != nil:
		return someFunction
	case v.isSession():
		return &lua.LUserData{}
	}
	table, ok := e.(*ast.TableExpr)
	if !ok {
		return lua.LNil
	}
	if f.Message != nil && !f.Descriptor.IsList() && !f.Descriptor.IsMap() {
		return b.message(table, f.Message, depth)
	}
	return b.list(table, f, depth)
}

// list returns a list or a map.
func (b builder) list(table *ast.TableExpr, f *schema.Field, depth int) lua.LValue {
	made := bind.NewTable()
	for i, entry := range table.Fields {
		switch key := entry.Key.(type) {
		case nil:
			if isOpen(entry.Value) && i == len(table.Fields)-1 {
				continue
			}
			made.Append(b.element(entry.Value, f, depth))
		case *ast.StringExpr:
			made.RawSetString(key.Value, b.element(entry.Value, f, depth))
		}
	}
	return made
}

// element returns one value of a list or a map.
func (b builder) element(e ast.Expr, f *schema.Field, depth int) lua.LValue {
	of := f
	if f.Descriptor.IsMap() {
		of = f.Message.FieldByNumber(2)
	}
	if table, ok := e.(*ast.TableExpr); ok && of.Message != nil {
		return b.message(table, of.Message, depth+1)
	}
	if v := b.build(e, of, depth+1); v != lua.LNil {
		return v
	}
	return sample(of)
}

func (b builder) message(table *ast.TableExpr, m *schema.Message, depth int) lua.LValue {
	made := bind.NewTable()
	all := true
	for _, entry := range table.Fields {
		key, ok := entry.Key.(*ast.StringExpr)
		if !ok {
			all = false
			continue
		}
		f := m.Field(key.Value)
		if f == nil {
			made.RawSetString(key.Value, lua.LTrue)
			continue
		}
		v := b.build(entry.Value, f, depth+1)
		if v == lua.LNil {
			if _, isNil := entry.Value.(*ast.NilExpr); isNil {
				continue
			}
			v = whole(f)
		}
		made.RawSetString(key.Value, v)
	}
	if !all {
		fill(made, m)
	}
	return made
}

// fill adds the required fields.
func fill(made *lua.LTable, m *schema.Message) {
	for _, f := range m.Fields {
		if f.Descriptor.Cardinality() == protoreflect.Required && made.RawGetString(f.Name) == lua.LNil {
			made.RawSetString(f.Name, whole(f))
		}
	}
}

// whole returns a valid value of a field.
func whole(f *schema.Field) lua.LValue {
	if f.Descriptor.IsList() || f.Descriptor.IsMap() || f.Flags {
		return bind.NewTable()
	}
	return sample(f)
}

// sample returns a valid value of a field, or of an element of a list.
func sample(f *schema.Field) lua.LValue {
	kind := f.Descriptor.Kind()
	switch {
	case f.Message != nil:
		made := bind.NewTable()
		fill(made, f.Message)
		return made
	case f.Enum != nil:
		return lua.LString(f.Enum.Names[0])
	case kind == protoreflect.BoolKind:
		return lua.LTrue
	case kind == protoreflect.StringKind && f.Format != pb.Format_FORMAT_TIMESTAMP, kind == protoreflect.BytesKind:
		return lua.LString("")
	}
	return lua.LNumber(0)
}
