package source

import (
	"fmt"
	"slices"

	"github.com/yuin/gopher-lua/ast"
)

// A multiple assignment evaluates everything on its right before it assigns
// anything. gopher-lua 1.1.2 evaluates some expressions straight into the local
// variables on its left, so that those behind them see the new values:
//
//	local a, b = 4, 5
//	a, b = b, math.floor(a) -- b is 5 then, not 4
//
// So such an assignment is compiled as what it means:
//
//	do local x, y = b, math.floor(a); b = y; a = x end
//
// Two single ones need that as well, since the variable is overwritten before
// its value is read, and with it those declared behind it:
//
//	a = not b and a
//	text = (text:gsub("a", "b")) -- in a function whose last parameter it is

// spread changes the multiple assignments of a tree and its constructors, and
// returns what makes the tree as it was; the error is of what cannot be
// compiled.
func spread(tree []ast.Stmt) (restore func(), problem *Error) {
	s := &spreader{}
	s.block(tree)
	return func() {
		for _, undo := range slices.Backward(s.undo) {
			undo()
		}
	}, s.problem
}

type spreader struct {
	undo    []func()
	problem *Error
}

func (s *spreader) block(stmts []ast.Stmt) {
	for i, stmt := range stmts {
		s.stmt(stmt)
		if a, ok := stmt.(*ast.AssignStmt); ok && assignsVariable(a) && (len(a.Lhs) > 1 || inPlace(a.Rhs)) {
			stmts[i] = spreadOut(a)
			s.undo = append(s.undo, func() { stmts[i] = a })
		}
	}
}

func assignsVariable(a *ast.AssignStmt) bool {
	for _, target := range a.Lhs {
		if _, ok := target.(*ast.IdentExpr); ok {
			return true
		}
	}
	return false
}

// inPlace tells of values that are worked out in the variable that they are
// assigned to.
func inPlace(values []ast.Expr) bool {
	return slices.ContainsFunc(values, func(e ast.Expr) bool {
		switch x := e.(type) {
		case *ast.LogicalOpExpr:
			return true
		case *ast.FuncCallExpr:
			return x.AdjustRet
		}
		return false
	})
}

// spreadOut is a multiple assignment by way of local variables, whose names no
// script can write.
func spreadOut(a *ast.AssignStmt) ast.Stmt {
	block := &ast.DoBlockStmt{}
	at(block, a)
	local := func(names []string, values []ast.Expr) {
		stmt := &ast.LocalAssignStmt{Names: names, Exprs: values}
		at(stmt, a)
		block.Stmts = append(block.Stmts, stmt)
	}
	variable := func(name string) ast.Expr {
		e := &ast.IdentExpr{Value: name}
		at(e, a)
		return e
	}
	targets := make([]ast.Expr, len(a.Lhs))
	values := make([]string, len(a.Lhs))
	for i, target := range a.Lhs {
		targets[i], values[i] = target, fmt.Sprint("(value ", i+1, ")")
		get, ok := target.(*ast.AttrGetExpr)
		if !ok {
			continue
		}
		object, key := fmt.Sprint("(table ", i+1, ")"), fmt.Sprint("(key ", i+1, ")")
		local([]string{object, key}, []ast.Expr{get.Object, get.Key})
		part := &ast.AttrGetExpr{Object: variable(object), Key: variable(key)}
		if constant, ok := get.Key.(ast.ConstExpr); ok {
			part.Key = constant
		}
		at(part, a)
		targets[i] = part
	}
	local(values, a.Rhs)
	for i := len(targets) - 1; i >= 0; i-- {
		stmt := &ast.AssignStmt{Lhs: targets[i : i+1], Rhs: []ast.Expr{variable(values[i])}}
		at(stmt, a)
		block.Stmts = append(block.Stmts, stmt)
	}
	return block
}

// at gives a node the place of another.
func at(node, place ast.PositionHolder) {
	node.SetLine(place.Line())
	node.SetLastLine(place.LastLine())
}

func (s *spreader) stmt(stmt ast.Stmt) {
	switch x := stmt.(type) {
	case *ast.AssignStmt:
		s.exprs(x.Lhs)
		s.exprs(x.Rhs)
	case *ast.LocalAssignStmt:
		s.exprs(x.Exprs)
	case *ast.FuncCallStmt:
		s.expr(x.Expr)
	case *ast.DoBlockStmt:
		s.block(x.Stmts)
	case *ast.WhileStmt:
		s.expr(x.Condition)
		s.block(x.Stmts)
	case *ast.RepeatStmt:
		s.block(x.Stmts)
		s.expr(x.Condition)
	case *ast.IfStmt:
		s.expr(x.Condition)
		s.block(x.Then)
		s.block(x.Else)
	case *ast.NumberForStmt:
		s.exprs([]ast.Expr{x.Init, x.Limit, x.Step})
		s.block(x.Stmts)
	case *ast.GenericForStmt:
		s.exprs(x.Exprs)
		s.block(x.Stmts)
	case *ast.FuncDefStmt:
		s.expr(x.Func)
	case *ast.ReturnStmt:
		s.exprs(x.Exprs)
	}
}

func (s *spreader) exprs(list []ast.Expr) {
	for _, e := range list {
		s.expr(e)
	}
}

// expr looks for functions.
func (s *spreader) expr(e ast.Expr) {
	switch x := e.(type) {
	case *ast.FunctionExpr:
		s.block(x.Stmts)
	case *ast.AttrGetExpr:
		s.exprs([]ast.Expr{x.Object, x.Key})
	case *ast.TableExpr:
		for _, field := range x.Fields {
			s.exprs([]ast.Expr{field.Key, field.Value})
		}
		s.constructor(x)
	case *ast.FuncCallExpr:
		s.exprs([]ast.Expr{x.Func, x.Receiver})
		s.exprs(x.Args)
	case *ast.LogicalOpExpr:
		s.exprs([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.RelationalOpExpr:
		s.exprs([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.StringConcatOpExpr:
		s.exprs([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.ArithmeticOpExpr:
		s.exprs([]ast.Expr{x.Lhs, x.Rhs})
	case *ast.UnaryMinusOpExpr:
		s.expr(x.Expr)
	case *ast.UnaryNotOpExpr:
		s.expr(x.Expr)
	case *ast.UnaryLenOpExpr:
		s.expr(x.Expr)
	}
}
