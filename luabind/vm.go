package luabind

import (
	"crypto/sha256"
	"hash"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/callstack"
	"spectrumlua/luabind/source"
	"spectrumlua/luabind/stdlib"
	"spectrumlua/runtime/task"
)

// Sizes of a Lua thread. A registry below 128 values falls back to
// gopher-lua's default, which costs 100 kB a thread.
const (
	registrySize    = 128
	registryGrow    = 256
	maxRegistrySize = 1 << 16
	maxCallDepth    = 2000
	// sparedThreads is how many threads are kept for the next handlers.
	sparedThreads = 256
)

// vm is one generation of a script. The script lock guards it.
type vm struct {
	host     *Host
	state    *lua.LState
	stacks   *callstack.Stacks
	runtime  *bind.Runtime
	frame    *bind.Frame
	modules  map[string]*lua.LTable // that have been opened
	handlers map[string]*lua.LFunction
	spare    []*lua.LState
	// loading stands for a module that is being loaded. It is no table, which module
	// would take for the module's.
	loading *lua.LUserData
	pkg     libraryPackage
	// files are the script and what it required, by path, with what was in them.
	files   map[string]sum
	missing []string  // files that would have been required
	sum     hash.Hash // of the script
	// compiled takes what is compiled, ahead has it compiled; both may be nil.
	compiled    *source.Cache
	precompiler *source.Precompiler
	start       func() // has what was started while loading come to life

	generation int // 0 until it has taken over
	// calls are the tasks of the calls that have not returned, in the order of
	// calling.
	calls []*task.Task
}

// NewState returns a Lua state of the size that scripts have, without libraries,
// and what gives its threads their call stacks.
func NewState() (*lua.LState, *callstack.Stacks) {
	stacks := callstack.New(maxCallDepth)
	return stacks.NewState(lua.Options{
		SkipOpenLibs:     true,
		RegistrySize:     registrySize,
		RegistryMaxSize:  maxRegistrySize,
		RegistryGrowStep: registryGrow,
	}), stacks
}

// emptyVM makes a VM with all that a script finds in it, and no script.
func (h *Host) emptyVM() *vm {
	state, stacks := NewState()
	v := &vm{
		host:    h,
		state:   state,
		stacks:  stacks,
		loading: &lua.LUserData{},
		modules: map[string]*lua.LTable{},
		files:   map[string]sum{},
		sum:     sha256.New(),

		compiled: h.opts.Compiled,
	}
	v.runtime = &bind.Runtime{
		Config:   h.opts.Config,
		Settings: h.opts.Settings,
		Log:      h.log,
		Clock:    h.opts.Scheduler.Clock(),
		Process:  h.sessions.Process(),
		OwnerOf:  v.ownerOf,
		Call:     v.run,
		LogError: v.logError,
	}
	v.frame = &bind.Frame{Runtime: v.runtime}
	v.runtime.Spectrum = v.openSpectrum()
	v.openLibraries()
	return v
}

// ownerOf finds whom a script means by the option owner.
func (v *vm) ownerOf(value lua.LValue) *task.Owner {
	if value == v.runtime.Spectrum {
		return v.host.sessions.Process()
	}
	if hd, ok := sessionClass.Of(value); ok && !hd.ended {
		return hd.session.Owner()
	}
	return nil
}

// handler is the script's function for a message type, or nil.
func (v *vm) handler(name string) *lua.LFunction { return v.handlers[name] }

// call runs a function in t, and drops what it returns. The error is a
// *ScriptError.
func (v *vm) call(t *task.Task, fn *lua.LFunction, args []lua.LValue) error {
	return v.run(t, fn, args, nil)
}

// run runs fn on a thread of its own; it is bind.Runtime's Call.
func (v *vm) run(t *task.Task, fn *lua.LFunction, args []lua.LValue, results func(l *lua.LState, n int)) error {
	l := v.thread()
	l.SetContext(t)
	before := t.Local
	t.Local = v.frame
	v.calls = append(v.calls, t)
	v.state.G.CurrentThread = l
	wanted := 0
	if results != nil {
		wanted = lua.MultRet
	}
	l.Push(fn)
	for _, a := range args {
		l.Push(a)
	}
	err := stdlib.Run(l, len(args), wanted)
	t.Local = before
	v.returned(t)
	if err != nil {
		// The thread may hold variables that a function which escaped still
		// refers to: it is not used again.
		return v.scriptError(l, err)
	}
	if results != nil {
		results(l, l.GetTop())
	}
	v.giveBack(l)
	return nil
}

// returned takes the last call of a task off the list.
func (v *vm) returned(t *task.Task) {
	for i, c := range slices.Backward(v.calls) {
		if c == t {
			v.calls = slices.Delete(v.calls, i, i+1)
			return
		}
	}
}

func (v *vm) thread() *lua.LState {
	if n := len(v.spare); n > 0 {
		l := v.spare[n-1]
		v.spare = v.spare[:n-1]
		return l
	}
	return v.stacks.NewThread(v.state)
}

func (v *vm) giveBack(l *lua.LState) {
	if len(v.spare) < sparedThreads {
		l.SetTop(0)
		l.RemoveContext()
		v.spare = append(v.spare, l)
	}
}
