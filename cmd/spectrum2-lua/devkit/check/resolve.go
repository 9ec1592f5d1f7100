package check

import (
	"slices"

	"github.com/yuin/gopher-lua/ast"
)

// resolver walks through a file and resolves each name.
type resolver struct {
	*unit
	scopes    []map[string]*variable
	functions []*ast.FunctionExpr // the functions around the current statement
}

func (r *resolver) open()  { r.scopes = append(r.scopes, map[string]*variable{}) }
func (r *resolver) close() { r.scopes = r.scopes[:len(r.scopes)-1] }

func (r *resolver) declare(name string, line int) *variable {
	v := &variable{name: name, line: line}
	r.scopes[len(r.scopes)-1][name] = v
	r.locals = append(r.locals, v)
	if r.localLine[name] == 0 {
		r.localLine[name] = line
	}
	return v
}

func (r *resolver) lookUp(name string) *variable {
	for i := len(r.scopes) - 1; i >= 0; i-- {
		if v := r.scopes[i][name]; v != nil {
			return v
		}
	}
	return nil
}

func (r *resolver) block(stmts []ast.Stmt) {
	r.open()
	r.stmts(stmts)
	r.close()
}

func (r *resolver) stmts(stmts []ast.Stmt) {
	for _, s := range stmts {
		r.stmt(s)
	}
}

func (r *resolver) stmt(s ast.Stmt) {
	switch s := s.(type) {
	case *ast.AssignStmt:
		r.assign(s)
	case *ast.LocalAssignStmt:
		r.local(s)
	case *ast.FuncCallStmt:
		r.dropped = append(r.dropped, s.Expr)
		r.expr(s.Expr)
	case *ast.DoBlockStmt:
		r.block(s.Stmts)
	case *ast.WhileStmt:
		r.test(s.Condition)
		r.block(s.Stmts)
	case *ast.RepeatStmt:
		r.open()
		r.stmts(s.Stmts)
		r.test(s.Condition) // the condition sees the block's variables
		r.close()
	case *ast.IfStmt:
		r.ifs(s)
	case *ast.NumberForStmt:
		r.exprs(s.Init, s.Limit, s.Step)
		r.open()
		v := r.declare(s.Name, s.Line())
		v.isFor, v.values = true, []assigned{{}}
		r.stmts(s.Stmts)
		r.close()
	case *ast.GenericForStmt:
		r.exprs(s.Exprs...)
		r.open()
		for i, name := range s.Names {
			v := r.declare(name, s.Line())
			v.isFor, v.loop, v.loopAt = true, s, i
		}
		r.stmts(s.Stmts)
		r.close()
	case *ast.FuncDefStmt:
		r.define(s)
	case *ast.ReturnStmt:
		if len(r.functions) == 0 {
			r.returns = append(r.returns, s)
		}
		r.exprs(s.Exprs...)
	}
}

// ifs walks along a chain of elseif, which is nested in the tree.
func (r *resolver) ifs(s *ast.IfStmt) {
	for {
		r.test(s.Condition)
		r.block(s.Then)
		if len(s.Else) == 1 {
			if next, ok := s.Else[0].(*ast.IfStmt); ok {
				s = next
				continue
			}
		}
		r.block(s.Else)
		return
	}
}

func (r *resolver) local(s *ast.LocalAssignStmt) {
	if len(s.Names) == 1 && len(s.Exprs) == 1 {
		if fn, ok := s.Exprs[0].(*ast.FunctionExpr); ok { // the function can call itself
			v := r.declare(s.Names[0], s.Line())
			v.values = []assigned{{expr: fn}}
			v.inside = fn
			r.function(fn, v, nil, 0, false)
			return
		}
	}
	r.exprs(s.Exprs...)
	var group []*variable
	for i, name := range s.Names {
		v := r.declare(name, s.Line())
		if a := resultOf(s.Exprs, i); a.expr != nil || len(s.Exprs) > 0 {
			v.values = append(v.values, a)
		}
		group = append(group, v)
	}
	for _, v := range group {
		v.group = group
	}
}

// resultOf returns the value of variable number i in an assignment.
func resultOf(exprs []ast.Expr, i int) assigned {
	n := len(exprs)
	switch {
	case i < n-1, i == n-1:
		return assigned{exprs[i], 0}
	case n > 0 && isOpen(exprs[n-1]):
		return assigned{exprs[n-1], i - n + 1}
	}
	return assigned{expr: &ast.NilExpr{}}
}

// isOpen reports whether an expression may return any number of values.
func isOpen(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.FuncCallExpr:
		return !e.AdjustRet
	case *ast.Comma3Expr:
		return !e.AdjustRet
	}
	return false
}

func (r *resolver) assign(s *ast.AssignStmt) {
	r.exprs(s.Rhs...)
	if len(s.Lhs) == 1 && len(s.Rhs) == 1 {
		r.single[s.Rhs[0]] = true
	}
	for i, target := range s.Lhs {
		a := resultOf(s.Rhs, i)
		switch t := target.(type) {
		case *ast.IdentExpr:
			r.assignName(t, a)
		case *ast.AttrGetExpr:
			r.exprs(t.Object, t.Key)
			if a.nth > 0 {
				a.expr = nil
			}
			r.setMember(t, a.expr)
		}
	}
}

func (r *resolver) assignName(t *ast.IdentExpr, a assigned) {
	if v := r.lookUp(t.Value); v != nil {
		r.vars[t] = v
		v.values = append(v.values, a)
	} else if r.globalSets[t.Value] == 0 {
		r.globalSets[t.Value] = t.Line()
	}
}

func (r *resolver) setMember(t *ast.AttrGetExpr, v ast.Expr) {
	r.sets = append(r.sets, set{t, v})
	key, isName := t.Key.(*ast.StringExpr)
	if isName {
		r.names[key.Value] = true
	}
	if g, ok := t.Object.(*ast.IdentExpr); ok && g.Value == "_G" && r.lookUp("_G") == nil {
		if isName {
			r.globalSets[key.Value] = -1 // an assignment in _G is intended
		} else {
			r.wild = true
		}
	}
}

func (r *resolver) define(s *ast.FuncDefStmt) {
	if s.Name.Func == nil {
		r.expr(s.Name.Receiver)
		key := &ast.StringExpr{Value: s.Name.Method}
		key.SetLine(s.Line())
		target := &ast.AttrGetExpr{Object: s.Name.Receiver, Key: key}
		target.SetLine(s.Line())
		r.setMember(target, s.Func)
		r.function(s.Func, nil, nil, 0, true)
		return
	}
	switch t := s.Name.Func.(type) {
	case *ast.IdentExpr:
		r.assignName(t, assigned{expr: s.Func})
		v := r.vars[t]
		if v != nil {
			v.inside = s.Func
		}
		r.function(s.Func, v, nil, 0, false)
	case *ast.AttrGetExpr:
		r.expr(t.Object)
		r.setMember(t, s.Func)
		r.function(s.Func, nil, nil, 0, false)
	}
}

func (r *resolver) function(e *ast.FunctionExpr, holder *variable, call *ast.FuncCallExpr, arg int, self bool) {
	f := &function{expr: e, holder: holder, call: call, arg: arg, self: self}
	r.unit.functions[e] = f
	r.open()
	names := e.ParList.Names
	if self {
		names = append([]string{"self"}, names...)
	}
	for i, name := range names {
		v := r.declare(name, e.Line())
		v.function, v.index = f, i
		f.params = append(f.params, v)
	}
	r.functions = append(r.functions, e)
	r.stmts(e.Stmts)
	r.functions = r.functions[:len(r.functions)-1]
	r.close()
}

func (r *resolver) exprs(exprs ...ast.Expr) {
	for _, e := range exprs {
		if e != nil {
			r.expr(e)
		}
	}
}

// test walks through a condition. A name in a condition may be nil.
func (r *resolver) test(e ast.Expr) {
	r.markTested(e)
	r.expr(e)
}

func (r *resolver) markTested(e ast.Expr) {
	switch e := e.(type) {
	case *ast.IdentExpr:
		if r.lookUp(e.Value) == nil {
			r.tested[e.Value] = true
		}
	case *ast.AttrGetExpr:
		if key, ok := e.Key.(*ast.StringExpr); ok {
			r.tested["."+key.Value] = true
		}
	}
}

func (r *resolver) expr(e ast.Expr) {
	switch e := e.(type) {
	case *ast.StringExpr:
		r.names[e.Value] = true
	case *ast.IdentExpr:
		r.name(e, nil, 0)
	case *ast.AttrGetExpr:
		r.member(e, false)
	case *ast.TableExpr:
		r.table(e)
	case *ast.FuncCallExpr:
		r.call(e)
	case *ast.LogicalOpExpr:
		r.test(e.Lhs)
		r.expr(e.Rhs)
	case *ast.RelationalOpExpr:
		r.markTested(e.Lhs)
		r.markTested(e.Rhs)
		r.compared = append(r.compared, e)
		r.exprs(e.Lhs, e.Rhs)
	case *ast.StringConcatOpExpr:
		r.exprs(e.Lhs, e.Rhs)
	case *ast.ArithmeticOpExpr:
		r.exprs(e.Lhs, e.Rhs)
	case *ast.UnaryMinusOpExpr:
		r.expr(e.Expr)
	case *ast.UnaryNotOpExpr:
		r.test(e.Expr)
	case *ast.UnaryLenOpExpr:
		r.expr(e.Expr)
	case *ast.FunctionExpr:
		r.function(e, nil, nil, 0, false)
	}
}

func (r *resolver) name(e *ast.IdentExpr, call *ast.FuncCallExpr, arg int) {
	if v := r.lookUp(e.Value); v != nil {
		r.vars[e] = v
		u := use{ident: e, call: call, arg: arg}
		u.own = v.inside != nil && slices.Contains(r.functions, v.inside)
		v.reads = append(v.reads, u)
		return
	}
	switch e.Value {
	case "setfenv", "dofile", "loadfile", "load", "loadstring", "module", "_ENV":
		r.wild = true
	case "package":
		r.usesPackage = true
	}
	r.globals = append(r.globals, global{e.Value, e.Line(), call != nil && arg < 0})
}

func (r *resolver) member(e *ast.AttrGetExpr, called bool) {
	r.expr(e.Object)
	key, isName := e.Key.(*ast.StringExpr)
	if !isName {
		r.expr(e.Key)
	}
	r.members = append(r.members, member{expr: e, called: called})
	if g, ok := e.Object.(*ast.IdentExpr); ok && isName && g.Value == "_G" && r.vars[g] == nil {
		r.tested[key.Value] = true
	}
}

func (r *resolver) table(e *ast.TableExpr) {
	for _, f := range e.Fields {
		if key, ok := f.Key.(*ast.StringExpr); ok {
			r.names[key.Value] = true
		} else if f.Key != nil {
			r.expr(f.Key)
		}
		r.expr(f.Value)
	}
}

func (r *resolver) call(e *ast.FuncCallExpr) {
	r.calls = append(r.calls, e)
	if n := len(r.functions); n > 0 {
		r.within[e] = r.functions[n-1]
	}
	switch fn := e.Func.(type) {
	case nil:
		r.expr(e.Receiver)
	case *ast.IdentExpr:
		r.name(fn, e, -1)
		r.builtin(fn, e)
	case *ast.AttrGetExpr:
		r.callOf[fn] = e
		r.member(fn, true)
	case *ast.FunctionExpr:
		r.function(fn, nil, e, -1, false)
	default:
		r.expr(fn)
	}
	for i, a := range e.Args {
		switch a := a.(type) {
		case *ast.IdentExpr:
			r.name(a, e, i)
		case *ast.FunctionExpr:
			r.function(a, nil, e, i, false)
		default:
			r.expr(a)
		}
	}
}

// builtin handles a call of one of Lua's own functions.
func (r *resolver) builtin(fn *ast.IdentExpr, e *ast.FuncCallExpr) {
	if r.vars[fn] != nil || len(e.Args) == 0 {
		return
	}
	switch fn.Value {
	case "require":
		if name, ok := e.Args[0].(*ast.StringExpr); ok {
			r.requires = append(r.requires, required{name.Value, name.Line()})
		} else {
			r.wild = true
		}
	case "type":
		r.markTested(e.Args[0])
	case "setmetatable", "rawset":
		if g, ok := e.Args[0].(*ast.IdentExpr); ok && g.Value == "_G" && r.lookUp("_G") == nil {
			r.wild = true
		}
	}
}
