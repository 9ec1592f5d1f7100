package check

import (
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"spectrumlua/luabind"
	"spectrumlua/luabind/api"
	"spectrumlua/runtime/schema"
)

// handlers is the value that a script returns.
type handlers struct {
	returned lua.LValue // the value if it is not a table, or nil
	table    *ast.TableExpr
	variable string // the variable that holds the table, or ""
	line     int
	entries  []handlerEntry
}

// handlerEntry is one entry of the table.
type handlerEntry struct {
	name  string
	line  int
	value ast.Expr
}

// someFunction represents any function.
var someFunction = &lua.LFunction{}

// findHandlers returns the value that the script returns, or nil if it is unknown.
func (u *unit) findHandlers() *handlers {
	if !u.source.ok {
		return nil
	}
	stmts := u.source.tree
	var last *ast.ReturnStmt
	if n := len(stmts); n > 0 {
		last, _ = stmts[n-1].(*ast.ReturnStmt)
	}
	switch {
	case len(u.returns) == 0 && !u.mayNotEnd(stmts):
		return &handlers{returned: lua.LNil}
	case last == nil || len(u.returns) > 1:
		return nil
	case len(last.Exprs) == 0:
		return &handlers{returned: lua.LNil, line: last.Line()}
	}
	h := &handlers{line: last.Line()}
	e := last.Exprs[0]
	if call, ok := e.(*ast.FuncCallExpr); ok && len(call.Args) > 0 { // return setmetatable(on, …)
		if name, ok := call.Func.(*ast.IdentExpr); ok && name.Value == "setmetatable" && u.vars[name] == nil {
			e = call.Args[0]
		}
	}
	v := u.valueOf(e)
	switch {
	case v.constant != nil:
		h.returned = v.constant
		return h
	case v.function != nil:
		h.returned = someFunction
		return h
	case v.literal == nil:
		return nil
	}
	h.table = v.literal
	u.addEntries(h, e)
	return h
}

// mayNotEnd reports whether the file's end may be unreachable, for example after
// error("…").
func (u *unit) mayNotEnd(stmts []ast.Stmt) bool {
	if len(stmts) == 0 {
		return false
	}
	switch s := stmts[len(stmts)-1].(type) {
	case *ast.FuncCallStmt:
		if call, ok := s.Expr.(*ast.FuncCallExpr); ok {
			name, ok := call.Func.(*ast.IdentExpr)
			return ok && name.Value == "error"
		}
	case *ast.WhileStmt, *ast.RepeatStmt, *ast.GotoStmt:
		return true
	}
	return false
}

// addEntries collects the entries of the table: from its constructor, and from
// assignments to its variable.
func (u *unit) addEntries(h *handlers, e ast.Expr) {
	for _, f := range h.table.Fields {
		if key, ok := f.Key.(*ast.StringExpr); ok {
			h.entries = append(h.entries, handlerEntry{key.Value, key.Line(), f.Value})
		}
	}
	name, ok := e.(*ast.IdentExpr)
	if !ok {
		return
	}
	h.variable = name.Value
	holder := u.vars[name]
	for _, s := range u.sets {
		object, ok := s.target.Object.(*ast.IdentExpr)
		key, isName := s.target.Key.(*ast.StringExpr)
		if ok && isName && u.vars[object] == holder {
			h.entries = append(h.entries, handlerEntry{key.Value, s.target.Line(), s.value})
		}
	}
}

// mentionsHandlers reports whether a file assigns functions to names such as
// on.login.
func (u *unit) mentionsHandlers() bool {
	for _, s := range u.sets {
		object, _ := s.target.Object.(*ast.IdentExpr)
		key, isName := s.target.Key.(*ast.StringExpr)
		_, isFunction := s.value.(*ast.FunctionExpr)
		if object != nil && isName && isFunction && object.Value == "on" && luabind.CheckHandler(key.Value, someFunction) == nil {
			return true
		}
	}
	return false
}

// checkHandlers reports wrong handlers, and notes the arguments of right ones.
func (u *unit) checkHandlers() {
	if !u.isMain || u.role != transport {
		return
	}
	h := u.findHandlers()
	switch {
	case h == nil:
		return
	case h.table == nil:
		u.tell(h.line, "no-handlers", luabind.NoHandlers(h.returned))
		return
	}
	if len(h.table.Fields) == 1 && h.table.Fields[0].Key == nil {
		if name, ok := h.table.Fields[0].Value.(*ast.IdentExpr); ok {
			u.tell(h.line, "no-handlers", fmt.Sprintf("the script returns a list with %s inside: write `return %[1]s`, without braces", name.Value))
			return
		}
	}
	for _, e := range h.entries {
		u.checkHandler(e)
		if e.name == "login" && u.valueOf(e.value).function != nil && !u.answersLogins() {
			u.tell(e.line, "never-connected", "the script never answers a login, so clients show that they are connecting: "+
				"call session:connected() or session:disconnected{…}")
		}
	}
}

// loginAnswers are the messages that answer a login.
var loginAnswers = []string{"connected", "disconnected"}

// answersLogins reports whether the script may answer a login. It does if a file
// names one of the messages, or has code that check cannot follow.
func (p *program) answersLogins() bool {
	return p.wild || p.loads || slices.ContainsFunc(p.units, func(u *unit) bool {
		return !u.source.ok || u.names[loginAnswers[0]] || u.names[loginAnswers[1]] ||
			slices.ContainsFunc(u.members, func(m member) bool {
				key, isName := m.expr.Key.(*ast.StringExpr)
				return !isName && u.valueOf(m.expr.Object).isSession() || isName && slices.Contains(loginAnswers, key.Value)
			}) ||
			slices.ContainsFunc(u.calls, func(c *ast.FuncCallExpr) bool { return slices.Contains(loginAnswers, c.Method) })
	})
}

func (u *unit) checkHandler(e handlerEntry) {
	v := u.valueOf(e.value)
	given := lua.LValue(someFunction)
	switch {
	case v.constant == lua.LNil:
		return
	case v.constant != nil:
		given = v.constant
	case v.literal != nil:
		given = &lua.LTable{}
	}
	if err := luabind.CheckHandler(e.name, given); err != nil {
		u.tell(e.line, "unknown-handler", err.Error())
		return
	}
	if doubt := luabind.DoubtHandler(e.name); doubt != "" {
		u.tell(e.line, "unused-handler", doubt)
	}
	f := u.functions[v.function]
	if f == nil {
		return
	}
	if name, ok := e.value.(*ast.IdentExpr); ok {
		u.handlerUses[name] = true
	}
	args, names := handlerArguments(e.name)
	if n := len(f.params); n > len(args) {
		u.tell(f.expr.Line(), "handler-parameters", fmt.Sprintf("on.%s is called with %s, but has %d parameters%s", e.name, names, n, colonHint(f)))
	}
	f.handler = args
	if e.name == "login" {
		u.checkEarly(v.function)
	}
}

func colonHint(f *function) string {
	if f.self {
		return ", since the colon adds self: write a dot"
	}
	return ""
}

// handlerArguments returns the arguments of the handler with a name.
func handlerArguments(name string) (args []value, names string) {
	t := schema.TypeByName(name)
	session := value{class: api.Session()}
	switch {
	case t == nil: // reload
		return []value{session}, "(session), or without"
	case t.Raw:
		return []value{{}}, "(xml)"
	case t.Payload == nil:
		return []value{}, "nothing"
	case t.User() == nil:
		return []value{{payload: t.Payload, typ: t}}, "(m)"
	}
	if len(t.Origins()) > 0 {
		return []value{session, {payload: t.Payload, typ: t}, {}}, "(session, m, origin)"
	}
	return []value{session, {payload: t.Payload, typ: t}}, "(session, m)"
}
