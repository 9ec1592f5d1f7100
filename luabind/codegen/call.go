package codegen

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// hasMany reports whether an expression may have any number of values.
func hasMany(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		return !e.AdjustRet
	case *ast.Comma3Expr:
		return !e.AdjustRet
	}
	return false
}

// multi generates a call or "..." that returns want values, or all of them if want is
// -1. It reserves the registers of the values and returns the first one. If want is
// -1, it reserves only the first one, and the values end at the top of the virtual
// machine's stack.
//
// These instructions end the stack after the values, so no register after them may be
// in use.
func (f *function) multi(e ast.Expr, want int) int {
	base := f.free
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		f.call(e, want)
	case *ast.Comma3Expr:
		if f.proto.IsVarArg&lua.VarArgIsVarArg == 0 {
			fail(e.Line(), "cannot use '...' outside a vararg function")
		}
		f.proto.IsVarArg &^= lua.VarArgNeedsArg
		f.emit(abc(lua.OP_VARARG, base, want+1, 0), e.Line())
	}
	f.free = base
	f.reserve(max(want, 1), e.Line())
	f.free = base + want
	if want < 0 {
		f.free = base + 1
	}
	return base
}

func (f *function) call(e *ast.FuncCallExpr, want int) {
	base := f.free
	name, line := e.Method, 0
	done := false
	if e.Func != nil {
		f.next(e.Func)
		name, line = calleeName(e.Func), endLine(e.Func)
	} else {
		object := f.any(e.Receiver)
		line = f.methodLine(e.Line())
		method := f.operand(lua.LString(e.Method), line)
		f.free = base
		f.reserve(2, line)
		f.emit(abc(lua.OP_SELF, base, object, method), line)
		done = f.argument(e.Args, base)
	}
	n := 2 // the object and its argument
	if !done {
		if _, n = f.open(e.Args, line); n >= 0 {
			n = f.free - base - 1
		}
	}
	pc := f.emit(abc(lua.OP_CALL, base, n+1, want+1), line)
	f.proto.DbgCalls = append(f.proto.DbgCalls, lua.DbgCall{Pc: pc, Name: name})
}

// calleeName returns the name of a called function for tracebacks, or "?" if it has
// no name.
func calleeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.IdentExpr:
		return e.Value
	case *ast.AttrGetExpr:
		if key, ok := e.Key.(*ast.StringExpr); ok {
			return key.Value
		}
	}
	return "?"
}

// open generates a list of expressions into consecutive registers. It returns the
// first register and the number of values, or -1 if the values end at the top of the
// stack.
func (f *function) open(exprs []ast.Expr, line int) (base, n int) {
	base = f.free
	for i, e := range exprs {
		if i == len(exprs)-1 && hasMany(e) {
			f.multi(e, -1)
			return base, -1
		}
		f.next(e)
	}
	return base, len(exprs)
}

// list generates a list of expressions and adjusts it to want values in consecutive
// registers. It returns the first register.
func (f *function) list(exprs []ast.Expr, want, line int) int {
	base := f.free
	for i, e := range exprs {
		switch {
		case i == len(exprs)-1 && hasMany(e):
			f.multi(e, max(want-i, 0))
		case i < want:
			f.next(e)
		default: // only the side effects are needed
			free := f.free
			f.next(e)
			f.free = free
		}
	}
	if have := f.free - base; have < want {
		first := f.reserve(want-have, line)
		f.emit(abc(lua.OP_LOADNIL, first, base+want-1, 0), line)
	}
	return base
}
