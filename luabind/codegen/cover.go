package codegen

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// Coverage notes which lines of a chunk run. VMs that run the code must not run at the same
// time, and Lines must not be called meanwhile. The zero value is ready for one chunk.
//
// A mark is code that sets an element of a table. It stands for a statement and for those
// after it, up to the first that may raise an error or leave the block.
type Coverage struct {
	hits  *lua.LTable // by the number of the mark: whether it has run
	lines [][]int     // of each mark
}

// Lines returns each executable line, on which a statement or a condition begins. It is
// true if the line has run.
func (c *Coverage) Lines() map[int]bool {
	lines := map[int]bool{}
	for i, of := range c.lines {
		ran := c.hits.RawGetInt(i+1) == lua.LTrue
		for _, line := range of {
			lines[line] = lines[line] || ran
		}
	}
	return lines
}

// begin prepares a chunk.
func (c *Coverage) begin() {
	if c != nil {
		c.hits, c.lines = &lua.LTable{Metatable: lua.LNil}, nil
	}
}

// add adds a mark and returns its number. In an array that is complete, setting an element
// costs least.
func (c *Coverage) add(line int) int {
	c.lines = append(c.lines, []int{line})
	c.hits.Append(lua.LFalse)
	return len(c.lines)
}

// beginCoverage loads the table into a hidden variable of the function.
func (f *function) beginCoverage(line int) {
	if f.coverage == nil {
		return
	}
	f.hits = f.reserve(1, line)
	f.load(f.coverage.hits, f.hits, line)
	f.declare("(coverage)", line)
}

// mark marks the line of a statement or condition that begins here. It does nothing if the
// line is already marked by a statement around or before this one.
func (f *function) mark(line int) {
	if f.coverage == nil || line <= 0 || line == f.marked {
		return
	}
	f.marked = line
	if f.sure > 0 {
		of := &f.coverage.lines[f.sure-1]
		*of = append(*of, line)
		return
	}
	f.last = f.coverage.add(line)
	free := f.free
	f.emit(abc(lua.OP_SETTABLE, f.hits, f.operand(lua.LNumber(f.last), line), f.operand(lua.LTrue, line)), line)
	f.free = free
}

// markStmt marks a statement. A block has no line of its own. It returns the mark that also
// stands for the next statement, or 0.
func (f *function) markStmt(st ast.Stmt) (sure int) {
	if f.coverage == nil {
		return 0
	}
	f.last = f.sure
	if _, block := st.(*ast.DoBlockStmt); !block {
		f.mark(st.Line())
	}
	sure, f.sure = f.last, 0
	if !f.goesOn(st) {
		return 0
	}
	return sure
}

// goesOn reports whether the next statement runs whenever this one does.
func (f *function) goesOn(st ast.Stmt) bool {
	var values []ast.Expr
	switch st := st.(type) {
	case *ast.LocalAssignStmt:
		values = st.Exprs
	case *ast.AssignStmt:
		for _, target := range st.Lhs {
			if _, ok := target.(*ast.IdentExpr); !ok || !f.isHarmless(target) {
				return false
			}
		}
		values = st.Rhs
	default:
		return false
	}
	for _, e := range values {
		if !f.isHarmless(e) {
			return false
		}
	}
	return true
}

// isHarmless reports whether an expression cannot raise an error. A global variable can,
// by a metamethod.
func (f *function) isHarmless(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.NilExpr, *ast.TrueExpr, *ast.FalseExpr, *ast.NumberExpr, *ast.StringExpr, *ast.FunctionExpr, *ast.Comma3Expr:
		return true
	case *ast.TableExpr:
		return len(e.Fields) == 0
	case *ast.IdentExpr:
		return f.visible[e.Value] > 0
	}
	return false
}
