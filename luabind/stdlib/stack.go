package stdlib

import (
	"reflect"
	"sort"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/codegen"
)

// position returns the file and line of the nearest Lua function as a prefix of a
// message, or "".
func position(l *lua.LState) string {
	for l != nil {
		for level := 0; ; level++ {
			dbg, ok := l.GetStack(level)
			if !ok {
				break
			}
			if place := placeOf(l, dbg); place != "" {
				return place
			}
		}
		l = waiting(l)
	}
	return ""
}

// waiting returns the thread that waits for the protected call on l, or nil.
func waiting(l *lua.LState) *lua.LState {
	if s := strandOf(l); s != nil && s.protected {
		return s.caller
	}
	return nil
}

// placeOf returns the file and line of a call as a prefix of a message, or "" for a Go
// function.
func placeOf(l *lua.LState, dbg *lua.Debug) string {
	if _, err := l.GetInfo("Sl", dbg, lua.LNil); err != nil || dbg.Source == "" || dbg.CurrentLine <= 0 {
		return ""
	}
	return dbg.Source + ":" + strconv.Itoa(dbg.CurrentLine) + ": "
}

// frameAt returns the call at a level: 0 is the running function, and 1 is its caller.
// The levels continue with the callers of protected calls.
func frameAt(l *lua.LState, level int) (*lua.LState, *lua.Debug, bool) {
	for level >= 0 && l != nil {
		if dbg, ok := l.GetStack(level); ok {
			return l, dbg, true
		}
		// The bottom of this thread and the call of pcall count as one level.
		level -= depth(l) - 1
		l = waiting(l)
	}
	return nil, nil, false
}

// depth returns the number of levels of a thread.
func depth(l *lua.LState) int {
	over := 1
	for has(l, over) {
		over *= 2
	}
	return sort.Search(over, func(level int) bool { return !has(l, level) })
}

func has(l *lua.LState, level int) bool {
	_, ok := l.GetStack(level)
	return ok
}

// functionAt returns the function at a level, or nil.
func functionAt(l *lua.LState, level int) *lua.LFunction {
	thread, dbg, ok := frameAt(l, level)
	if !ok {
		return nil
	}
	v, _ := thread.GetInfo("f", dbg, lua.LNil)
	fn, _ := v.(*lua.LFunction)
	return fn
}

// Unexported fields of gopher-lua's calls and tables. This package only reads them.
var (
	frameField  = fieldOf(reflect.TypeFor[lua.Debug](), "frame")
	parentField = fieldOf(frameField.Type.Elem(), "Parent")
	pcField     = fieldOf(frameField.Type.Elem(), "Pc")
	tailField   = fieldOf(frameField.Type.Elem(), "TailCall")
	calledField = fieldOf(frameField.Type.Elem(), "Fn")
	isGoField   = fieldOf(calledField.Type.Elem(), "IsG")
	protoField  = fieldOf(calledField.Type.Elem(), "Proto")
	baseField   = fieldOf(frameField.Type.Elem(), "Base")
	localField  = fieldOf(frameField.Type.Elem(), "LocalBase")
	regField    = fieldOf(reflect.TypeFor[lua.LState](), "reg")
	valuesField = fieldOf(regField.Type.Elem(), "array")
	arrayField  = fieldOf(reflect.TypeFor[lua.LTable](), "array")
	keysField   = fieldOf(reflect.TypeFor[lua.LTable](), "k2i")
	codeField   = fieldOf(protoField.Type.Elem(), "Code")
)

func fieldOf(t reflect.Type, name string) reflect.StructField {
	f, ok := t.FieldByName(name)
	if !ok {
		panic("stdlib: gopher-lua's " + t.String() + " has no field " + name)
	}
	return f
}

// crossesGo reports whether Go code is between the bottom of a thread and the running
// call: a Go function that called a Lua function, or an instruction that called a
// metamethod or an iterator. A yield there would make gopher-lua run the rest of the
// coroutine at once.
func crossesGo(l *lua.LState) bool {
	dbg, ok := l.GetStack(0)
	if !ok {
		return false
	}
	frame := reflect.ValueOf(dbg).Elem().FieldByIndex(frameField.Index).Elem()
	for {
		parent := frame.FieldByIndex(parentField.Index)
		if parent.IsNil() {
			return false
		}
		frame = parent.Elem()
		fn := frame.FieldByIndex(calledField.Index).Elem()
		if fn.FieldByIndex(isGoField.Index).Bool() {
			return true
		}
		code := fn.FieldByIndex(protoField.Index).Elem().FieldByIndex(codeField.Index)
		pc := int(frame.FieldByIndex(pcField.Index).Int())
		if pc < 1 || pc > code.Len() {
			return true
		}
		switch int(code.Index(pc-1).Uint() >> 26) {
		case lua.OP_CALL, lua.OP_TAILCALL:
		default:
			return true
		}
	}
}

// topOf returns the first position in gopher-lua's traceback as a prefix of a message,
// or "".
func topOf(trace string) string {
	for line := range strings.Lines(trace) {
		place, _, ok := strings.Cut(strings.TrimSpace(line), ": in ")
		if ok && place != "[G]" {
			return place + ": "
		}
	}
	return ""
}

// calledAs returns the name by which a function was called, from the calling
// instruction. Kind is "" if a Go function, a metamethod or a tail call called it.
func calledAs(dbg *lua.Debug) codegen.Variable {
	frame := reflect.ValueOf(dbg).Elem().FieldByIndex(frameField.Index).Elem()
	parent := frame.FieldByIndex(parentField.Index)
	if parent.IsNil() {
		return codegen.Variable{}
	}
	called := (*lua.LFunction)(frame.FieldByIndex(calledField.Index).UnsafePointer())
	caller := (*lua.LFunction)(parent.Elem().FieldByIndex(calledField.Index).UnsafePointer())
	if caller.IsG || !called.IsG && frame.FieldByIndex(tailField.Index).Int() > 0 {
		return codegen.Variable{}
	}
	pc := int(parent.Elem().FieldByIndex(pcField.Index).Int()) - 1
	if pc < 0 || pc >= len(caller.Proto.Code) {
		return codegen.Variable{}
	}
	return codegen.Called(caller.Proto, pc)
}
