// Package codegen generates the instructions of gopher-lua's virtual machine
// from gopher-lua's syntax tree.
//
// It replaces gopher-lua's compiler, which miscompiles constant conditions, goto,
// generic for loops, and some assignments and constructors. The code has the same
// shape as that of Lua 5.1, so Failure can find the variable that a failed
// instruction used.
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
	// function may use. The virtual machine stores it in a byte.
	maxUpvalues = 255
	// maxRegisters is the number of local variables and temporary values that may
	// exist at once. The virtual machine stores it in a byte, and a tail call loses the
	// last register.
	maxRegisters = 254
)

// Error is the error for a program that follows Lua's grammar but cannot be compiled.
type Error struct {
	Line    int
	Message string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Message) }

// Options has what Compile needs besides the syntax tree.
type Options struct {
	Name string // the name of the source in messages
	// MethodLines has the line of the arguments of each method call and method
	// definition, in the order of the source. The tree does not have these lines.
	// Without them, an error in a method call has the line on which the object begins.
	MethodLines []int
	// Coverage notes which lines run; nil notes nothing.
	Coverage *Coverage
	// Statements notes where statements begin; nil notes nothing.
	Statements *Statements
}

// Compile generates the main function of a chunk. It does not change the tree. The
// error is an *Error. It is safe for concurrent use.
func Compile(chunk []ast.Stmt, o Options) (*lua.FunctionProto, error) {
	proto, err := compile(chunk, o, false)
	if err != nil { // a constructor may have needed too many registers
		proto, err = compile(chunk, o, true)
	}
	return proto, err
}

// compile is Compile. oneByOne is the option of the generator.
func compile(chunk []ast.Stmt, o Options, oneByOne bool) (proto *lua.FunctionProto, err error) {
	defer func() {
		if r := recover(); r != nil {
			problem, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			proto, err = nil, problem
		}
	}()
	g := &generator{name: o.Name, methodLines: o.MethodLines, coverage: o.Coverage, statements: o.Statements, visible: map[string]int{}, constructors: map[string]*constructor{}, oneByOne: oneByOne}
	g.coverage.begin()
	g.statements.begin()
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
	methodLines []int // of the method calls that are not generated yet
	functions   []*function
	coverage    *Coverage   // nil: no coverage
	statements  *Statements // nil: not noted
	// visible counts the local variables in scope by name, in all functions that
	// are being generated. Names that do not occur are global.
	visible map[string]int
	// constructors has the functions that make tables, by the names of the fields.
	// oneByOne sets the fields of all tables one by one instead, for which one register
	// is enough.
	constructors map[string]*constructor
	oneByOne     bool
}

// function generates one function.
type function struct {
	*generator
	parent *function
	proto  *lua.FunctionProto
	pool   *pool

	code  []uint32
	lines []int // of each instruction
	// data holds the constants for which the pool has no space. loads has the
	// instructions that load them. Until seal, these use an index of data.
	data      []lua.LValue
	dataIndex map[lua.LValue]int
	loads     []int

	scope    *scope
	locals   []*local // in scope; each has the register of its index
	upvalues []upvalue
	free     int // the first free register
	used     int // the highest number of registers in use so far
	jumps    []leave

	// For coverage:
	hits   int // the register of the table
	marked int // the line of the last mark that runs before the next statement, or 0
	sure   int // the number of the mark that also stands for the next statement, or 0
	last   int // the number of the last mark
}

// function begins a function. parent is the enclosing one, or nil.
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

// reserve reserves n registers and returns the first.
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

// finish completes the code of the function. last is its last line.
func (f *function) finish(last int) {
	f.begins(last)
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

// seal moves the code to the prototype. The pool must be complete.
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
