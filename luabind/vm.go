package luabind

import (
	"errors"
	"fmt"
	"runtime/debug"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
)

// Sizes of a Lua thread. A registry below 128 values falls back to
// gopher-lua's default, which costs 100 kB a thread.
const (
	registrySize    = 128
	registryGrow    = 256
	maxRegistrySize = 1 << 20
	maxCallDepth    = 2000
	// sparedThreads is how many threads are kept for the next handlers.
	sparedThreads = 256
)

// vm is one generation of a script. The baton guards it.
type vm struct {
	host     *Host
	state    *lua.LState
	handlers map[string]*lua.LFunction
	spare    []*lua.LState
	// files are the script and what it required, by path.
	files map[string]struct{}
}

// newVM loads the script into a new VM. t is the task that does it.
func (h *Host) newVM(t *task.Task) (*vm, error) {
	v := &vm{
		host: h,
		state: lua.NewState(lua.Options{
			SkipOpenLibs:        true,
			CallStackSize:       maxCallDepth,
			RegistrySize:        registrySize,
			RegistryMaxSize:     maxRegistrySize,
			RegistryGrowStep:    registryGrow,
			MinimizeStackMemory: true,
		}),
		files: map[string]struct{}{},
	}
	v.openLibraries()
	chunk, err := v.loadFile(h.opts.Lua.Script)
	if err != nil {
		return nil, err
	}
	var returned lua.LValue
	err = v.run(t, nil, chunk, nil, func(l *lua.LState) { returned = l.Get(-1) })
	if err != nil {
		return nil, err
	}
	v.handlers, err = v.checkHandlers(returned)
	if err != nil {
		return nil, err
	}
	return v, nil
}

// handler is the script's function for a message type, or nil.
func (v *vm) handler(name string) *lua.LFunction { return v.handlers[name] }

// call runs a function for a session, or for none, in t. The error is a
// *ScriptError.
func (v *vm) call(t *task.Task, s *session.Session, fn *lua.LFunction, args []lua.LValue) error {
	return v.run(t, s, fn, args, nil)
}

// run runs fn on a thread of its own. With result, fn returns one value, which
// is on top of the stack when result is called.
func (v *vm) run(t *task.Task, s *session.Session, fn *lua.LFunction, args []lua.LValue, result func(*lua.LState)) error {
	l := v.thread()
	l.SetContext(t)
	before := t.Local
	t.Local = running{v, s}
	v.state.G.CurrentThread = l
	results := 0
	if result != nil {
		results = 1
	}
	l.Push(fn)
	for _, a := range args {
		l.Push(a)
	}
	err := l.PCall(len(args), results, nil)
	t.Local = before
	if err != nil {
		// The thread may hold variables that a function which escaped still
		// refers to: it is not used again.
		return v.scriptError(l, err)
	}
	if result != nil {
		result(l)
	}
	v.giveBack(l)
	return nil
}

// running is what a task works at.
type running struct {
	vm      *vm
	session *session.Session // nil: the process
}

func (v *vm) thread() *lua.LState {
	if n := len(v.spare); n > 0 {
		l := v.spare[n-1]
		v.spare = v.spare[:n-1]
		return l
	}
	l, _ := v.state.NewThread()
	return l
}

func (v *vm) giveBack(l *lua.LState) {
	if len(v.spare) < sparedThreads {
		l.SetTop(0)
		v.spare = append(v.spare, l)
	}
}

// taskOf is the task in which a binding was called.
func taskOf(l *lua.LState) *task.Task {
	if ctx := l.Context(); ctx != nil {
		if t, ok := ctx.Value(task.Key).(*task.Task); ok {
			return t
		}
	}
	panic(errors.New("a binding was called outside of a task"))
}

// function makes a Lua function of a binding.
func (h *Host) function(name string, fn lua.LGFunction) *lua.LFunction {
	return &lua.LFunction{IsG: true, GFunction: func(l *lua.LState) int {
		return h.guarded(l, name, func() int { return fn(l) })
	}}
}

// guarded calls a binding. A Go panic in it is logged with its stack and
// becomes an error at the script's line; an error that it raises passes.
func (h *Host) guarded(l *lua.LState, name string, fn func() int) int {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *lua.ApiError:
			panic(r)
		default:
			h.log.Errorf("a panic in %s: %v\n%s", name, r, debug.Stack())
			l.RaiseError("%s", fmt.Sprintf("%s: an internal error: %v (the log has its stack)", name, r))
		}
	}()
	return fn()
}

func newTable() *lua.LTable { return (*lua.LState)(nil).CreateTable(0, 0) }
