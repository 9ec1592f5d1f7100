package stdlib

import (
	"reflect"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/codegen"
)

// theirRegistry is what gopher-lua says when there is no room for more
// variables.
const theirRegistry = "registry overflow"

// renamed is an error's object under the one name that all overflows have here.
func renamed(object lua.LValue) lua.LValue {
	text, ok := object.(lua.LString)
	if rest, found := strings.CutSuffix(string(text), theirRegistry); ok && found {
		return lua.LString(rest + overflowText)
	}
	if object == nil {
		return lua.LNil
	}
	return object
}

func overflowed(object lua.LValue) bool {
	text, ok := object.(lua.LString)
	return ok && strings.HasSuffix(string(text), overflowText)
}

// reworded returns an error's object as Lua 5.1 words it, while l stands where it
// was raised. Only errors of the interpreter itself change: those that an
// instruction of a Lua function has raised.
func reworded(l *lua.LState, object lua.LValue) lua.LValue {
	object = renamed(object)
	text, ok := object.(lua.LString)
	if !ok {
		return object
	}
	dbg, ok := l.GetStack(0)
	if !ok {
		return object
	}
	place := placeOf(l, dbg)
	message, ok := strings.CutPrefix(string(text), place)
	if place == "" || !ok {
		return object // a Go function stands on top, or a script chose the text
	}
	frame := reflect.ValueOf(dbg).Elem().FieldByIndex(frameField.Index).Elem()
	v, err := l.GetInfo("f", dbg, lua.LNil)
	fn, ok := v.(*lua.LFunction)
	if err != nil || !ok || fn.IsG {
		return object
	}
	pc := int(frame.FieldByIndex(pcField.Index).Int()) - 1
	value := func(reg int) lua.LValue {
		if _, v := l.GetLocal(dbg, reg+1); v != nil {
			return v
		}
		return lua.LNil
	}
	if better := codegen.Failure(message, fn.Proto, pc, value); better != "" {
		return lua.LString(place + better)
	}
	return object
}

// raise is the Panic of coroutines. It rewords the error on top of the stack
// before gopher-lua leaves the calls that led to it.
func raise(l *lua.LState) {
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: reworded(l, l.Get(-1))})
}
