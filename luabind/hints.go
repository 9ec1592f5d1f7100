package luabind

import (
	"fmt"
	"regexp"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/schema"
)

// nilPattern matches Lua's errors about a value that is nil.
var nilPattern = regexp.MustCompile(`^[^:]+:\d+: attempt to ` +
	`(?:(?:index|call|perform arithmetic on|concatenate|get length of) (?:(global|method) '(\w+)')?.*\(a nil value\)|` +
	`(?:index|call|perform arithmetic on|concatenate|get length of) a nil value|` +
	`compare (?:nil with \w+|\w+ with nil|two nil values))$`)

// withHint adds a likely reason to an error about a nil value.
func withHint(message string) string {
	m := nilPattern.FindStringSubmatch(message)
	switch {
	case m == nil:
		return message
	case m[1] == "global" && m[2] == "session":
		return message + ": a handler gets the session as its first argument: function " + signature("on.NAME")
	case m[1] == "method" && slices.Contains(sessionClass.Names(), m[2]):
		return fmt.Sprintf("%s: %s is a method of the session, a handler's first argument: function %s", message, m[2], signature("on.NAME"))
	}
	return message + ": is a name misspelt, or a field not set?"
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
