package codegen

import lua "github.com/yuin/gopher-lua"

// maxNames limits the names of global variables in one pool. gopher-lua needs time in
// proportion to the square of their number: 0.1 s at the limit.
const maxNames = 10_000

// A pool holds constants for some functions of a chunk: those that operands can
// address, and the names of global variables.
//
// Functions share a pool, because a pool of its own takes more memory than a small
// function.
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
		p.sealed = named(p.values)
	}
	return *p.sealed
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
