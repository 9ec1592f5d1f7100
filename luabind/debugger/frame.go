package debugger

import (
	"fmt"
	"strings"
	"sync/atomic"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/codegen"
	"spectrumlua/luabind/stdlib"
)

// Frame is a call of a Lua function on the stack of a thread.
type Frame struct {
	ID   int
	Name string
	Line int
	// Source is the name of the source in messages, and Path its file, or "". Ref is the
	// reference of the text if that is no longer the text of the file, or 0.
	Source, Path string
	Ref          int
}

// frame is a call that a client knows. The script lock guards it.
type frame struct {
	thread  *thread
	on      *lua.LState
	dbg     *lua.Debug
	fn      *lua.LFunction
	runtime *bind.Runtime
	ended   atomic.Bool // the thread has continued
}

// maxFrames is the longest stack that is shown.
const maxFrames = 1000

// Stack returns the calls of a thread that has stopped, the newest first.
func (d *Debugger) Stack(thread int) (all []Frame, err error) {
	err = d.inStop(thread, func(s *stop) error {
		rt, ok := s.thread.task.Local.(*bind.Runtime)
		if !ok {
			return nil
		}
		line := s.line
		for l := s.on; l != nil && len(all) < maxFrames; l = stdlib.Caller(l) {
			for level := 0; len(all) < maxFrames; level++ {
				dbg, ok := l.GetStack(level)
				if !ok {
					break
				}
				v, err := l.GetInfo("Slf", dbg, lua.LNil)
				fn, _ := v.(*lua.LFunction)
				if err != nil || fn == nil || fn.IsG {
					continue
				}
				f := &frame{thread: s.thread, on: l, dbg: dbg, fn: fn, runtime: rt}
				shown := d.show(f)
				if line > 0 {
					shown.Line = line
				}
				line = 0
				all = append(all, shown)
			}
		}
		return nil
	})
	return all, err
}

// show returns a frame for the client. It has the script lock.
func (d *Debugger) show(f *frame) Frame {
	shown := Frame{Name: f.name(), Line: f.dbg.CurrentLine, Source: f.dbg.Source}
	path, _, ok := f.runtime.View.File(f.dbg.Source)
	v := d.versionOf(f.runtime, f.dbg.Source)
	d.mu.Lock()
	defer d.mu.Unlock()
	shown.ID = d.next()
	d.frames[shown.ID] = f
	if !ok {
		return shown
	}
	file := d.fileAt(path)
	shown.Path = file.path
	if n := len(file.versions); v != nil && n > 0 && file.versions[n-1].sum != v.sum {
		shown.Ref = v.ref
		d.sources[v.ref] = v
	}
	return shown
}

// name returns the name of a function that was called.
func (f *frame) name() string {
	if name := f.runtime.View.Handler(f.fn); name != "" {
		return name
	}
	if f.fn.Proto.LineDefined == 0 {
		return "main chunk"
	}
	if name := stdlib.CalledAs(f.dbg); name != "" {
		return name
	}
	return fmt.Sprintf("function <%s:%d>", f.fn.Proto.SourceName, f.fn.Proto.LineDefined)
}

// withFrame calls f with the script lock if the frame is valid.
func (d *Debugger) withFrame(id int, do func(f *frame) error) error {
	d.mu.Lock()
	f := d.frames[id]
	d.mu.Unlock()
	if f == nil {
		return fmt.Errorf("frame %d: %w", id, ErrReference)
	}
	return d.inStop(f.thread.id, func(*stop) error {
		if f.ended.Load() {
			return fmt.Errorf("frame %d: %w", id, ErrReference)
		}
		return do(f)
	})
}

// local is a local variable of a frame.
type local struct {
	name   string
	number int // for GetLocal
	value  lua.LValue
}

// locals returns the local variables that are in scope, without hidden ones.
func (f *frame) locals() (all []local) {
	for n := 1; n <= codegen.MaxLocals+1; n++ {
		name, value := f.on.GetLocal(f.dbg, n)
		switch {
		case name == "" || strings.HasPrefix(name, "(*"):
			return all
		case !strings.HasPrefix(name, "("):
			if value == nil {
				value = lua.LNil
			}
			all = append(all, local{name, n, value})
		}
	}
	return all
}

// find returns the value of a local variable or an upvalue, and a function that sets it.
func (f *frame) find(name string) (value lua.LValue, set func(lua.LValue), ok bool) {
	all := f.locals()
	for i := len(all) - 1; i >= 0; i-- {
		if l := all[i]; l.name == name {
			return l.value, func(v lua.LValue) { f.on.SetLocal(f.dbg, l.number, v) }, true
		}
	}
	for i, up := range f.fn.Proto.DbgUpvalues {
		if up == name && i < len(f.fn.Upvalues) {
			return f.fn.Upvalues[i].Value(), f.fn.Upvalues[i].SetValue, true
		}
	}
	return nil, nil, false
}

// extra returns a global of code that the author types and the script does not have.
func (f *frame) extra(name string) lua.LValue {
	switch name {
	case "session":
		if s := f.runtime.View.Session(f.thread.task.Owner().Whole()); s != nil {
			return s
		}
	case "spectrum":
		return f.runtime.Spectrum
	}
	return lua.LNil
}

// global returns a global variable, without metamethods.
func (f *frame) global(name string) lua.LValue {
	env, ok := f.fn.Env, f.fn.Env != nil
	if !ok {
		return f.extra(name)
	}
	if v := rawIndex(env, lua.LString(name)); v != lua.LNil {
		return v
	}
	return f.extra(name)
}

// environment returns the globals of code that runs in a frame: variables of the frame,
// then the function's globals.
func (d *Debugger) environment(f *frame) *lua.LTable {
	state := f.runtime.State
	check := func(l *lua.LState) {
		if f.ended.Load() {
			l.RaiseError("the function whose variables this code uses has ended")
		}
	}
	meta, env := bind.NewTable(), bind.NewTable()
	meta.RawSetString("__index", state.NewFunction(func(l *lua.LState) int {
		check(l)
		key := l.Get(2)
		if name, ok := key.(lua.LString); ok {
			if v, _, ok := f.find(string(name)); ok {
				l.Push(v)
				return 1
			}
		}
		v := l.GetTable(f.fn.Env, key)
		if name, ok := key.(lua.LString); ok && v == lua.LNil {
			v = f.extra(string(name))
		}
		l.Push(v)
		return 1
	}))
	meta.RawSetString("__newindex", state.NewFunction(func(l *lua.LState) int {
		check(l)
		if name, ok := l.Get(2).(lua.LString); ok {
			if _, set, ok := f.find(string(name)); ok {
				set(l.Get(3))
				return 0
			}
		}
		l.SetTable(f.fn.Env, l.Get(2), l.Get(3))
		return 0
	}))
	env.Metatable = meta
	return env
}

// Exception is an error at which a thread has stopped.
type Exception struct {
	Text, Trace string
	// Uncaught reports whether the thread has stopped because of Catch.Uncaught.
	Uncaught bool
}

// Exception returns the error at which a thread has stopped, with the calls that led to it.
func (d *Debugger) Exception(thread int) (e Exception, err error) {
	err = d.inStop(thread, func(s *stop) error {
		e = Exception{Text: s.text, Trace: stdlib.Traceback(s.on), Uncaught: s.uncaught}
		return nil
	})
	return e, err
}
