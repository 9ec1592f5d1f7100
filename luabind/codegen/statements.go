package codegen

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// Statements notes where the statements of a chunk begin, for a debugger. The zero value
// is ready for one chunk.
type Statements struct {
	// Starts has the statements of each function, in the order of the code.
	Starts map[*lua.FunctionProto][]Start
}

// Start is the beginning of a statement or of a condition, or the end of a function.
type Start struct {
	PC   int // index of the instruction
	Line int
}

// begin prepares a chunk.
func (s *Statements) begin() {
	if s != nil {
		s.Starts = map[*lua.FunctionProto][]Start{}
	}
}

// beginsStmt notes that a statement begins here, unless the first statement in it begins
// here, too.
func (f *function) beginsStmt(st ast.Stmt) {
	switch st.(type) {
	case *ast.DoBlockStmt, *ast.RepeatStmt:
	default:
		f.begins(st.Line())
	}
}

// begins notes that a statement begins here.
func (f *function) begins(line int) {
	s, start := f.statements, Start{f.here(), line}
	if s == nil || line <= 0 {
		return
	}
	if all := s.Starts[f.proto]; len(all) == 0 || all[len(all)-1] != start {
		s.Starts[f.proto] = append(all, start)
	}
}
