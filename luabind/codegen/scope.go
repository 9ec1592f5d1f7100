package codegen

import (
	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// local is a local variable.
type local struct {
	name     string
	captured bool // by a closure
	info     *lua.DbgLocalInfo
}

// upvalue is a local variable of an enclosing function.
type upvalue struct {
	name   string
	direct bool // a local variable of the enclosing function, not an upvalue of it
	index  int  // the register or upvalue in the enclosing function
}

// scope is a block of the source.
type scope struct {
	outer  *scope
	level  int // the number of local variables in scope at its beginning
	loop   bool
	breaks []int // jumps of break, in a loop, as indexes of function.jumps
	labels map[string]*label
	gotos  []int // jumps to labels that are not known yet, as indexes of function.jumps
}

// label is the target of goto statements.
type label struct {
	line  int
	pc    int
	level int
}

// leave is a jump that may leave the scope of local variables. Captured variables must
// be closed on the way. The end of the function shows which ones are captured.
type leave struct {
	pc     int
	line   int
	name   string   // of the label; "" for break
	locals []*local // in scope at the jump
	level  int      // how many of them are in scope at the target
	target int
}

func (f *function) enter(loop bool) {
	f.scope = &scope{outer: f.scope, level: len(f.locals), loop: loop}
}

// exit ends the innermost block and emits the instruction that closes its captured
// variables.
func (f *function) exit(line int) {
	f.closeCaptured(f.scope.level, line)
	f.end()
}

// end ends the innermost block without emitting code. If the block is a loop, its
// break statements jump to the next instruction.
func (f *function) end() {
	s := f.scope
	f.drop(s.level)
	f.scope = s.outer
	for _, i := range s.breaks {
		f.jumps[i].target, f.jumps[i].level = f.here(), s.level
	}
	if s.outer != nil {
		s.outer.gotos = append(s.outer.gotos, s.gotos...)
	} else if len(s.gotos) > 0 {
		j := f.jumps[s.gotos[0]]
		fail(j.line, "no visible label '%s' for <goto> at line %d", j.name, j.line)
	}
}

// closeCaptured emits the instruction that closes the local variables from a level on,
// if one of them is captured.
func (f *function) closeCaptured(level, line int) {
	if captured(f.locals[level:]) {
		f.emit(abc(lua.OP_CLOSE, level, 0, 0), line)
	}
}

func captured(locals []*local) bool {
	for _, l := range locals {
		if l.captured {
			return true
		}
	}
	return false
}

// drop ends the scope of the local variables from a level on.
func (f *function) drop(level int) {
	for _, l := range f.locals[level:] {
		l.info.EndPc = f.here()
		f.visible[l.name]--
	}
	f.locals = f.locals[:level]
	f.free = level
}

// declare brings a local variable into scope. It has the next register, which is
// already reserved.
func (f *function) declare(name string, line int) *local {
	limit := MaxLocals
	if f.coverage != nil {
		limit++ // for the hidden variable
	}
	if len(f.locals) >= limit {
		fail(line, "%s has more than %d local variables: split it up, or put the values into a table", f.describe(), MaxLocals)
	}
	// For gopher-lua, a variable exists from the instruction after StartPc on.
	info := &lua.DbgLocalInfo{Name: name, StartPc: f.here() - 1}
	f.proto.DbgLocals = append(f.proto.DbgLocals, info)
	l := &local{name: name, info: info}
	f.locals = append(f.locals, l)
	f.visible[name]++
	return l
}

// findLocal returns the register of a local variable, or -1.
func (f *function) findLocal(name string) int {
	if f.visible[name] == 0 {
		return -1
	}
	for i := len(f.locals) - 1; i >= 0; i-- {
		if f.locals[i].name == name {
			return i
		}
	}
	return -1
}

// findUpvalue returns the index of an upvalue, or -1 if no enclosing function
// has a local variable of that name in scope.
func (f *function) findUpvalue(name string, line int) int {
	if f.visible[name] == 0 {
		return -1
	}
	for i, u := range f.upvalues {
		if u.name == name {
			return i
		}
	}
	outer := f.parent
	if outer == nil {
		return -1
	}
	u := upvalue{name: name, direct: true, index: outer.findLocal(name)}
	if u.index >= 0 {
		outer.locals[u.index].captured = true
	} else if u = (upvalue{name: name, index: outer.findUpvalue(name, line)}); u.index < 0 {
		return -1
	}
	if len(f.upvalues) >= maxUpvalues {
		fail(line, "%s uses more than %d local variables of the functions around it: put the values into a table",
			f.describe(), maxUpvalues)
	}
	f.upvalues = append(f.upvalues, u)
	return len(f.upvalues) - 1
}

func (f *function) breakStmt(line int) {
	for s := f.scope; s != nil; s = s.outer {
		if s.loop {
			s.breaks = append(s.breaks, f.leave("", line))
			return
		}
	}
	fail(line, "no loop to break")
}

// leave emits a jump of goto or break and returns its index.
func (f *function) leave(name string, line int) int {
	locals := append([]*local(nil), f.locals...)
	f.jumps = append(f.jumps, leave{pc: f.jump(line), line: line, name: name, locals: locals})
	return len(f.jumps) - 1
}

func (f *function) gotoStmt(st *ast.GotoStmt) {
	i := f.leave(st.Label, st.Line())
	for s := f.scope; s != nil; s = s.outer {
		if l := s.labels[st.Label]; l != nil {
			f.jumps[i].target, f.jumps[i].level = l.pc, l.level
			return
		}
	}
	f.scope.gotos = append(f.scope.gotos, i)
}

// labelStmt sets a label. atEnd is true if only labels follow in the block. The block's
// variables are then out of scope.
func (f *function) labelStmt(st *ast.LabelStmt, atEnd bool) {
	s := f.scope
	if old := s.labels[st.Name]; old != nil {
		fail(st.Line(), "label '%s' already defined on line %d", st.Name, old.line)
	}
	l := &label{line: st.Line(), pc: f.here(), level: len(f.locals)}
	if atEnd {
		l.level = s.level
	}
	if s.labels == nil {
		s.labels = map[string]*label{}
	}
	s.labels[st.Name] = l
	rest := s.gotos[:0]
	for _, i := range s.gotos {
		if j := &f.jumps[i]; j.name != st.Name {
			rest = append(rest, i)
		} else if f.shared(j, s.level) < l.level {
			fail(j.line, "<goto %s> at line %d jumps into the scope of local '%s'", j.name, j.line,
				f.locals[f.shared(j, s.level)].name)
		} else {
			j.target, j.level = l.pc, l.level
		}
	}
	s.gotos = rest
}

// shared returns the number of local variables that are in scope both at the jump and
// here. blockLevel is the level of the block that encloses both: variables of blocks
// that have ended do not count.
func (f *function) shared(j *leave, blockLevel int) int {
	n := blockLevel
	for n < len(j.locals) && n < len(f.locals) && j.locals[n] == f.locals[n] {
		n++
	}
	return n
}

// resolveLeaves sets the targets of goto and break. A jump out of the scope of captured
// variables first goes to an instruction that closes them.
func (f *function) resolveLeaves() {
	for _, j := range f.jumps {
		if !captured(j.locals[min(j.level, len(j.locals)):]) {
			f.patch(j.pc, j.target)
			continue
		}
		f.patch(j.pc, f.here())
		f.emit(abc(lua.OP_CLOSE, j.level, 0, 0), j.line)
		f.jumpTo(j.target, j.line)
	}
}
