package bind

import (
	"weak"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/task"
)

// deferrals is what a VM knows of its loading. The script lock guards it.
type deferrals struct {
	loading bool
	starts  []func() // in the order of asking
	retires []func(kept func(*task.Resource) bool)
}

// BeginLoading has Defer keep what it is given, until start, the result, is
// called: then all of it is done, in order. Without that, nothing is. Both are
// called with the script lock.
func (rt *Runtime) BeginLoading() (start func()) {
	rt.deferrals.loading = true
	return func() {
		starts := rt.deferrals.starts
		rt.deferrals.loading, rt.deferrals.starts = false, nil
		for _, f := range starts {
			f()
		}
	}
}

// Loading tells whether the script of this VM is still being loaded: what it
// starts comes to life when it has taken over.
func (rt *Runtime) Loading() bool { return rt.deferrals.loading }

// Defer calls f: at once or, while the script is being loaded, when it has taken
// over, with the script lock; if it does not load, never. f must not wait.
//
// What is opened while loading needs no Defer: it is closed by itself if the
// script does not load, since its owner is. Defer is for what others notice.
func (rt *Runtime) Defer(f func()) {
	if !rt.deferrals.loading {
		f()
		return
	}
	rt.deferrals.starts = append(rt.deferrals.starts, f)
}

// AtRetirement has f called, with the script lock, when another VM has taken
// over from this one. kept tells of what the data tables refer to.
func (rt *Runtime) AtRetirement(f func(kept func(*task.Resource) bool)) {
	rt.deferrals.retires = append(rt.deferrals.retires, f)
}

// Retire calls what AtRetirement was given.
func (rt *Runtime) Retire(kept func(*task.Resource) bool) {
	retires := rt.deferrals.retires
	rt.deferrals.retires = nil
	for _, f := range retires {
		f(kept)
	}
}

// Opened is implemented by the values of a class with which something is open.
// What was opened while a script was being loaded is closed when the VM of that
// script is gone and nobody refers to the value: nobody could use or close it.
type Opened interface {
	Opened() *task.Resource
}

// Unattended is implemented by those Opened that do their work though no script
// refers to them, as a server does. What they have open is closed by others.
type Unattended interface {
	Unattended()
}

// watchHolders says that a resource is held for as long as its userdata is.
func watchHolders(v any, ud *lua.LUserData) {
	o, ok := v.(Opened)
	if !ok || o.Opened() == nil {
		return
	}
	if _, ok := v.(Unattended); ok {
		return
	}
	handle := weak.Make(ud)
	o.Opened().SetHeld(func() bool { return handle.Value() != nil })
}
