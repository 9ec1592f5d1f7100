package stdlib

import (
	"reflect"
	"sort"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/codegen"
)

// position is the place of the nearest Lua function that runs, with a colon and
// a blank behind it, or "".
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

// waiting is the thread that waits for the protected call on l, or nil.
func waiting(l *lua.LState) *lua.LState {
	if s := strandOf(l); s != nil && s.protected {
		return s.caller
	}
	return nil
}

// placeOf is where a Lua function stands now, or "" for one of Go.
func placeOf(l *lua.LState, dbg *lua.Debug) string {
	if _, err := l.GetInfo("Sl", dbg, lua.LNil); err != nil || dbg.Source == "" || dbg.CurrentLine <= 0 {
		return ""
	}
	return dbg.Source + ":" + strconv.Itoa(dbg.CurrentLine) + ": "
}

// frameAt finds the call of a level as Lua counts them: 0 is the function that
// runs now, 1 the one that has called it. It looks through protected calls.
func frameAt(l *lua.LState, level int) (*lua.LState, *lua.Debug, bool) {
	for level >= 0 && l != nil {
		if dbg, ok := l.GetStack(level); ok {
			return l, dbg, true
		}
		// pcall's call below is the same as the bottom of this thread.
		level -= depth(l) - 1
		l = waiting(l)
	}
	return nil, nil, false
}

// depth is how many levels a thread has.
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

// functionAt is the function that a level calls, or nil.
func functionAt(l *lua.LState, level int) *lua.LFunction {
	thread, dbg, ok := frameAt(l, level)
	if !ok {
		return nil
	}
	v, _ := thread.GetInfo("f", dbg, lua.LNil)
	fn, _ := v.(*lua.LFunction)
	return fn
}

// What gopher-lua does not export of a call or a table. The fields are only read.
var (
	frameField  = fieldOf(reflect.TypeFor[lua.Debug](), "frame")
	parentField = fieldOf(frameField.Type.Elem(), "Parent")
	pcField     = fieldOf(frameField.Type.Elem(), "Pc")
	tailField   = fieldOf(frameField.Type.Elem(), "TailCall")
	calledField = fieldOf(frameField.Type.Elem(), "Fn")
	isGoField   = fieldOf(calledField.Type.Elem(), "IsG")
	protoField  = fieldOf(calledField.Type.Elem(), "Proto")
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

// crossesGo tells whether Go code that would have to be left stands between
// the bottom of a thread and the call that runs: a Go function that has called
// a Lua function, or an instruction that has called a metamethod or an
// iterator. Leaving it, as a yield does, would run the rest of the coroutine
// at once and at the wrong time.
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

// topOf is the first place in a traceback of gopher-lua's, with a colon and a
// blank behind it, or "".
func topOf(trace string) string {
	for line := range strings.Lines(trace) {
		place, _, ok := strings.Cut(strings.TrimSpace(line), ": in ")
		if ok && place != "[G]" {
			return place + ": "
		}
	}
	return ""
}

// calledAs returns what a call named its function, by the instruction that called
// it. Kind is "" if a Go function or a metamethod's event called it, or a tail call.
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
