package luabind

import (
	"crypto/sha256"
	"hash"
	"slices"
	"sync"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/callstack"
	"spectrumlua/luabind/source"
	"spectrumlua/luabind/stdlib"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
)

// Sizes of a Lua thread. gopher-lua replaces a registry size below 128 with its
// default, which takes 100 kB a thread.
const (
	registrySize    = 128
	registryGrow    = 256
	maxRegistrySize = 1 << 16
	maxCallDepth    = 2000
	// sparedThreads is how many idle threads are kept for later calls.
	sparedThreads = 256
)

// vm is a Lua state with the script loaded into it. The script lock guards it.
type vm struct {
	host     *Host
	state    *lua.LState
	stacks   *callstack.Stacks
	runtime  *bind.Runtime
	modules  map[string]*lua.LTable // modules that are open, by name
	handlers map[string]*lua.LFunction
	byType   []*lua.LFunction // the handlers of messages, by the numbers of their types
	spare    []*lua.LState    // idle threads
	commands []*command       // in the order of their declaration
	// loading marks a module in package.loaded that is being loaded. It is not a
	// table because Lua's function module would use a table as the module.
	loading *lua.LUserData
	pkg     libraryPackage
	// files has the versions of the script and the files that it required, by path. filesMu
	// guards it against the debugger while a file is read without the script lock.
	filesMu sync.Mutex
	// texts has the texts of the files while the script loads, for Options.Loaded, by path.
	// filesMu guards it, too.
	texts   map[string]string
	files   map[string]fileVersion
	missing map[string]fileVersion // files that require looked for and did not find
	sum     hash.Hash              // of the script
	// compiled caches compiled files. precompiler fills it. Both may be nil.
	compiled    *source.Cache
	precompiler *source.Precompiler
	start       func() // runs the deferrals; nil if there is nothing to run

	generation int // 0 until the VM takes over
	// calls has the task of each call that has not returned, oldest first.
	calls []*task.Task
}

// NewState returns a Lua state with the sizes that scripts have, without
// libraries, and the Stacks that make threads for it.
func NewState() (*lua.LState, *callstack.Stacks) {
	stacks := callstack.New(maxCallDepth)
	return stacks.NewState(lua.Options{
		SkipOpenLibs:     true,
		RegistrySize:     registrySize,
		RegistryMaxSize:  maxRegistrySize,
		RegistryGrowStep: registryGrow,
	}), stacks
}

// emptyVM returns a VM with all libraries and modules, but without a script.
func (h *Host) emptyVM() *vm {
	state, stacks := NewState()
	v := &vm{
		host:    h,
		state:   state,
		stacks:  stacks,
		loading: &lua.LUserData{},
		modules: map[string]*lua.LTable{},
		files:   map[string]fileVersion{},
		missing: map[string]fileVersion{},
		sum:     sha256.New(),

		compiled: h.opts.Compiled,
	}
	v.runtime = &bind.Runtime{
		State:    state,
		Config:   h.opts.Config,
		Settings: h.opts.Settings,
		Policy:   h.policy,
		Log:      h.log,
		Clock:    h.opts.Scheduler.Clock(),
		Files:    h.opts.Files,
		Metrics:  h.opts.Metrics,
		Meters:   h.opts.Meters,
		Process:  h.sessions.Process(),
		OwnerOf:  v.ownerOf,
		Call:     v.run,
		LogError: v.logError,
		LogItem:  v.logItem,
		Raised:   h.raised,
		View:     v.view(),
	}
	v.runtime.Spectrum = v.openSpectrum()
	v.openLibraries()
	return v
}

// ownerOf returns the owner that a script gives as the option owner: the module
// spectrum is the process, a session object its session. It returns nil for any
// other value and for a session that has ended.
func (v *vm) ownerOf(value lua.LValue) *task.Owner {
	if value == v.runtime.Spectrum {
		return v.host.sessions.Process()
	}
	if obj, ok := sessionClass.Of(value); ok && !obj.ended {
		return obj.session.Owner()
	}
	return nil
}

// handler returns the handler with this name, or nil.
func (v *vm) handler(name string) *lua.LFunction { return v.handlers[name] }

// handlerOf returns the handler for the messages of a type, or nil.
func (v *vm) handlerOf(typ *schema.Type) *lua.LFunction {
	if int(typ.Number) >= len(v.byType) {
		return nil
	}
	return v.byType[typ.Number]
}

// setHandlers sets the handlers by their names.
func (v *vm) setHandlers(handlers map[string]*lua.LFunction) {
	v.handlers = handlers
	types := schema.Types()
	v.byType = make([]*lua.LFunction, types[len(types)-1].Number+1)
	for _, t := range types {
		v.byType[t.Number] = handlers[t.Name]
	}
}

// call calls fn in the task t and ignores its results. The error is a
// *ScriptError.
func (v *vm) call(t *task.Task, fn *lua.LFunction, args []lua.LValue) error {
	return v.run(t, fn, args, nil)
}

// run calls fn on a Lua thread of its own and passes the results to results,
// unless that is nil. It implements bind.Runtime.Call.
func (v *vm) run(t *task.Task, fn *lua.LFunction, args []lua.LValue, results func(l *lua.LState, n int)) error {
	l := v.thread()
	l.SetContext(t.Code())
	before := t.Local
	t.Local = v.runtime
	if t.Label() == nil {
		label := bind.Label("task", t.Name(), fn)
		t.SetLabel(&label)
	}
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
	if d := v.host.debugger.Load(); d != nil && before == nil {
		d.Returned(t)
	}
	if err != nil {
		// A function that outlives the call may still refer to variables on
		// this thread, so the thread is not reused.
		return v.scriptError(l, err)
	}
	if results != nil {
		results(l, l.GetTop())
	}
	v.giveBack(l)
	return nil
}

// returned removes the last call of a task from v.calls.
func (v *vm) returned(t *task.Task) {
	if last := len(v.calls) - 1; v.calls[last] == t { // no other call has begun since
		v.calls[last] = nil
		v.calls = v.calls[:last]
		return
	}
	for i, c := range slices.Backward(v.calls) {
		if c == t {
			v.calls = slices.Delete(v.calls, i, i+1)
			return
		}
	}
}

// thread returns an idle thread, or a new one.
func (v *vm) thread() *lua.LState {
	if n := len(v.spare); n > 0 {
		l := v.spare[n-1]
		v.spare = v.spare[:n-1]
		return l
	}
	return v.stacks.NewThread(v.state)
}

// giveBack keeps a thread for a later call.
func (v *vm) giveBack(l *lua.LState) {
	if len(v.spare) < sparedThreads {
		l.SetTop(0)
		l.RemoveContext()
		v.spare = append(v.spare, l)
	}
}
