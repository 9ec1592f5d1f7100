package stdlib

import (
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/callstack"
	"spectrumlua/luabind/codegen"
)

// Call is a call that has not returned.
type Call struct {
	// Proto is the code of the function, or nil for a Go function.
	Proto *lua.FunctionProto
	// PC is the index of the instruction that runs.
	PC int
	// Name is the name by which the function was called, or "".
	Name string
}

// Line returns the line that runs, or 0.
func (c Call) Line() int {
	if c.Proto == nil || c.PC < 0 || c.PC >= len(c.Proto.DbgSourcePositions) {
		return 0
	}
	return c.Proto.DbgSourcePositions[c.PC]
}

// Calls appends the calls of a task whose thread l runs to calls, the innermost first, up to
// max. They include those of the threads that wait for l. Go functions at the bottom of a
// thread are left out.
func Calls(calls []Call, l *lua.LState, max int) []Call {
	for ; l != nil && len(calls) < max; l = Caller(l) {
		pending := 0 // calls at the end of calls whose caller is not known yet
		callstack.Each(l, func(fn *lua.LFunction, pc int, tail bool) bool {
			if pending > 0 && !fn.IsG {
				calls[len(calls)-1].Name = nameAt(fn.Proto, pc)
			}
			call := Call{Proto: fn.Proto, PC: pc}
			if fn.IsG {
				call.Proto = nil
			}
			calls = append(calls, call)
			pending = 1
			if tail {
				pending = 0 // another function has called it
			}
			return len(calls) < max
		})
		if n := len(calls); n > 0 && calls[n-1].Proto == nil && Caller(l) != nil {
			calls = calls[:n-1] // the guard of a protected call
		}
	}
	return calls
}

// nameAt returns the name of the function that an instruction calls, or "".
func nameAt(proto *lua.FunctionProto, pc int) string {
	if pc < 0 || pc >= len(proto.Code) {
		return ""
	}
	return codegen.Called(proto, pc).Name
}

// maxWhere is the number of calls that Where looks at.
const maxWhere = 50

// Where returns the position of the innermost Lua function of a task whose thread l runs, as
// file:line, and the name by which that has called a Go function, or "".
func Where(l *lua.LState) (place, binding string) {
	for _, c := range Calls(nil, l, maxWhere) {
		if c.Proto != nil {
			return c.Proto.SourceName + ":" + strconv.Itoa(c.Line()), binding
		}
		if binding == "" {
			binding = c.Name
		}
	}
	return "", binding
}

// LastLine returns the line that has just run before an instruction: that of the call if the
// instruction follows one, because the called Go function took the time. Otherwise it is
// Line.
func (c Call) LastLine() int {
	if c.Proto == nil || c.PC < 1 || c.PC >= len(c.Proto.Code) {
		return c.Line()
	}
	if int(c.Proto.Code[c.PC-1]>>26) == lua.OP_CALL {
		c.PC--
	}
	return c.Line()
}
