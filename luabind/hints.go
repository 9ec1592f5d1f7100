package luabind

import (
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/lazy"
	"spectrumlua/runtime/schema"
)

// attemptPattern and comparePattern match Lua's errors about a value of the wrong type.
var (
	attemptPattern = lazy.Regexp(`^[^:]+:\d+: attempt to (index|call|perform arithmetic on|concatenate|get length of) ` +
		`(?:(\w+) '(\w+)' \()?a (\w+) value\)?$`)
	comparePattern = lazy.Regexp(`^[^:]+:\d+: attempt to compare (?:two )?(\w+) (?:values|with (\w+))$`)
)

// nilHint is the hint about a nil value of which nothing more is known.
const nilHint = "is a name misspelt, or a field not set?"

// withHint adds a likely reason to an error about a value of the wrong type.
func withHint(message string) string {
	hint := ""
	if m := attemptPattern().FindStringSubmatch(message); m != nil {
		hint = attemptHint(m[1], m[2], m[3], m[4])
	} else if m := comparePattern().FindStringSubmatch(message); m != nil {
		hint = compareHint(m[1], m[2])
	}
	if hint == "" {
		return message
	}
	return message + ": " + hint
}

// wrongType is what a script has attempted with a value of a type.
type wrongType struct{ attempt, typ string }

var wrongTypes = map[wrongType]string{
	{"perform arithmetic on", "string"}: "'..' joins texts, and tonumber(text) makes a number of a text",
	{"perform arithmetic on", "table"}:  "choose one of its fields",
	{"concatenate", "table"}:            "choose one of its fields",
	{"concatenate", "userdata"}:         "choose one of its fields",
	{"concatenate", "boolean"}:          "tostring(value) makes a text",
	{"concatenate", "function"}:         "call the function, with parentheses",
	{"index", "function"}:               "call the function, with parentheses",
	{"call", "table"}:                   "a table is not a function; a loop over a table is 'for key, value in pairs(t) do'",
	{"call", "string"}:                  "this is not a function; leave out the parentheses",
	{"call", "number"}:                  "this is not a function; leave out the parentheses",
}

// attemptHint returns a hint about a value that the script has used wrongly. kind is how
// the script has got the value, such as local or field; it and name may be "".
func attemptHint(attempt, kind, name, typ string) string {
	switch {
	case typ != "nil":
		return wrongTypes[wrongType{attempt, typ}]
	case kind == "global" && name == "session":
		return "a handler gets the session as its first argument: function " + signature("on.NAME")
	case kind == "global" && RequireHint(name) != "":
		return RequireHint(name)
	case kind == "method" && slices.Contains(sessionClass.Names(), name):
		return fmt.Sprintf("%s is a method of the session, a handler's first argument: function %s", name, signature("on.NAME"))
	case name == "self" && kind != "field":
		return "call the method with a colon, as in object:method()"
	case attempt == "index" && (kind == "local" || kind == "upvalue"):
		return "is a name misspelt, or has a call failed? It then returns nil and a message"
	}
	return nilHint
}

// compareHint returns a hint about two values that cannot be compared. The second type is
// "" if both have the same one.
func compareHint(a, b string) string {
	switch {
	case a == "nil" || b == "nil":
		return nilHint
	case a+b == "stringnumber" || a+b == "numberstring":
		return "tonumber(text) makes a number of a text"
	}
	return ""
}

// signature returns a handler's name with its parameters.
func signature(handler string) string { return handler + "(session, m)" }

// sessionHint returns the reason why a session does not have a name: it belongs to a
// message that Spectrum sends, or to a payload.
func sessionHint(l *lua.LState, obj *sessionObject, name string) string {
	if t := schema.TypeByName(name); t != nil {
		return ": " + unsendableFor(t)
	}
	handler := "on.NAME"
	if l != nil {
		if running := obj.runningHandler(l); running != "" {
			handler = "on." + running
		}
	}
	for _, t := range schema.Types() {
		if t.Handled() && t.User() != nil && t.Payload.Field(name) != nil {
			return fmt.Sprintf("; the message is a handler's second argument: function %s", signature(handler))
		}
	}
	return ""
}

// runningHandler returns the name of the handler that calls the binding, or "" if a
// function that is not a handler calls it.
func (obj *sessionObject) runningHandler(l *lua.LState) string {
	caller, ok := l.GetStack(1)
	if !ok || obj.host.vm == nil {
		return ""
	}
	fn, err := l.GetInfo("f", caller, lua.LNil)
	if err != nil {
		return ""
	}
	for name, handler := range obj.host.vm.handlers {
		if lua.LValue(handler) == fn {
			return name
		}
	}
	return ""
}
