package codegen

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

func (f *function) localAssign(st *ast.LocalAssignStmt) {
	line := st.Line()
	if isLocalFunction(st) {
		reg := f.reserve(1, line)
		f.declare(st.Names[0], line)
		f.closure(st.Exprs[0].(*ast.FunctionExpr), line, false, reg)
		return
	}
	f.list(st.Exprs, len(st.Names), line)
	for _, name := range st.Names {
		f.declare(name, line)
	}
}

// isLocalFunction reports whether a statement is "local function f" and not "local f =
// function", in which f is not in scope. The parser sets a last line only for the first
// form.
func isLocalFunction(st *ast.LocalAssignStmt) bool { return st.LastLine() != 0 }

// target is the left side of an assignment.
type target struct {
	kind        int
	a           int // register, upvalue, name of a global variable, or table
	op, key     int // of a field
	line        int
	localObject bool // the table is a local variable, not a copy
	localKey    bool
}

const (
	toLocal = iota
	toUpvalue
	toGlobal
	toField
)

// target generates the left side of an assignment: the table and the key.
func (f *function) target(e ast.Expr) target {
	switch e := e.(type) {
	case *ast.IdentExpr:
		if reg := f.findLocal(e.Value); reg >= 0 {
			return target{kind: toLocal, a: reg, line: e.Line()}
		}
		if i := f.findUpvalue(e.Value, e.Line()); i >= 0 {
			return target{kind: toUpvalue, a: i, line: e.Line()}
		}
		return target{kind: toGlobal, a: f.pool.name(e.Value, e.Line()), line: e.Line()}
	case *ast.AttrGetExpr:
		t := target{kind: toField, line: endLine(e.Key)}
		t.a = f.any(e.Object)
		t.op, t.key = f.key(e.Key, lua.OP_SETTABLE, lua.OP_SETTABLEKS)
		t.localObject = t.a < len(f.locals)
		t.localKey = t.key&constant == 0 && t.key < len(f.locals)
		return t
	}
	fail(e.Line(), "cannot assign to this expression")
	return target{}
}

// store emits the assignment of an operand. The operand is a register or, for a field,
// a register or a constant.
func (f *function) store(t target, from int) {
	switch t.kind {
	case toLocal:
		if from != t.a {
			f.emit(abc(lua.OP_MOVE, t.a, from, 0), t.line)
		}
	case toUpvalue:
		f.emit(abc(lua.OP_SETUPVAL, from, t.a, 0), t.line)
	case toGlobal:
		f.emit(abx(lua.OP_SETGLOBAL, from, t.a), t.line)
	case toField:
		f.emit(abc(t.op, t.a, t.key, from), t.line)
	}
}

// storeExpr generates an expression and assigns its value.
func (f *function) storeExpr(t target, e ast.Expr) {
	switch t.kind {
	case toLocal:
		f.into(e, t.a)
	case toField:
		f.store(t, f.rk(e))
	default:
		f.store(t, f.any(e))
	}
}

func (f *function) assign(st *ast.AssignStmt) {
	if len(st.Lhs) == 1 && len(st.Rhs) == 1 {
		f.storeExpr(f.target(st.Lhs[0]), st.Rhs[0])
		return
	}
	targets := make([]target, len(st.Lhs))
	for i, e := range st.Lhs {
		targets[i] = f.target(e)
	}
	f.saveOperands(targets)
	last := len(targets) - 1
	values := f.free
	if len(st.Rhs) == len(targets) {
		// The last value needs no register of its own.
		for _, e := range st.Rhs[:last] {
			f.next(e)
		}
		f.storeExpr(targets[last], st.Rhs[last])
		last--
	} else {
		f.list(st.Rhs, len(targets), st.Line())
	}
	for i := last; i >= 0; i-- {
		f.store(targets[i], values+i)
	}
}

// saveOperands copies the local variables that one target uses as a table or key and
// another one assigns to.
func (f *function) saveOperands(targets []target) {
	copies := map[int]int{}
	for _, t := range targets {
		if t.kind == toLocal {
			copies[t.a] = -1
		}
	}
	save := func(reg, line int) int {
		to, assigned := copies[reg]
		if !assigned {
			return reg
		}
		if to < 0 {
			to = f.reserve(1, line)
			f.emit(abc(lua.OP_MOVE, to, reg, 0), line)
			copies[reg] = to
		}
		return to
	}
	for i := range targets {
		t := &targets[i]
		if t.localObject {
			t.a = save(t.a, t.line)
		}
		if t.localKey {
			t.key = save(t.key, t.line)
		}
	}
}

// define generates a function and assigns it.
func (f *function) define(to ast.Expr, fn *ast.FunctionExpr, line int, method bool) {
	t := f.target(to)
	t.line = line
	reg := f.reserve(1, line)
	f.closure(fn, line, method, reg)
	f.store(t, reg)
}
