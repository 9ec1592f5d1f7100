package luabind

import (
	"runtime"
	"sync"
	"sync/atomic"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

// loadTimeResources has the resources that scripts opened while they loaded. They
// belong to the process, so they do not end with their VM: for example, a database
// that only a variable of the script refers to. It closes them after the VM was
// freed. It is safe for concurrent use.
type loadTimeResources struct {
	mu  sync.Mutex
	all []loadTimeResource
}

type loadTimeResource struct {
	resource *task.Resource
	vmFreed  *atomic.Bool
}

// add adds the open resources of a VM. Each is closed when the VM was freed and the
// resource is not held.
func (ls *loadTimeResources) add(v *vm, open []*task.Resource) {
	freed := new(atomic.Bool)
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, r := range open {
		ls.all = append(ls.all, loadTimeResource{r, freed})
	}
	runtime.AddCleanup(v, ls.freed, freed)
}

// freed is called when a VM was freed. It must not block the cleanup goroutine.
func (ls *loadTimeResources) freed(vmFreed *atomic.Bool) {
	vmFreed.Store(true)
	go func() {
		defer crash.Guard()
		for _, r := range ls.unused() {
			_ = r.Close()
		}
	}()
}

// unused removes closed resources from the list. It also removes and returns those
// that scripts can no longer use.
func (ls *loadTimeResources) unused() (unused []*task.Resource) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	var kept []loadTimeResource
	for _, l := range ls.all {
		switch {
		case l.resource.Closed():
		case l.vmFreed.Load() && !l.resource.Held():
			unused = append(unused, l.resource)
		default:
			kept = append(kept, l)
		}
	}
	ls.all = kept
	return unused
}
