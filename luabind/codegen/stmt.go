package codegen

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// block generates a function's outermost block.
func (f *function) block(stmts []ast.Stmt) {
	f.enter(false)
	f.beginCoverage(1)
	f.stmts(stmts, true)
	f.end()
}

// nested generates a block in a function.
func (f *function) nested(stmts []ast.Stmt, line int) {
	f.enter(false)
	f.stmts(stmts, true)
	f.exit(line)
}

// stmts generates statements. ends is true if their block ends after them. The block of
// repeat does not end there.
func (f *function) stmts(stmts []ast.Stmt, ends bool) {
	labels := len(stmts) // the first of the labels at the end
	for labels > 0 && isLabel(stmts[labels-1]) {
		labels--
	}
	around := f.marked
	f.sure = 0
	for i, st := range stmts {
		if l, ok := st.(*ast.LabelStmt); ok {
			f.labelStmt(l, ends && i >= labels)
			f.marked, f.sure = 0, 0 // a goto may skip the mark
		} else {
			f.beginsStmt(st)
			sure := f.markStmt(st)
			marked := f.marked
			f.stmt(st)
			f.marked, f.sure = marked, sure
		}
		f.free = len(f.locals)
	}
	f.marked, f.sure = around, 0
}

func isLabel(st ast.Stmt) bool {
	_, ok := st.(*ast.LabelStmt)
	return ok
}

func (f *function) stmt(st ast.Stmt) {
	switch st := st.(type) {
	case *ast.AssignStmt:
		f.assign(st)
	case *ast.LocalAssignStmt:
		f.localAssign(st)
	case *ast.FuncCallStmt:
		f.multi(st.Expr, 0)
	case *ast.DoBlockStmt:
		f.nested(st.Stmts, st.LastLine())
	case *ast.WhileStmt:
		f.whileStmt(st)
	case *ast.RepeatStmt:
		f.repeatStmt(st)
	case *ast.IfStmt:
		f.ifStmt(st)
	case *ast.NumberForStmt:
		f.numberFor(st)
	case *ast.GenericForStmt:
		f.genericFor(st)
	case *ast.FuncDefStmt:
		f.funcDef(st)
	case *ast.ReturnStmt:
		f.returnStmt(st)
	case *ast.BreakStmt:
		f.breakStmt(st.Line())
	case *ast.GotoStmt:
		f.gotoStmt(st)
	default:
		fail(st.Line(), "unknown statement %T", st)
	}
}

func (f *function) whileStmt(st *ast.WhileStmt) {
	start := f.here()
	f.enter(true)
	exits := f.jumpIf(st.Condition, false)
	f.nested(st.Stmts, st.LastLine())
	f.jumpTo(start, st.LastLine())
	f.patchHere(exits)
	f.end()
}

// repeatStmt generates a repeat loop. The variables of the body are in scope in the
// condition.
func (f *function) repeatStmt(st *ast.RepeatStmt) {
	start := f.here()
	line := endLine(st.Condition)
	f.enter(true)
	f.enter(false)
	f.stmts(st.Stmts, false)
	f.begins(st.Condition.Line())
	f.mark(st.Condition.Line())
	again := f.jumpIf(st.Condition, false)
	level := f.scope.level
	if captured(f.locals[level:]) {
		f.closeCaptured(level, line)
		done := f.jump(line)
		f.patchHere(again)
		f.closeCaptured(level, line)
		f.jumpTo(start, line)
		f.patchHere([]int{done})
	} else {
		f.patchAll(again, start)
	}
	f.end()
	f.end()
}

func (f *function) ifStmt(st *ast.IfStmt) {
	var done []int
	for {
		f.begins(st.Line())
		f.mark(st.Line())
		otherwise := f.jumpIf(st.Condition, false)
		f.nested(st.Then, endOf(st.Then, st.Line()))
		if len(st.Else) > 0 {
			done = append(done, f.jump(endOf(st.Then, st.Line())))
		}
		f.patchHere(otherwise)
		// The parser nests elseif. This loop follows the nesting without Go's stack.
		next, ok := single(st.Else).(*ast.IfStmt)
		if !ok {
			break
		}
		st = next
	}
	if len(st.Else) > 0 {
		f.nested(st.Else, endOf(st.Else, st.Line()))
	}
	f.patchHere(done)
}

// single returns the statement of a block that has only one, or nil.
func single(stmts []ast.Stmt) ast.Stmt {
	if len(stmts) != 1 {
		return nil
	}
	return stmts[0]
}

// endOf returns the line of a block's last statement, or line if the block is empty.
func endOf(stmts []ast.Stmt, line int) int {
	if len(stmts) == 0 {
		return line
	}
	return endLine(stmts[len(stmts)-1])
}

// control declares the hidden variables of a for loop.
func (f *function) control(line int, names ...string) {
	for _, name := range names {
		f.declare("(for "+name+")", line)
	}
}

func (f *function) numberFor(st *ast.NumberForStmt) {
	line := st.Line()
	f.enter(true)
	base := f.next(st.Init)
	f.next(st.Limit)
	if st.Step != nil {
		f.next(st.Step)
	} else {
		f.load(lua.LNumber(1), f.reserve(1, line), line)
	}
	f.control(line, "index", "limit", "step")
	prepare := f.emit(abx(lua.OP_FORPREP, base, bias), line)
	body := f.here()
	f.enter(false)
	f.reserve(1, line)
	f.declare(st.Name, line)
	f.stmts(st.Stmts, true)
	f.exit(st.LastLine())
	f.patch(prepare, f.here())
	f.patch(f.emit(abx(lua.OP_FORLOOP, base, bias), line), body)
	f.end()
}

func (f *function) genericFor(st *ast.GenericForStmt) {
	line := st.Line()
	f.enter(true)
	base := f.list(st.Exprs, 3, line)
	f.control(line, "generator", "state", "control")
	prepare := f.jump(line)
	body := f.here()
	f.enter(false)
	f.reserve(len(st.Names), line)
	for _, name := range st.Names {
		f.declare(name, line)
	}
	f.stmts(st.Stmts, true)
	f.exit(st.LastLine())
	f.patchHere([]int{prepare})
	f.reserve(3, line) // the call of the generator
	f.emit(abc(lua.OP_TFORLOOP, base, 0, len(st.Names)), line)
	f.jumpTo(body, line)
	f.end()
}

func (f *function) returnStmt(st *ast.ReturnStmt) {
	line := st.Line()
	if len(st.Exprs) == 1 {
		switch e := st.Exprs[0].(type) {
		case *ast.FuncCallExpr:
			if !e.AdjustRet {
				base := f.multi(e, -1)
				call := len(f.code) - 1
				f.code[call] = abc(lua.OP_TAILCALL, base, argB(f.code[call]), 0)
				f.emit(abc(lua.OP_RETURN, base, 0, 0), line)
				return
			}
		case *ast.Comma3Expr:
		default:
			f.emit(abc(lua.OP_RETURN, f.any(e), 2, 0), line)
			return
		}
	}
	base, n := f.open(st.Exprs, line)
	f.emit(abc(lua.OP_RETURN, base, n+1, 0), line)
}

func (f *function) funcDef(st *ast.FuncDefStmt) {
	name := st.Name
	if name.Func != nil {
		f.define(name.Func, st.Func, st.Line(), false)
		return
	}
	key := &ast.StringExpr{Value: name.Method}
	key.SetLine(st.Line())
	f.methodLine(st.Line())
	f.define(&ast.AttrGetExpr{Object: name.Receiver, Key: key}, st.Func, st.Line(), true)
}
