package bind

import (
	"weak"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/task"
)

// deferrals holds the deferrals of one VM. The script lock guards it.
type deferrals struct {
	loading bool
	starts  []func() // in the order of the calls of Defer
	retires []func(kept func(*task.Resource) bool)
}

// BeginLoading marks the VM as loading: from now on, Defer postpones its functions.
// start ends that and calls them in order. If the load fails, do not call start, and
// the functions never run. The caller holds the script lock for both.
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

// Loading reports whether the script of this VM is still loading.
func (rt *Runtime) Loading() bool { return rt.deferrals.loading }

// Defer calls f at once, or postpones it until this VM takes over if the script is
// still loading. If the script does not load, f is never called. f runs with the
// script lock and must not wait.
//
// Use Defer for effects that others notice, such as messages. A resource that is
// opened during the load does not need it: the resource has an owner that ends if the
// load fails.
func (rt *Runtime) Defer(f func()) {
	if !rt.deferrals.loading {
		f()
		return
	}
	rt.deferrals.starts = append(rt.deferrals.starts, f)
}

// AtRetirement registers f to be called after another VM has taken over from this
// one. f runs with the script lock. kept reports whether a data table refers to a
// resource.
func (rt *Runtime) AtRetirement(f func(kept func(*task.Resource) bool)) {
	rt.deferrals.retires = append(rt.deferrals.retires, f)
}

// Retire calls the functions that AtRetirement registered.
func (rt *Runtime) Retire(kept func(*task.Resource) bool) {
	retires := rt.deferrals.retires
	rt.deferrals.retires = nil
	for _, f := range retires {
		f(kept)
	}
}

// Opened is implemented by the values of a class that have an open resource. A
// resource that a script opened while it loaded is closed after its VM was freed and
// no script refers to the value.
type Opened interface {
	// Opened returns the resource, or nil.
	Opened() *task.Resource
}

// Unattended is implemented by values with an open resource that work without a
// reference from a script, such as a server. Their resource is not closed when no
// script refers to the value.
type Unattended interface {
	Unattended()
}

// watchHolders makes a resource count as held while its userdata exists.
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
