package stdlib

import (
	"reflect"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/codegen"
)

// theirRegistry is gopher-lua's message when a thread has too many variables.
const theirRegistry = "registry overflow"

// renamed returns an error value with overflowText instead of theirRegistry, so that
// all overflows have the same message.
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

// overflowed reports whether an error is about an overflow.
func overflowed(object lua.LValue) bool {
	text, ok := object.(lua.LString)
	return ok && strings.HasSuffix(string(text), overflowText)
}

// reworded returns an error value with the message of Lua 5.1. It changes only errors
// that an instruction of a Lua function raised. The calls that led to the error must
// still be on l.
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
		return object // raised by a Go function or by the script itself
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

// raise is the Panic function of coroutines. It rewords the error on top of the stack
// before gopher-lua unwinds the calls that led to it.
func raise(l *lua.LState) {
	object := reworded(l, l.Get(-1))
	report(l, object, true)
	panic(&lua.ApiError{Type: lua.ApiErrorRun, Object: object})
}
