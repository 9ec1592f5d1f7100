package check

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"spectrumlua/luabind"
	"spectrumlua/luabind/api"
	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/schema"
)

// checkCalls checks the arguments of calls of the API.
func (u *unit) checkCalls() {
	for _, call := range u.calls {
		if call.Func == nil {
			u.checkMethod(call)
			u.checkColon(call)
			u.checkTestCall(call)
		}
		f, owner := u.callee(call)
		if f == nil {
			continue
		}
		u.program.calls[owner.Name+"."+f.Name] = true
		switch {
		case owner.Name == api.SessionClass:
			u.checkSessionCall(call, f, owner)
		case owner.Name == "spectrum" && f.Name == "send":
			u.checkSend(call)
		case owner.Name == "spectrum" && f.Name == "backend_config":
			u.checkBackendConfig(call)
		default:
			u.checkArguments(call, f, owner)
			u.checkOptions(call, f, owner)
		}
	}
}

// checkMethod reports a method that an object does not have.
func (u *unit) checkMethod(call *ast.FuncCallExpr) {
	v := u.valueOf(call.Receiver)
	switch {
	case v.isText():
		u.checkStringMethod(call)
	case v.table != nil || v.class == nil:
	case v.isSession() && !slices.Contains(luabind.SessionNames(), call.Method):
		u.tell(call.Line(), "unknown-member", luabind.SessionLacks(call.Method))
	case v.isSession() && slices.Contains(luabind.SessionProperties(), call.Method):
		u.tell(call.Line(), "unknown-member", fmt.Sprintf("%s is not a method of a session: write session.%s", call.Method, call.Method))
	case len(v.class.AllFunctions()) > 0 && !slices.Contains(v.class.Names(), call.Method):
		u.tell(call.Line(), "unknown-member", lacks(v.class, call.Method))
	}
}

// checkStringMethod reports a method that a string does not have.
func (u *unit) checkStringMethod(call *ast.FuncCallExpr) {
	library, _ := u.surface.Globals.RawGetString("string").(*lua.LTable)
	if library.RawGetString(call.Method) == lua.LNil && !u.setSomewhere(call.Method) {
		u.tell(call.Line(), "unknown-member", bind.Lacks("string", library, lua.LString(call.Method)))
	}
}

func lacks(c *api.Class, name string) string {
	return fmt.Sprintf("a %s has no %q%s", shortName(c), name, bind.DidYouMean(name, c.Names()))
}

// shortName returns the name of a class for messages.
func shortName(c *api.Class) string { return strings.TrimPrefix(c.Name, "spectrum.") }

// checkSessionCall checks a call of a session method.
func (u *unit) checkSessionCall(call *ast.FuncCallExpr, f *api.Function, owner *api.Class) {
	if f.Name == "update_buddy" {
		u.checkSent(call, schema.TypeByName("buddy_changed"), call.Args, f.Name)
	} else if t := schema.TypeByName(f.Name); t != nil {
		u.checkSent(call, t, call.Args, f.Name)
		u.checkOptions(call, f, owner)
	} else if list, ok := firstTable(call.Args); ok && f.Name == "roster" {
		for _, contact := range list.Fields {
			u.checkSent(call, schema.TypeByName("buddy_changed"), []ast.Expr{contact.Value}, "buddy_changed")
		}
	} else if call.Func == nil { // with a colon
		u.checkArguments(call, f, owner)
		u.checkOptions(call, f, owner)
	}
}

// firstTable returns the first argument of a call if it is a table constructor.
func firstTable(args []ast.Expr) (*ast.TableExpr, bool) {
	if len(args) == 0 {
		return nil, false
	}
	table, ok := args[0].(*ast.TableExpr)
	return table, ok
}

// checkSend checks a call of spectrum.send.
func (u *unit) checkSend(call *ast.FuncCallExpr) {
	if len(call.Args) == 0 {
		return
	}
	name, ok := u.valueOf(call.Args[0]).constant.(lua.LString)
	if !ok {
		return
	}
	t, err := luabind.CheckSendable(string(name))
	if err != nil {
		u.tell(call.Args[0].Line(), "unknown-message", err.Error())
		return
	}
	u.checkSent(call, t, call.Args[1:], "")
}

// checkBackendConfig checks the sections of spectrum.backend_config.
func (u *unit) checkBackendConfig(call *ast.FuncCallExpr) {
	if len(call.Args) == 0 {
		return
	}
	table, ok := call.Args[0].(*ast.TableExpr)
	if !ok {
		return
	}
	for _, section := range table.Fields {
		name, isName := section.Key.(*ast.StringExpr)
		if !isName {
			continue
		}
		keys, ok := section.Value.(*ast.TableExpr)
		if !ok {
			if v := u.valueOf(section.Value); v.constant != nil && !v.isNil() {
				u.tell(name.Line(), "backend-config", fmt.Sprintf("backend_config: %s: table expected (as in { features = { muc = true } })", name.Value))
			}
			continue
		}
		if len(keys.Fields) == 0 {
			u.checkSetting(name.Line(), name.Value, "muc", "1")
		}
		for _, f := range keys.Fields {
			if key, ok := f.Key.(*ast.StringExpr); ok {
				u.checkSetting(key.Line(), name.Value, key.Value, u.settingText(f.Value))
			}
		}
	}
}

func (u *unit) checkSetting(line int, section, key, text string) {
	doubt, err := luabind.CheckBackendSetting(section, key, text)
	if err != nil {
		u.tell(line, "backend-config", "backend_config: "+err.Error())
	}
	if doubt != "" {
		u.tell(line, "backend-config-key", "backend_config: "+doubt)
	}
}

// settingText returns a value in the form for Spectrum. It returns "1", which is
// always valid, for an unknown value.
func (u *unit) settingText(e ast.Expr) string {
	switch v := u.valueOf(e).constant.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return v.String()
	}
	return "1"
}

// called returns the name of a function for messages.
func called(f *api.Function, owner *api.Class) string {
	if f.Method {
		return f.Name
	}
	return shortName(owner) + "." + f.Name
}

// checkArguments checks arguments whose values or types are known, and that none is missing.
func (u *unit) checkArguments(call *ast.FuncCallExpr, f *api.Function, owner *api.Class) {
	for i, p := range u.paramsOf(call, f) {
		if p.Name == "..." {
			return
		}
		if i >= len(call.Args) {
			if demanded(p) && !endsOpen(call.Args) {
				u.tell(call.Line(), "missing-argument", fmt.Sprintf("%s: %s is missing (%s expected)", called(f, owner), p.Name, wanted(p.Type)))
				return
			}
			continue
		}
		for _, leaf := range leaves(call.Args[i]) {
			v := u.known(leaf)
			if text, ok := v.(lua.LString); ok && number(strings.TrimSpace(string(text))).known() {
				continue // Lua converts it to a number
			}
			if want := refused(p.Type, v); want != "" {
				u.tell(leaf.Line(), "wrong-value", fmt.Sprintf("%s: %s: %s expected, got %s", called(f, owner), p.Name, want, bind.Describe(v)))
			}
		}
	}
}

// demanded reports whether a call must have an argument for a parameter.
func demanded(p *api.Param) bool {
	return !p.Optional && !slices.ContainsFunc(p.Type.Alternatives(), func(a api.Type) bool { return a == "nil" || a == "any" })
}

// endsOpen reports whether the last of the arguments may stand for several.
func endsOpen(args []ast.Expr) bool {
	if len(args) == 0 {
		return false
	}
	switch args[len(args)-1].(type) {
	case *ast.FuncCallExpr, *ast.Comma3Expr:
		return true
	}
	return false
}

// known returns the value of an expression. It is an empty function or table if only the type
// is known, and nil if nothing is.
func (u *unit) known(e ast.Expr) lua.LValue {
	v := u.valueOf(e)
	switch {
	case v.function != nil, v.method != nil:
		return &lua.LFunction{}
	case v.literal != nil:
		return &lua.LTable{}
	}
	return v.constant
}

// paramsOf returns the parameters of a call in the order of its arguments, or nil if
// they are unknown. A call may omit an optional first parameter.
func (u *unit) paramsOf(call *ast.FuncCallExpr, f *api.Function) []*api.Param {
	if len(f.Params) < 2 || !f.Params[0].Optional {
		return f.Params
	}
	if f.Params[0].Name != "name" || len(call.Args) == 0 {
		return nil
	}
	switch first := u.known(call.Args[0]).(type) {
	case lua.LString:
		if !number(strings.TrimSpace(string(first))).known() {
			return f.Params
		}
	case lua.LNumber, *lua.LFunction: // the name is missing
		return f.Params[1:]
	}
	return nil
}
