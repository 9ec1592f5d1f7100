package codegen

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Failure returns an error of the virtual machine in the words of Lua 5.1, with the
// name of the variable. text is the error without its position. pc is the index of the
// instruction that failed. value returns the value of a register. Failure returns ""
// if the text is not an error of that instruction.
func Failure(text string, p *lua.FunctionProto, pc int, value func(reg int) lua.LValue) string {
	switch {
	case text == "too many recursions in gettable":
		return "loop in gettable"
	case text == "too many recursions in settable":
		return "loop in settable"
	case pc < 0 || pc >= len(p.Code):
		return ""
	}
	kind, known := failures[opcode(p.Code[pc])]
	if !known || !strings.HasPrefix(text, kind.text) {
		return ""
	}
	return kind.reword(failure{text, p, pc, value}, p.Code[pc])
}

// failure is an instruction that has failed.
type failure struct {
	text  string
	proto *lua.FunctionProto
	pc    int
	value func(reg int) lua.LValue
}

// failureKind is the text of gopher-lua for a failed instruction, with a function that
// returns the text of Lua 5.1.
type failureKind struct {
	text   string
	reword func(f failure, inst uint32) string
}

var (
	arithmeticFailure = failureKind{"cannot perform ", failure.arithmetic}
	callFailure       = failureKind{callText, func(f failure, inst uint32) string {
		return f.about("call", argA(inst))
	}}
	compareFailure = failureKind{"attempt to compare ", failure.compare}
	forFailure     = failureKind{"for statement ", failure.forLoop}
	getFailure     = failureKind{indexText, func(f failure, inst uint32) string { return f.index(argB(inst)) }}
	setFailure     = failureKind{indexText, func(f failure, inst uint32) string { return f.index(argA(inst)) }}
)

const (
	indexText  = "attempt to index a non-table object("
	concatText = "cannot perform concat operation"
	callText   = "attempt to call a non-function object"
)

var failures = map[int]failureKind{
	lua.OP_GETTABLE: getFailure, lua.OP_GETTABLEKS: getFailure, lua.OP_SELF: getFailure,
	lua.OP_SETTABLE: setFailure, lua.OP_SETTABLEKS: setFailure,
	lua.OP_CALL: callFailure, lua.OP_TAILCALL: callFailure,
	lua.OP_TFORLOOP: {callText, func(f failure, inst uint32) string {
		return "attempt to call a " + f.value(argA(inst)).Type().String() + " value"
	}},
	lua.OP_ADD: arithmeticFailure, lua.OP_SUB: arithmeticFailure, lua.OP_MUL: arithmeticFailure,
	lua.OP_DIV: arithmeticFailure, lua.OP_MOD: arithmeticFailure, lua.OP_POW: arithmeticFailure,
	lua.OP_UNM: {"__unm undefined", func(f failure, inst uint32) string {
		return f.about("perform arithmetic on", argB(inst))
	}},
	lua.OP_LEN: {"__len undefined", func(f failure, inst uint32) string {
		return f.about("get length of", argB(inst))
	}},
	lua.OP_CONCAT: {concatText, failure.concat},
	lua.OP_LT:     compareFailure, lua.OP_LE: compareFailure,
	lua.OP_FORPREP: forFailure, lua.OP_FORLOOP: forFailure,
}

// operand returns the value of an operand.
func (f failure) operand(operand int) lua.LValue {
	if operand&constant != 0 {
		return f.proto.Constants[operand&^constant]
	}
	return f.value(operand)
}

// about returns the message about an operation that the value of an operand does not
// support.
func (f failure) about(what string, operand int) string {
	text := "attempt to " + what + " "
	kind := f.operand(operand).Type().String()
	if operand&constant == 0 {
		if name := variableOf(f.proto, f.pc, operand).String(); name != "" {
			return text + name + "(a " + kind + " value)"
		}
	}
	return text + "a " + kind + " value"
}

// index returns the message about a value without fields. It is the value in the
// register or, without a name, one that its __index or __newindex led to.
func (f failure) index(reg int) string {
	kind, _, _ := strings.Cut(f.text[len(indexText):], ")")
	if f.value(reg).Type() == lua.LTTable || f.value(reg).Type().String() != kind {
		return "attempt to index a " + kind + " value"
	}
	return f.about("index", reg)
}

// arithmetic returns the message about the second operand if the first is a number, and
// about the first otherwise. gopher-lua's text calls a numeric string a number.
func (f failure) arithmetic(inst uint32) string {
	if strings.Contains(f.text, " between number and ") {
		return f.about("perform arithmetic on", argC(inst))
	}
	return f.about("perform arithmetic on", argB(inst))
}

// concat returns the message about the pair of values that cannot be concatenated. It
// looks for the pair from the right, like the virtual machine. gopher-lua's text has
// the types of the pair. The right one may be the result of a metamethod.
func (f failure) concat(inst uint32) string {
	types := strings.TrimPrefix(f.text, concatText+" between ")
	joined := false
	for reg := argC(inst); reg > argB(inst); reg-- {
		left, right := f.value(reg-1), f.value(reg)
		switch {
		case joins(left) || !joined && joins(right):
			joined = true
		case !lua.LVCanConvToString(left):
			return f.about("concatenate", reg-1)
		case joined && types == left.Type().String()+" and table", !joined && !lua.LVCanConvToString(right):
			return f.about("concatenate", reg)
		}
	}
	return ""
}

// joins reports whether a value has a metamethod for concatenation.
func joins(v lua.LValue) bool {
	var meta lua.LValue
	switch v := v.(type) {
	case *lua.LTable:
		meta = v.Metatable
	case *lua.LUserData:
		meta = v.Metatable
	}
	table, ok := meta.(*lua.LTable)
	return ok && table.RawGetString("__concat") != lua.LNil
}

func (f failure) compare(inst uint32) string {
	a, b := f.operand(argB(inst)).Type(), f.operand(argC(inst)).Type()
	if a == b {
		return "attempt to compare two " + a.String() + " values"
	}
	return "attempt to compare " + a.String() + " with " + b.String()
}

func (f failure) forLoop(inst uint32) string {
	for i, what := range []string{"initial value", "limit", "step"} {
		if f.value(argA(inst)+i).Type() != lua.LTNumber {
			return "'for' " + what + " must be a number"
		}
	}
	return ""
}
