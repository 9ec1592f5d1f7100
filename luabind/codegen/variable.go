package codegen

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Variable is the variable or field from which a value in a register was read.
type Variable struct {
	Kind string // "local", "upvalue", "global", "field" or "method"; "" if unknown
	Name string // "?" for a field whose key is not a constant
}

// String returns the variable in the form of Lua's messages, with a trailing space. It
// returns "" for an unknown variable.
func (v Variable) String() string {
	if v.Kind == "" {
		return ""
	}
	return v.Kind + " '" + v.Name + "' "
}

// variableOf returns the variable from which the value in a register was read when the
// instruction at pc uses it. Compile must have generated the function.
func variableOf(p *lua.FunctionProto, pc, reg int) Variable {
	for range maxRegisters { // each step goes to a lower register
		if name := localName(p, pc, reg); name != "" {
			return Variable{"local", name}
		}
		setter := lastSetter(p, pc, reg)
		if setter < 0 {
			break
		}
		inst := p.Code[setter]
		switch opcode(inst) {
		case lua.OP_MOVE, lua.OP_MOVEN:
			if argB(inst) >= argA(inst) {
				return Variable{}
			}
			pc, reg = setter, argB(inst)
			continue
		case lua.OP_GETUPVAL:
			return Variable{"upvalue", p.DbgUpvalues[argB(inst)]}
		case lua.OP_GETGLOBAL:
			return Variable{"global", nameOf(p.Constants[argBx(inst)])}
		case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
			return Variable{"field", keyName(p, setter, argC(inst))}
		case lua.OP_SELF:
			if reg == argA(inst) {
				return Variable{"method", keyName(p, setter, argC(inst))}
			}
		}
		break
	}
	return Variable{}
}

// Called returns the variable from which the instruction at pc, a call, has the
// function.
func Called(p *lua.FunctionProto, pc int) Variable {
	switch inst := p.Code[pc]; opcode(inst) {
	case lua.OP_CALL, lua.OP_TAILCALL:
		return variableOf(p, pc, argA(inst))
	}
	return Variable{}
}

// localName returns the name of the local variable in a register. It returns "" if the
// register has no variable that the script has named.
func localName(p *lua.FunctionProto, pc, reg int) string {
	for _, l := range p.DbgLocals {
		if l.StartPc >= pc {
			break
		}
		if pc >= l.EndPc {
			continue
		}
		if reg == 0 {
			if strings.HasPrefix(l.Name, "(") {
				return ""
			}
			return l.Name
		}
		reg--
	}
	return ""
}

func nameOf(v lua.LValue) string {
	if s, ok := v.(lua.LString); ok {
		return string(s)
	}
	return "?"
}

// keyName returns the name in a key, or "?" if the key is not a constant string.
func keyName(p *lua.FunctionProto, pc, operand int) string {
	if operand&constant != 0 {
		return nameOf(p.Constants[operand&^constant])
	}
	if localName(p, pc, operand) != "" {
		return "?" // as in Lua 5.1, a variable's value is not a name
	}
	if setter := lastSetter(p, pc, operand); setter >= 0 && opcode(p.Code[setter]) == lua.OP_LOADK {
		return nameOf(p.Constants[argBx(p.Code[setter])])
	}
	return "?"
}

// lastSetter returns the index of the instruction that wrote a register last before
// the instruction last, or -1. It follows forward jumps.
func lastSetter(p *lua.FunctionProto, last, reg int) int {
	setter := -1
	for pc := 0; pc < last; pc++ {
		inst := p.Code[pc]
		if sets(inst, reg) {
			setter = pc
		}
		switch opcode(inst) {
		case lua.OP_JMP:
			if target := pc + 1 + argSBx(inst); pc < target && target <= last {
				pc = target - 1
			}
		case lua.OP_CLOSURE:
			pc += int(p.FunctionPrototypes[argBx(inst)].NumUpvalues)
		case lua.OP_SETLIST:
			if argC(inst) == 0 {
				pc++ // the next word is the number of the batch
			}
		}
	}
	return setter
}

// sets reports whether an instruction writes a register. A test counts, since the
// other side of "and" or "or" may have written it too.
func sets(inst uint32, reg int) bool {
	a := argA(inst)
	switch opcode(inst) {
	case lua.OP_LOADNIL:
		return a <= reg && reg <= argB(inst)
	case lua.OP_SELF:
		return reg == a || reg == a+1
	case lua.OP_CALL, lua.OP_TAILCALL:
		return reg >= a
	case lua.OP_TFORLOOP:
		return reg >= a+2
	case lua.OP_FORLOOP:
		return reg == a || reg == a+3
	case lua.OP_VARARG:
		return reg >= a && (argB(inst) == 0 || reg < a+argB(inst)-1)
	case lua.OP_SETGLOBAL, lua.OP_SETUPVAL, lua.OP_SETTABLE, lua.OP_SETTABLEKS, lua.OP_SETLIST,
		lua.OP_JMP, lua.OP_EQ, lua.OP_LT, lua.OP_LE, lua.OP_RETURN, lua.OP_CLOSE, lua.OP_NOP:
		return false
	}
	return reg == a
}
