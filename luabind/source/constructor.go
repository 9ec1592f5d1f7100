package source

import (
	"fmt"

	"github.com/yuin/gopher-lua/ast"
)

// gopher-lua 1.1.2 fills a table wrongly from some constructors:
//
//   - behind a list, a last field with a key gives all results of a call to the
//     list: { "a", n = f() } has two values.
//   - it writes a list in portions of 50. A field with a key behind a full
//     portion writes that again, from registers that hold other things by now;
//     and results of a call behind one, or "...", take the place of it.
//   - it cannot count more than 511 portions.
//
// So such a constructor is compiled as another with the same meaning.

// portion is how many values of a list the compiler writes at once, and
// maxListed the most that may stand between two braces.
const (
	portion   = 50
	maxListed = 511 * portion
)

// constructor changes a constructor until restore is called. More than
// maxListed values are left to tooLong.
func (s *spreader) constructor(table *ast.TableExpr) {
	listed := 0
	for _, field := range table.Fields {
		if field.Key == nil {
			listed++
		} else {
			s.oneResult(field.Value)
		}
	}
	if listed > maxListed && s.problem == nil {
		s.problem = &Error{table.Line(), fmt.Sprintf("more than %d values between two braces: "+
			"fill the table in several steps, or read the values from a file", maxListed)}
	}
	if listed < portion || listed == len(table.Fields) && !hasMoreResults(table.Fields[listed-1].Value) {
		return
	}
	fields := table.Fields
	s.undo = append(s.undo, func() { table.Fields = fields })
	table.Fields = s.portioned(fields)
}

// portioned are the fields of a table with none that has a key behind a full
// portion, but before the portion's last value; and none with several results
// there, but together with that value.
func (s *spreader) portioned(fields []*ast.Field) []*ast.Field {
	changed := make([]*ast.Field, 0, len(fields))
	listed, last := 0, -1 // the place of the last value of a list
	for i, field := range fields {
		full := listed > 0 && listed%portion == 0
		switch {
		case field.Key == nil && i == len(fields)-1 && full && hasMoreResults(field.Value):
			changed[last] = &ast.Field{Value: results(changed[last].Value, field.Value)}
			// As the last field, behind those with keys, which belong before it.
			both := changed[last]
			changed = append(append(changed[:last:last], changed[last+1:]...), both)
		case field.Key == nil:
			listed++
			last = len(changed)
			changed = append(changed, field)
		case full:
			s.oneResult(changed[last].Value) // it may be the last field now
			changed = append(changed, nil)
			copy(changed[last+1:], changed[last:])
			changed[last] = field
			last++
		default:
			changed = append(changed, field)
		}
	}
	return changed
}

// results is a call that returns a value and the results of another: a function
// that returns its arguments is given them.
func results(first, others ast.Expr) ast.Expr {
	all := &ast.Comma3Expr{}
	at(all, others)
	back := &ast.ReturnStmt{Exprs: []ast.Expr{all}}
	at(back, others)
	fn := &ast.FunctionExpr{ParList: &ast.ParList{HasVargs: true, Names: []string{}}, Stmts: []ast.Stmt{back}}
	at(fn, others)
	call := &ast.FuncCallExpr{Func: fn, Args: []ast.Expr{first, others}}
	at(call, others)
	return call
}

// hasMoreResults tells of an expression that may have none or several results.
func hasMoreResults(e ast.Expr) bool {
	switch x := e.(type) {
	case *ast.FuncCallExpr:
		return !x.AdjustRet
	case *ast.Comma3Expr:
		return !x.AdjustRet
	}
	return false
}

// oneResult has an expression give one result, as in parentheses.
func (s *spreader) oneResult(e ast.Expr) {
	if !hasMoreResults(e) {
		return
	}
	var adjust *bool
	switch x := e.(type) {
	case *ast.FuncCallExpr:
		adjust = &x.AdjustRet
	case *ast.Comma3Expr:
		adjust = &x.AdjustRet
	}
	*adjust = true
	s.undo = append(s.undo, func() { *adjust = false })
}
