package codegen

import (
	lua "github.com/yuin/gopher-lua"
)

// An instruction has 32 bits: 6 for the opcode, 8 for A, 9 for C and 9 for B. B and C
// together are Bx, or sBx with a bias. An operand B or C is the index of a constant
// if the bit constant is set, and a register otherwise.
const (
	constant    = 1 << 8
	maxConstant = constant - 1
	maxBx       = 1<<18 - 1
	bias        = maxBx >> 1
	maxC        = 1<<9 - 1
)

func abc(op, a, b, c int) uint32 { return uint32(op)<<26 | uint32(a)<<18 | uint32(c)<<9 | uint32(b) }

func abx(op, a, bx int) uint32 { return uint32(op)<<26 | uint32(a)<<18 | uint32(bx) }

func opcode(inst uint32) int { return int(inst >> 26) }
func argA(inst uint32) int   { return int(inst>>18) & 0xff }
func argB(inst uint32) int   { return int(inst & 0x1ff) }
func argC(inst uint32) int   { return int(inst>>9) & 0x1ff }
func argBx(inst uint32) int  { return int(inst & maxBx) }
func argSBx(inst uint32) int { return argBx(inst) - bias }

// emit appends an instruction and returns its index.
func (f *function) emit(inst uint32, line int) int {
	f.code = append(f.code, inst)
	f.lines = append(f.lines, line)
	return len(f.code) - 1
}

// here returns the index of the next instruction.
func (f *function) here() int { return len(f.code) }

// jump emits a jump whose target is set later.
func (f *function) jump(line int) int { return f.emit(abx(lua.OP_JMP, 0, bias), line) }

// jumpTo emits a jump to the instruction target.
func (f *function) jumpTo(target, line int) { f.patch(f.jump(line), target) }

// patch sets the target of a jump.
func (f *function) patch(pc, target int) {
	distance := target - pc - 1
	if distance > bias || -distance > bias {
		fail(f.lines[pc], "a loop or a branch is too long: split the function up")
	}
	f.code[pc] = f.code[pc]&^maxBx | uint32(distance+bias)
}

// patchHere sets the target of jumps to the next instruction.
func (f *function) patchHere(jumps []int) { f.patchAll(jumps, f.here()) }

func (f *function) patchAll(jumps []int, target int) {
	for _, pc := range jumps {
		f.patch(pc, target)
	}
}

// mergeMoves marks runs of moves. The virtual machine executes a run as one
// instruction. Jumps into a run still work.
func mergeMoves(code []uint32) {
	first := -1
	for pc := 0; pc <= len(code); pc++ {
		if pc < len(code) && opcode(code[pc]) == lua.OP_MOVE && !isCapture(code, pc) {
			if first < 0 {
				first = pc
			}
			continue
		}
		if n := pc - first; first >= 0 && n > 1 {
			code[first] = abc(lua.OP_MOVEN, argA(code[first]), argB(code[first]), min(n-1, maxC))
		}
		first = -1
	}
}

// isCapture reports whether the move at pc belongs to the closure before it and names
// a variable that the closure captures. Its target is captureMark.
func isCapture(code []uint32, pc int) bool { return argA(code[pc]) == captureMark }

// captureMark is the number of a register that does not exist.
const captureMark = 0xff
