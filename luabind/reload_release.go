package luabind

import (
	"runtime"
	"sync"
	"sync/atomic"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

// loadTimeResources are what scripts have open that was opened while they were being
// loaded. It is the process's, so nothing else would close what an old
// generation has lost: a database that its variable alone referred to. Its
// methods may be called from any goroutine.
type loadTimeResources struct {
	mu  sync.Mutex
	all []leftover
}

type leftover struct {
	resource *task.Resource
	gone     *atomic.Bool // whether the VM of the script is
}

// add notes what a VM has open, to be closed when the VM is gone and nobody
// refers to it.
func (ls *loadTimeResources) add(v *vm, open []*task.Resource) {
	gone := new(atomic.Bool)
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, r := range open {
		ls.all = append(ls.all, leftover{r, gone})
	}
	runtime.AddCleanup(v, ls.vanished, gone)
}

// vanished is called when a VM is gone, on a goroutine that must not be kept.
func (ls *loadTimeResources) vanished(gone *atomic.Bool) {
	gone.Store(true)
	go func() {
		defer crash.Guard()
		for _, r := range ls.lost() {
			_ = r.Close()
		}
	}()
}

// lost takes off the list what is closed, and what nobody can close any more,
// which it returns.
func (ls *loadTimeResources) lost() (lost []*task.Resource) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	var kept []leftover
	for _, l := range ls.all {
		switch {
		case l.resource.Closed():
		case l.gone.Load() && !l.resource.Held():
			lost = append(lost, l.resource)
		default:
			kept = append(kept, l)
		}
	}
	ls.all = kept
	return lost
}
