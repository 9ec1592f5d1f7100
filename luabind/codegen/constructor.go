package codegen

import (
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"

	"spectrumlua/luabind/table"
)

func (f *function) table(e *ast.TableExpr, reg int) {
	to := f.reserve(1, e.Line())
	if names := f.fieldNames(e); names != nil {
		f.record(e, names, to)
	} else {
		f.generalTable(e, to)
	}
	if to != reg {
		f.emit(abc(lua.OP_MOVE, reg, to, 0), e.Line())
	}
}

// generalTable generates the instructions that make a table and set its fields and items
// one after the other.
func (f *function) generalTable(e *ast.TableExpr, to int) {
	pc := f.emit(abc(lua.OP_NEWTABLE, to, 0, 0), e.Line())
	items, named, pending := 0, 0, 0
	for i, field := range e.Fields {
		if field.Key != nil {
			free := f.free
			op, key := f.key(field.Key, lua.OP_SETTABLE, lua.OP_SETTABLEKS)
			f.emit(abc(op, to, key, f.rk(field.Value)), endLine(field.Value))
			f.free = free
			if _, empty := field.Value.(*ast.NilExpr); !empty {
				named++
			}
			continue
		}
		items++
		pending++
		if i == len(e.Fields)-1 && hasMany(field.Value) {
			f.multi(field.Value, -1)
			f.setList(to, 0, items, endLine(field.Value))
			items, pending = items-1, 0
			break
		}
		f.next(field.Value)
		if pending == lua.FieldsPerFlush {
			f.setList(to, pending, items, endLine(field.Value))
			pending = 0
		}
	}
	if pending > 0 {
		f.setList(to, pending, items, e.Line())
	}
	if len(e.Fields) == 0 {
		items, named = 1, 1 // otherwise the first item or field reserves space for 32
	}
	f.code[pc] = abc(lua.OP_NEWTABLE, to, min(items, maxC), min(named, maxC))
}

// setList emits the instruction that moves the last n items to the table. If n is 0,
// it moves all items up to the top of the stack. items is the number of items so far.
func (f *function) setList(table, n, items, line int) {
	batch := (items-1)/lua.FieldsPerFlush + 1
	if batch <= maxC {
		f.emit(abc(lua.OP_SETLIST, table, n, batch), line)
	} else {
		f.emit(abc(lua.OP_SETLIST, table, n, 0), line)
		f.emit(uint32(batch), line)
	}
	f.free = table + 1
}

// fieldNames returns the names of the fields if a constructor has only fields with
// different constant names, and not too many. Otherwise, it returns nil.
func (f *function) fieldNames(e *ast.TableExpr) []string {
	n := len(e.Fields)
	if n == 0 || n > table.MaxArguments || f.oneByOne {
		return nil
	}
	names := make([]string, 0, n)
	for _, field := range e.Fields {
		key, ok := field.Key.(*ast.StringExpr)
		if !ok || slices.Contains(names, key.Value) {
			return nil
		}
		names = append(names, key.Value)
	}
	return names
}

// record generates the call of a Go function that makes a table with all its fields at once,
// in less time than their instructions. The virtual machine has no instruction for it.
func (f *function) record(e *ast.TableExpr, names []string, to int) {
	f.loadData(f.constructor(names).table, to, e.Line())
	for _, field := range e.Fields {
		f.next(field.Value)
	}
	f.emit(abc(lua.OP_CALL, to, len(names)+1, 2), e.Line())
	f.free = to + 1
}

// argument generates a constructor that is the only argument of a method call, and returns
// true. The method is in the register at base. Go methods may receive a table.Argument. It
// returns false for other arguments.
func (f *function) argument(args []ast.Expr, base int) bool {
	if len(args) != 1 {
		return false
	}
	e, ok := args[0].(*ast.TableExpr)
	if !ok {
		return false
	}
	names := f.fieldNames(e)
	if names == nil {
		return false
	}
	to := f.reserve(2, e.Line())
	f.loadData(f.constructor(names).argument, to, e.Line())
	f.emit(abc(lua.OP_MOVE, to+1, base, 0), e.Line())
	for _, field := range e.Fields {
		f.next(field.Value)
	}
	f.emit(abc(lua.OP_CALL, to, len(names)+2, 2), e.Line())
	f.free = to + 1
	return true
}

// constructor has the functions that make tables with the same fields.
type constructor struct{ table, argument *lua.LFunction }

// constructor returns the functions that make tables with these fields.
func (g *generator) constructor(names []string) *constructor {
	key := fmt.Sprintf("%q", names)
	c := g.constructors[key]
	if c == nil {
		fields := table.NewFields(names...)
		c = &constructor{fields.Constructor(), fields.ArgumentConstructor()}
		g.constructors[key] = c
	}
	return c
}
