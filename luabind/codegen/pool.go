package codegen

import (
	"fmt"
	"strconv"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// maxNames limits the names of global variables in one pool. gopher-lua needs time in
// proportion to the square of their number: 0.1 s at the limit.
const maxNames = 10_000

// A pool holds constants for some functions of a chunk: those that operands can
// address, and the names of global variables.
//
// The virtual machine reads names from the field stringConstants of a prototype. Only
// gopher-lua's compiler can set that field. So a pool compiles a table with the same
// constants and copies the prototype. Functions share a pool because this takes more
// time and memory than a small function.
type pool struct {
	values []lua.LValue
	index  map[lua.LValue]int
	sealed *lua.FunctionProto
}

func newPool() *pool { return &pool{index: map[lua.LValue]int{}} }

// roomy reports whether another function should share this pool instead of having its
// own.
func (p *pool) roomy() bool { return len(p.values) < maxConstant/2 }

// find returns the index of a constant, or -1 if it is not in the pool.
func (p *pool) find(v lua.LValue) int {
	if i, ok := p.index[v]; ok {
		return i
	}
	return -1
}

func (p *pool) add(v lua.LValue) int {
	i := len(p.values)
	p.values = append(p.values, v)
	p.index[v] = i
	return i
}

// operand returns the index of a constant that an operand can address, or -1 if the
// pool is full.
func (p *pool) operand(v lua.LValue) int {
	i := p.find(v)
	if i < 0 && len(p.values) <= maxConstant {
		i = p.add(v)
	}
	if i > maxConstant {
		return -1
	}
	return i
}

// name returns the index of the name of a global variable.
func (p *pool) name(name string, line int) int {
	i := p.find(lua.LString(name))
	if i < 0 {
		if i = p.add(lua.LString(name)); i > maxNames {
			fail(line, "a function uses more than %d global variables: put them into a table", maxNames)
		}
	}
	return i
}

// prototype returns a prototype that has the pool's strings as its names.
func (p *pool) prototype() lua.FunctionProto {
	if p.sealed == nil {
		p.sealed = p.seal()
	}
	return *p.sealed
}

func (p *pool) seal() *lua.FunctionProto {
	table := &ast.TableExpr{}
	for i, v := range p.values {
		var e ast.Expr
		if s, ok := v.(lua.LString); ok {
			e = &ast.StringExpr{Value: string(s)}
		} else {
			e = &ast.NumberExpr{Value: strconv.Itoa(i)} // keeps the index of later values
		}
		table.Fields = append(table.Fields, &ast.Field{Value: e})
	}
	proto, err := lua.Compile([]ast.Stmt{&ast.LocalAssignStmt{Names: []string{"names"}, Exprs: []ast.Expr{table}}}, "")
	if err != nil {
		panic(fmt.Sprintf("codegen: a table of constants cannot be compiled: %v", err))
	}
	return proto
}

// operand returns an operand for a constant, loading it into a register if
// necessary.
func (f *function) operand(v lua.LValue, line int) int {
	if i := f.pool.operand(v); i >= 0 {
		return i | constant
	}
	reg := f.reserve(1, line)
	f.load(v, reg, line)
	return reg
}

// load emits the instruction that loads a number or a string.
func (f *function) load(v lua.LValue, reg, line int) {
	if i := f.pool.operand(v); i >= 0 {
		f.emit(abx(lua.OP_LOADK, reg, i), line)
		return
	}
	f.loadData(v, reg, line)
}

// loadData emits the instruction that loads a constant that is no operand.
func (f *function) loadData(v lua.LValue, reg, line int) {
	if len(f.data) > maxBx-2*maxNames {
		fail(line, "a function has too many different numbers and strings: split it up, or read the data from a file")
	}
	i, ok := f.dataIndex[v]
	if !ok {
		if f.dataIndex == nil {
			f.dataIndex = map[lua.LValue]int{}
		}
		i = len(f.data)
		f.data = append(f.data, v)
		f.dataIndex[v] = i
	}
	f.loads = append(f.loads, f.emit(abx(lua.OP_LOADK, reg, i), line))
}
