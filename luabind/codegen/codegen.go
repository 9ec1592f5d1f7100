// Package codegen generates the instructions of gopher-lua's virtual machine
// from gopher-lua's syntax tree.
//
// It takes the place of gopher-lua's own compiler, which miscompiles constant
// conditions, goto, generic for loops, and some assignments and constructors.
// The code has the shape that Lua 5.1 gives its own, so that VariableName can
// tell which variable a failed instruction used.
package codegen

import (
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// Limits of one function. Lua 5.1 has the same limit for local variables.
const (
	// MaxLocals is the number of local variables that may be in scope at once.
	MaxLocals = 200
	// maxUpvalues is the number of local variables of enclosing functions that a
	// function may use. The virtual machine counts them in a byte.
	maxUpvalues = 255
	// maxRegisters is the number of local variables and temporary values that may
	// be alive at once. The virtual machine counts them in a byte, and a tail call
	// loses the last one.
	maxRegisters = 254
)

// Error is a program that is valid Lua by its grammar but cannot be compiled.
type Error struct {
	Line    int
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// Options describe a chunk beyond its syntax tree.
type Options struct {
	Name string // of the source, which functions show in messages
	// MethodLines are the lines of the arguments of each method call and method
	// definition, in the order of the source. The tree lacks them. Without them,
	// an error in such a call has the line on which the object begins.
	MethodLines []int
}

// Compile generates the main function of a chunk. The tree is not changed. The
// error is an *Error. It is safe for concurrent use.
func Compile(chunk []ast.Stmt, o Options) (proto *lua.FunctionProto, err error) {
	defer func() {
		if r := recover(); r != nil {
			problem, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			proto, err = nil, problem
		}
	}()
	g := &generator{name: o.Name, methodLines: o.MethodLines, visible: map[string]int{}}
	f := g.function(nil)
	f.proto.IsVarArg = lua.VarArgIsVarArg
	f.block(chunk)
	last := 0
	if len(chunk) > 0 {
		last = endLine(chunk[len(chunk)-1])
	}
	f.finish(last)
	for _, f := range g.functions {
		f.seal()
	}
	return f.proto, nil
}

// generator generates the functions of one chunk.
type generator struct {
	name        string
	methodLines []int // those to come
	functions   []*function
	// visible counts the local variables in scope by name, in all functions that
	// are being generated. Names that do not occur are global.
	visible map[string]int
}

// methodLine returns the line of the next method call or definition.
func (g *generator) methodLine(begin int) int {
	if len(g.methodLines) == 0 {
		return begin
	}
	line := g.methodLines[0]
	g.methodLines = g.methodLines[1:]
	return max(line, begin)
}

// function generates one function.
type function struct {
	*generator
	parent *function
	proto  *lua.FunctionProto
	pool   *pool

	code  []uint32
	lines []int // of each instruction
	// data holds constants that the pool has no place for. loads are the
	// instructions that use them, by their index in data until seal.
	data      []lua.LValue
	dataIndex map[lua.LValue]int
	loads     []int

	scope    *scope
	locals   []*local // in scope; each has the register of its index
	upvalues []upvalue
	free     int // the first free register
	used     int // the most registers that were in use
	jumps    []leave
}

// function begins a function that stands in another, or in none.
func (g *generator) function(parent *function) *function {
	f := &function{generator: g, parent: parent, proto: &lua.FunctionProto{SourceName: g.name}}
	if parent != nil && parent.pool.roomy() {
		f.pool = parent.pool
	} else {
		f.pool = newPool()
	}
	g.functions = append(g.functions, f)
	return f
}

// fail ends the compilation.
func fail(line int, format string, args ...any) {
	panic(&Error{line, fmt.Sprintf(format, args...)})
}

// reserve takes n registers and returns the first.
func (f *function) reserve(n, line int) int {
	first := f.free
	f.free += n
	if f.free > maxRegisters {
		fail(line, "a function or an expression needs more than %d local variables and temporary values: "+
			"split it up, or put the values into a table", maxRegisters)
	}
	f.used = max(f.used, f.free)
	return first
}

// finish completes the code of the function, whose last line is given.
func (f *function) finish(last int) {
	f.emit(abc(lua.OP_RETURN, 0, 1, 0), last)
	f.resolveLeaves()
	mergeMoves(f.code)
	f.proto.LastLineDefined = last
	f.proto.NumUpvalues = uint8(len(f.upvalues))
	f.proto.NumUsedRegisters = uint8(max(f.used, 1) + 1)
	for _, u := range f.upvalues {
		f.proto.DbgUpvalues = append(f.proto.DbgUpvalues, u.name)
	}
}

// seal hands the code over to the prototype once the pool is complete.
func (f *function) seal() {
	for _, pc := range f.loads {
		f.code[pc] += uint32(len(f.pool.values))
	}
	p := f.pool.prototype()
	p.SourceName, p.LineDefined, p.LastLineDefined = f.proto.SourceName, f.proto.LineDefined, f.proto.LastLineDefined
	p.NumUpvalues, p.NumParameters = f.proto.NumUpvalues, f.proto.NumParameters
	p.IsVarArg, p.NumUsedRegisters = f.proto.IsVarArg, f.proto.NumUsedRegisters
	p.Code, p.DbgSourcePositions = slices.Clip(f.code), slices.Clip(f.lines)
	p.Constants = f.pool.values
	if len(f.data) > 0 {
		p.Constants = slices.Concat(f.pool.values, f.data)
	}
	p.FunctionPrototypes = f.proto.FunctionPrototypes
	p.DbgLocals, p.DbgCalls, p.DbgUpvalues = f.proto.DbgLocals, f.proto.DbgCalls, f.proto.DbgUpvalues
	*f.proto = p
}
