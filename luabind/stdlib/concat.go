package stdlib

import (
	"unsafe"

	lua "github.com/yuin/gopher-lua"
)

// Lua's operator .. is an instruction of the virtual machine, which knows no limit. A string
// that doubles with each .. would soon have gigabytes. Go cannot interrupt the copying of a
// string, and stops all other goroutines until the copy is complete when it collects
// garbage: with Linux's time for fresh memory, that takes seconds. So this file puts its own
// function before that of the instruction.

// instructions are the functions of gopher-lua's instructions by number, written once before
// scripts run. The last parameter is the call in which the loop started.
//
//go:linkname instructions github.com/yuin/gopher-lua.jumpTable
var instructions [lua.OP_NOP + 1]func(l *lua.LState, inst uint32, base unsafe.Pointer) int

// concatenate is gopher-lua's function of the operator.
var concatenate func(l *lua.LState, inst uint32, base unsafe.Pointer) int

func init() { concatenate, instructions[lua.OP_CONCAT] = instructions[lua.OP_CONCAT], boundedConcat }

// alwaysAllowed is the length of strings that every limit allows, in bytes.
const alwaysAllowed = 64 << 10

// boundedConcat raises an error if the strings together are longer than Options.MaxString.
func boundedConcat(l *lua.LState, inst uint32, base unsafe.Pointer) int {
	length := 0
	for reg, last := int(inst&0x1ff), int(inst>>9&0x1ff); reg <= last; reg++ {
		if s, ok := l.Get(reg + 1).(lua.LString); ok {
			length += len(s)
		}
	}
	if length > alwaysAllowed {
		if most, ok := l.G.Registry.RawGetString(maxStringKey).(lua.LNumber); ok && length > int(most) {
			l.RaiseError("'..': "+tooLarge, int(most))
		}
	}
	return concatenate(l, inst, base)
}

// maxStringKey is the key of Options.MaxString in the registry of the VM.
const maxStringKey = "max_string"
