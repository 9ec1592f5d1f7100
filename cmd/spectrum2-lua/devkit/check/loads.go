package check

import "github.com/yuin/gopher-lua/ast"

// checkLoads reports a file that raises an error whenever it is loaded.
func (u *unit) checkLoads() {
	for _, s := range u.source.tree {
		statement, ok := s.(*ast.FuncCallStmt)
		if !ok {
			continue
		}
		call, ok := statement.Expr.(*ast.FuncCallExpr)
		if !ok {
			continue
		}
		if name, ok := call.Func.(*ast.IdentExpr); ok && name.Value == "error" && u.vars[name] == nil && u.globalSets["error"] == 0 {
			u.tell(call.Line(), "never-loads", "the file always raises an error here, so the script does not load")
			return
		}
	}
}
