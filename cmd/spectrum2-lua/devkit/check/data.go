package check

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"
)

// isData reports whether an expression is session.data.
func (u *unit) isData(e ast.Expr) bool {
	a, ok := e.(*ast.AttrGetExpr)
	if !ok {
		return false
	}
	key, ok := a.Key.(*ast.StringExpr)
	return ok && key.Value == "data" && u.valueOf(a.Object).isSession()
}

// dataIsKnown reports whether the program uses session.data only with constant names, so
// that check sees all fields that it sets.
func (p *program) dataIsKnown() bool {
	if p.role != transport || p.wild || p.loads {
		return false
	}
	for _, u := range p.units {
		if !u.source.ok || p.foreign(u.path) {
			return false
		}
		named := map[ast.Expr]bool{} // tables whose fields have constant names
		for _, m := range u.members {
			if _, ok := m.expr.Key.(*ast.StringExpr); ok {
				named[m.expr.Object] = true
			}
		}
		for _, s := range u.sets {
			if _, ok := s.target.Key.(*ast.StringExpr); ok {
				named[s.target.Object] = true
			}
		}
		for _, m := range u.members {
			if key, ok := m.expr.Key.(*ast.StringExpr); ok && key.Value == "data" && !named[m.expr] {
				return false
			}
		}
	}
	return true
}

// checkData reports fields of session.data that the script reads and never sets.
func (u *unit) checkData() {
	if !u.dataIsKnown() {
		return
	}
	for _, m := range u.members {
		key, ok := m.expr.Key.(*ast.StringExpr)
		if ok && u.isData(m.expr.Object) && !u.setSomewhere(key.Value) {
			u.tell(m.expr.Line(), "unset-data", fmt.Sprintf("session.data.%s is always nil, since the script never sets it", key.Value))
		}
	}
}

// checkUnchecked reports objects in session.data whose failure nobody sees: the message
// is dropped, and the script only calls methods of the field.
func (u *unit) checkUnchecked() {
	for _, s := range u.sets {
		key, isName := s.target.Key.(*ast.StringExpr)
		call, isCall := s.value.(*ast.FuncCallExpr)
		if !isName || !isCall || !u.single[s.value] || !u.isData(s.target.Object) || !u.dataIsKnown() {
			continue
		}
		f, owner := u.callee(call)
		if f == nil || !mustHave[owner.Name+"."+f.Name] || !u.onlyCalled(key.Value) {
			continue
		}
		u.tell(call.Line(), "ignored-failure", failureText(owner, f))
	}
}

// onlyCalled reports whether the program only calls methods of the fields of this name.
func (p *program) onlyCalled(name string) bool {
	reads, calls := 0, 0
	for _, u := range p.units {
		for _, m := range u.members {
			if key, ok := m.expr.Key.(*ast.StringExpr); ok && key.Value == name {
				reads++
			}
		}
		for _, c := range u.calls {
			if a, ok := c.Receiver.(*ast.AttrGetExpr); ok {
				if key, ok := a.Key.(*ast.StringExpr); ok && key.Value == name {
					calls++
				}
			}
		}
	}
	return reads > 0 && reads == calls
}
