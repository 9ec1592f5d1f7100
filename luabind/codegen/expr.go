package codegen

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// into generates an expression and stores its value in a register. It writes the
// register last, since the expression may read a variable in it.
func (f *function) into(e ast.Expr, reg int) {
	if f.isScratch(reg) {
		f.free = reg // the expression may use the register for temporary values
		f.value(e, reg)
		f.free = reg + 1
		return
	}
	free := f.free
	f.value(e, reg)
	f.free = free
}

// isScratch reports whether a register is the last one in use and has no variable.
func (f *function) isScratch(reg int) bool { return reg == f.free-1 && reg >= len(f.locals) }

// next generates an expression into the next free register, which it returns.
func (f *function) next(e ast.Expr) int {
	reg := f.reserve(1, e.Line())
	f.into(e, reg)
	return reg
}

// any returns a register with the value of an expression: that of a local variable, or
// the next free one. It skips operands that a constant excludes: as in Lua 5.1,
// `(nil or x) + f()` reads x after the call.
func (f *function) any(e ast.Expr) int {
	e = f.chosen(e)
	if id, ok := e.(*ast.IdentExpr); ok {
		if reg := f.findLocal(id.Value); reg >= 0 {
			return reg
		}
	}
	return f.next(e)
}

// rk returns an operand with the value of an expression: a constant or a
// register.
func (f *function) rk(e ast.Expr) int {
	if v, ok := constantValue(e); ok {
		if i := f.pool.operand(v); i >= 0 {
			return i | constant
		}
	}
	return f.any(e)
}

func (f *function) value(e ast.Expr, reg int) {
	if v, ok := number(e); ok {
		f.load(v, reg, e.Line())
		return
	}
	switch e := e.(type) {
	case *ast.NilExpr:
		f.emit(abc(lua.OP_LOADNIL, reg, reg, 0), e.Line())
	case *ast.TrueExpr:
		f.emit(abc(lua.OP_LOADBOOL, reg, 1, 0), e.Line())
	case *ast.FalseExpr:
		f.emit(abc(lua.OP_LOADBOOL, reg, 0, 0), e.Line())
	case *ast.StringExpr:
		f.load(lua.LString(e.Value), reg, e.Line())
	case *ast.Comma3Expr, *ast.FuncCallExpr:
		if base := f.multi(e, 1); base != reg {
			f.emit(abc(lua.OP_MOVE, reg, base, 0), endLine(e))
		}
	case *ast.IdentExpr:
		f.variable(e, reg)
	case *ast.AttrGetExpr:
		f.index(e, reg)
	case *ast.TableExpr:
		f.table(e, reg)
	case *ast.LogicalOpExpr:
		f.logical(e, reg)
	case *ast.RelationalOpExpr:
		f.boolean(e, reg)
	case *ast.UnaryNotOpExpr:
		f.not(e, reg)
	case *ast.StringConcatOpExpr:
		f.concat(e, reg)
	case *ast.ArithmeticOpExpr:
		f.arithmetic(e, reg)
	case *ast.UnaryMinusOpExpr:
		f.emit(abc(lua.OP_UNM, reg, f.any(e.Expr), 0), endLine(e.Expr))
	case *ast.UnaryLenOpExpr:
		f.emit(abc(lua.OP_LEN, reg, f.any(e.Expr), 0), endLine(e.Expr))
	case *ast.FunctionExpr:
		f.closure(e, e.Line(), false, reg)
	default:
		fail(e.Line(), "unknown expression %T", e)
	}
}

func (f *function) variable(e *ast.IdentExpr, reg int) {
	if from := f.findLocal(e.Value); from >= 0 {
		if from != reg {
			f.emit(abc(lua.OP_MOVE, reg, from, 0), e.Line())
		}
	} else if i := f.findUpvalue(e.Value, e.Line()); i >= 0 {
		f.emit(abc(lua.OP_GETUPVAL, reg, i, 0), e.Line())
	} else {
		f.emit(abx(lua.OP_GETGLOBAL, reg, f.pool.name(e.Value, e.Line())), e.Line())
	}
}

func (f *function) index(e *ast.AttrGetExpr, reg int) {
	object := f.any(e.Object)
	op, key := f.key(e.Key, lua.OP_GETTABLE, lua.OP_GETTABLEKS)
	f.emit(abc(op, reg, object, key), endLine(e.Key))
}

// key generates a key and returns the instruction for its type.
func (f *function) key(e ast.Expr, general, byName int) (op, key int) {
	if s, ok := e.(*ast.StringExpr); ok {
		return byName, f.operand(lua.LString(s.Value), e.Line())
	}
	return general, f.rk(e)
}

// arithmeticOps holds the instructions of the binary operators.
var arithmeticOps = map[string]int{
	"+": lua.OP_ADD, "-": lua.OP_SUB, "*": lua.OP_MUL, "/": lua.OP_DIV, "%": lua.OP_MOD, "^": lua.OP_POW,
}

func (f *function) arithmetic(e *ast.ArithmeticOpExpr, reg int) {
	lhs := f.rk(e.Lhs)
	rhs := f.rk(e.Rhs)
	f.emit(abc(arithmeticOps[e.Operator], reg, lhs, rhs), endLine(e.Rhs))
}

// concat generates a chain of concatenations as one instruction.
func (f *function) concat(e *ast.StringConcatOpExpr, reg int) {
	first := f.next(e.Lhs)
	last := e.Rhs
	for {
		rest, ok := last.(*ast.StringConcatOpExpr)
		if !ok {
			break
		}
		f.next(rest.Lhs)
		last = rest.Rhs
	}
	f.emit(abc(lua.OP_CONCAT, reg, first, f.next(last)), endLine(last))
}

// closure generates a function and the instruction that makes its closure.
func (f *function) closure(e *ast.FunctionExpr, line int, method bool, reg int) {
	inner := f.function(f)
	inner.proto.LineDefined = line
	inner.enter(false)
	if method {
		inner.parameter("self", line)
	}
	for _, name := range e.ParList.Names {
		inner.parameter(name, line)
	}
	inner.proto.NumParameters = uint8(len(inner.locals))
	if e.ParList.HasVargs {
		// The virtual machine stores the table arg of Lua 5.0 after the parameters
		// unless the function uses "...".
		inner.proto.IsVarArg = lua.VarArgHasArg | lua.VarArgIsVarArg | lua.VarArgNeedsArg
		inner.parameter("arg", line)
	}
	inner.beginCoverage(line)
	inner.stmts(e.Stmts, true)
	inner.end()
	inner.finish(e.LastLine())

	f.proto.FunctionPrototypes = append(f.proto.FunctionPrototypes, inner.proto)
	f.emit(abx(lua.OP_CLOSURE, reg, len(f.proto.FunctionPrototypes)-1), e.LastLine())
	for _, u := range inner.upvalues {
		op := lua.OP_GETUPVAL
		if u.direct {
			op = lua.OP_MOVE
		}
		f.emit(abc(op, captureMark, u.index, 0), e.LastLine())
	}
}

func (f *function) parameter(name string, line int) {
	f.reserve(1, line)
	f.declare(name, line)
}

// describe returns a text for the function in a message.
func (f *function) describe() string {
	if f.parent == nil {
		return "the main function"
	}
	return fmt.Sprintf("the function at line %d", f.proto.LineDefined)
}
