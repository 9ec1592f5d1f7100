package check

import (
	"fmt"
	"slices"
	"strconv"
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

// wanted returns the name of a type for messages.
func wanted(t api.Type) string {
	if name := wantedNames[string(kind(t))]; name != "" {
		return name
	}
	return string(t)
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

// checkOptions checks the tables of options of a call.
func (u *unit) checkOptions(call *ast.FuncCallExpr, f *api.Function, owner *api.Class) {
	for i, p := range f.Params {
		if i >= len(call.Args) || p.Name == "..." {
			return
		}
		table, ok := call.Args[i].(*ast.TableExpr)
		class := p.Type.Class()
		if p.Name == "fields" { // checkSent checks a message
			continue
		}
		if !ok || class == nil || len(class.AllFunctions()) > 0 || hasFreeKeys(class) {
			continue
		}
		what := called(f, owner)
		for _, field := range table.Fields {
			if key, ok := field.Key.(*ast.StringExpr); ok {
				u.checkOption(what, class, key, field.Value)
			}
		}
	}
}

func hasFreeKeys(c *api.Class) bool {
	return slices.ContainsFunc(c.AllFields(), func(f *api.Field) bool { return strings.HasPrefix(f.Name, "[") })
}

func (u *unit) checkOption(what string, class *api.Class, key *ast.StringExpr, given ast.Expr) {
	option := class.Field(key.Value)
	if option == nil {
		hint := bind.DidYouMean(key.Value, class.Names())
		if hint == "" {
			hint = "; the options are " + strings.Join(class.Names(), ", ")
		}
		u.tell(key.Line(), "unknown-option", fmt.Sprintf("%s has no option %q%s", what, key.Value, hint))
		return
	}
	for _, leaf := range leaves(given) {
		v := u.known(leaf)
		if want := refused(option.Type, v); want != "" {
			u.tell(leaf.Line(), "wrong-value", fmt.Sprintf("%s: %s: %s expected, got %s", what, key.Value, want, bind.Describe(v)))
		}
	}
}

// simple holds the types that checkArguments compares, and the Lua types that they accept.
var simple = map[string][]lua.LValueType{
	"string":  {lua.LTString, lua.LTNumber},
	"number":  {lua.LTNumber},
	"integer": {lua.LTNumber},
	"boolean": {lua.LTBool},
	"fun":     {lua.LTFunction},
}

// kind returns "fun" for each function type, and any other type unchanged.
func kind(t api.Type) api.Type {
	if strings.HasPrefix(strings.TrimPrefix(string(t), "async "), "fun(") {
		return "fun"
	}
	return t
}

var wantedNames = map[string]string{"string": "string", "number": "number", "integer": "number", "boolean": "true or false", "fun": "function"}

// refused returns the expected type if a type rejects a value, and "" otherwise.
func refused(t api.Type, v lua.LValue) string {
	alternatives := t.Alternatives()
	if v == nil || v == lua.LNil {
		return ""
	}
	if want := refusedWord(alternatives, v); want != "" {
		return want
	}
	want := ""
	for _, a := range alternatives {
		a = kind(a)
		kinds, known := simple[string(a)]
		switch {
		case a == "nil":
		case !known || want != "" || slices.Contains(kinds, v.Type()):
			return "" // check does not compare a type of several kinds
		default:
			want = wantedNames[string(a)]
		}
	}
	return want
}

// refusedWord is refused for a type whose alternatives are quoted words.
func refusedWord(alternatives []api.Type, v lua.LValue) string {
	text, ok := v.(lua.LString)
	var words []string
	for _, a := range alternatives {
		if !strings.HasPrefix(string(a), `"`) {
			return ""
		}
		words = append(words, string(a))
	}
	if !ok || slices.Contains(words, strconv.Quote(string(text))) {
		return ""
	}
	return strings.Join(words, " or ")
}
