package codegen

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// truth returns whether an expression is true or false by its form alone.
func truth(e ast.Expr) (value, known bool) {
	switch e := e.(type) {
	case *ast.NilExpr, *ast.FalseExpr:
		return false, true
	case *ast.TrueExpr, *ast.StringExpr:
		return true, true
	case *ast.UnaryNotOpExpr:
		value, known = truth(e.Expr)
		return !value, known
	}
	_, known = number(e)
	return known, known
}

// chosen returns the operand that an "and" or "or" always has as its value, if its
// first one is a constant, and any other expression as it is.
func (f *function) chosen(e ast.Expr) ast.Expr {
	for {
		op, ok := e.(*ast.LogicalOpExpr)
		if !ok {
			return e
		}
		value, known := truth(op.Lhs)
		if !known {
			return e
		}
		e = op.Rhs
		if value == (op.Operator == "or") {
			e = op.Lhs
			f.skipMethods(op.Rhs)
		}
	}
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

// jumpIf generates an expression as a condition. It returns the jumps for the case
// that the condition has the value cond. Otherwise the next instruction follows.
func (f *function) jumpIf(e ast.Expr, cond bool) []int {
	if value, known := truth(e); known {
		if value == cond {
			return []int{f.jump(e.Line())}
		}
		return nil
	}
	free := f.free
	defer func() { f.free = free }()
	switch e := e.(type) {
	case *ast.UnaryNotOpExpr:
		return f.jumpIf(e.Expr, !cond)
	case *ast.RelationalOpExpr:
		return f.compare(e, cond)
	case *ast.LogicalOpExpr:
		// One false side decides an "and", one true side an "or".
		decisive := e.Operator == "or"
		if cond == decisive {
			return append(f.jumpIf(e.Lhs, cond), f.jumpIf(e.Rhs, cond)...)
		}
		decided := f.jumpIf(e.Lhs, decisive)
		jumps := f.jumpIf(e.Rhs, cond)
		f.patchHere(decided)
		return jumps
	}
	f.emit(abc(lua.OP_TEST, f.any(e), 0, bit(cond)), endLine(e))
	return []int{f.jump(endLine(e))}
}

// comparison is the instruction of an operator. swap exchanges the operands, and
// negated inverts the result.
type comparison struct {
	op            int
	swap, negated bool
}

var comparisons = map[string]comparison{
	"==": {op: lua.OP_EQ}, "~=": {op: lua.OP_EQ, negated: true},
	"<": {op: lua.OP_LT}, ">": {op: lua.OP_LT, swap: true},
	"<=": {op: lua.OP_LE}, ">=": {op: lua.OP_LE, swap: true},
}

func (f *function) compare(e *ast.RelationalOpExpr, cond bool) []int {
	c := comparisons[e.Operator]
	lhs := f.rk(e.Lhs)
	rhs := f.rk(e.Rhs)
	if c.swap {
		lhs, rhs = rhs, lhs
	}
	f.emit(abc(c.op, bit(cond != c.negated), lhs, rhs), endLine(e.Rhs))
	return []int{f.jump(endLine(e.Rhs))}
}

// boolean generates a condition and stores its value, true or false, in a register.
func (f *function) boolean(e ast.Expr, reg int) {
	f.loadBooleans(reg, f.jumpIf(e, true), nil, false, endLine(e))
}

// loadBooleans emits code that stores true after the jumps yes and false after the
// jumps no. Without a jump, it keeps the register if keep is true, and stores false
// otherwise.
func (f *function) loadBooleans(reg int, yes, no []int, keep bool, line int) {
	var over []int
	if keep {
		if len(yes)+len(no) == 0 {
			return
		}
		over = []int{f.jump(line)}
	}
	f.patchHere(no)
	f.emit(abc(lua.OP_LOADBOOL, reg, 0, 1), line)
	f.patchHere(yes)
	f.emit(abc(lua.OP_LOADBOOL, reg, 1, 0), line)
	f.patchHere(over)
}

func (f *function) not(e *ast.UnaryNotOpExpr, reg int) {
	if value, known := truth(e); known {
		f.emit(abc(lua.OP_LOADBOOL, reg, bit(value), 0), e.Line())
		return
	}
	switch e.Expr.(type) {
	case *ast.LogicalOpExpr, *ast.RelationalOpExpr, *ast.UnaryNotOpExpr:
		f.boolean(e, reg)
	default:
		f.emit(abc(lua.OP_NOT, reg, f.any(e.Expr), 0), endLine(e.Expr))
	}
}

// decided holds the jumps out of an "and" or "or" whose value is known.
type decided struct {
	done    []int // the value is in the register
	yes, no []int // the value is true or false, and not in the register yet
}

// logical generates an "and" or "or" as a value.
func (f *function) logical(e *ast.LogicalOpExpr, reg int) {
	var d decided
	var last ast.Expr = e
	for {
		op, ok := last.(*ast.LogicalOpExpr)
		if !ok {
			break
		}
		f.decide(op.Lhs, op.Operator == "or", reg, &d)
		last = op.Rhs
	}
	if isCondition(last) {
		d.yes = append(d.yes, f.jumpIf(last, true)...)
		f.loadBooleans(reg, d.yes, d.no, false, endLine(last))
	} else {
		f.operandInto(last, reg)
		f.loadBooleans(reg, d.yes, d.no, true, endLine(last))
	}
	f.patchHere(d.done)
}

// isCondition reports whether jumps compute the value of an expression, a boolean.
func isCondition(e ast.Expr) bool {
	if _, known := truth(e); known {
		return false
	}
	switch e := e.(type) {
	case *ast.RelationalOpExpr:
		return true
	case *ast.UnaryNotOpExpr:
		switch e.Expr.(type) {
		case *ast.LogicalOpExpr, *ast.RelationalOpExpr, *ast.UnaryNotOpExpr:
			return true
		}
	}
	return false
}

// operandInto generates an operand into a register. It uses the same temporary
// registers as into.
func (f *function) operandInto(e ast.Expr, reg int) {
	free := f.free
	if f.free == reg {
		f.reserve(1, e.Line())
	}
	f.into(e, reg)
	f.free = free
}

// decide generates an operand of "and" or "or". If the operand is as true as cond, it
// is the value of the whole expression, and the code jumps to the end. Otherwise the
// next instruction follows.
func (f *function) decide(e ast.Expr, cond bool, reg int, d *decided) {
	free := f.free
	defer func() { f.free = free }()
	if value, known := truth(e); known {
		if value == cond {
			f.operandInto(e, reg)
			d.done = append(d.done, f.jump(e.Line()))
		}
		return
	}
	if op, ok := e.(*ast.LogicalOpExpr); ok {
		decisive := op.Operator == "or"
		if cond == decisive {
			f.decide(op.Lhs, cond, reg, d)
			f.decide(op.Rhs, cond, reg, d)
			return
		}
		skip := f.jumpIf(op.Lhs, decisive)
		f.decide(op.Rhs, cond, reg, d)
		f.patchHere(skip)
		return
	}
	_, isNot := e.(*ast.UnaryNotOpExpr)
	if isCondition(e) || isNot {
		if jumps := f.jumpIf(e, cond); cond {
			d.yes = append(d.yes, jumps...)
		} else {
			d.no = append(d.no, jumps...)
		}
		return
	}
	line := endLine(e)
	from := f.any(e)
	if from == reg {
		f.emit(abc(lua.OP_TEST, reg, 0, bit(cond)), line)
	} else {
		f.emit(abc(lua.OP_TESTSET, reg, from, bit(cond)), line)
	}
	d.done = append(d.done, f.jump(line))
}
