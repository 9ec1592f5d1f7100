package luabind

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"
	"weak"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

// generations tracks the VMs in memory. Its references are weak, so the garbage
// collector can free a VM.
type generations struct {
	mu sync.Mutex
	// numbers has the generation of each VM by its table of globals. Every function
	// of a script refers to that table.
	numbers map[weak.Pointer[lua.LTable]]int
	old     []retired // VMs that are not in use any more
}

// retired is a VM from which a newer one has taken over.
type retired struct {
	number int
	vm     weak.Pointer[vm]
	at     time.Time // of the takeover
	told   bool      // takeOld has returned it
}

// begin adds a VM that takes over.
func (g *generations) begin(v *vm) {
	globals := weak.Make(v.state.G.Global)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.numbers == nil {
		g.numbers = map[weak.Pointer[lua.LTable]]int{}
	}
	for w := range g.numbers {
		if w.Value() == nil {
			delete(g.numbers, w)
		}
	}
	g.numbers[globals] = v.generation
}

// retire adds a VM from which a newer one took over at a time.
func (g *generations) retire(v *vm, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.old = slices.DeleteFunc(g.old, func(r retired) bool { return r.vm.Value() == nil })
	g.old = append(g.old, retired{number: v.generation, vm: weak.Make(v), at: at})
}

// oldVMs returns the retired VMs that are still in memory.
func (g *generations) oldVMs() (all []*vm) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.old {
		if v := r.vm.Value(); v != nil {
			all = append(all, v)
		}
	}
	return all
}

// of returns the generation of a function, or 0 if the function has another
// environment than the globals of a VM.
func (g *generations) of(fn *lua.LFunction) int {
	if fn.Env == nil {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.numbers[weak.Make(fn.Env)]
}

// takeOld returns the VMs that were retired before a time and that it has not returned yet.
// It forgets those that no longer exist.
func (g *generations) takeOld(before time.Time) (old []retired) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var kept []retired
	for _, r := range g.old {
		switch {
		case r.vm.Value() == nil:
		case r.told || r.at.After(before):
			kept = append(kept, r)
		default:
			old = append(old, r)
			r.told = true
			kept = append(kept, r)
		}
	}
	g.old = kept
	return old
}

// retire is called after another VM has taken over from v. The caller holds the
// script lock.
func (h *Host) retire(v *vm) {
	h.retireOld = v.runtime.Retire
	c := h.opts.Scheduler.Clock()
	h.generations.retire(v, c.Now())
	const slack = time.Second
	if h.oldCheck != nil {
		h.oldCheck.Stop()
	}
	h.oldCheck = c.AfterFunc(oldAllowed+slack, func() {
		defer crash.Guard()
		h.logOld(c.Now().Add(-oldAllowed))
	})
}

// oldAllowed is how long a retired VM may stay in memory before the log says so.
const oldAllowed = time.Minute

// logOld logs, once for each VM, that it was retired before a time and is still in
// memory.
func (h *Host) logOld(before time.Time) {
	if h.sessions.Process().Context().Err() != nil {
		return
	}
	for range 3 { // the first run closes unused resources; later runs free what they held
		runtime.GC()
	}
	for _, r := range h.generations.takeOld(before) {
		h.log.Infof("generation %d of the script is still in memory: %s", r.number, h.heldBy(r))
	}
}

// Parts of the message that heldBy returns.
const (
	endsBySpawn   = "; spawn a task of the same name in on.reload to end an old task"
	holderUnknown = "its holder is unknown"
)

// heldBy returns a text about the holders that keep a generation in memory.
func (h *Host) heldBy(r retired) string {
	var running, names []string
	h.opts.Scheduler.Do(func() {
		if v := r.vm.Value(); v != nil {
			running, names = v.callNames(), v.runtime.Holders()
		}
	})
	hint := ""
	if len(running) > 0 {
		hint = endsBySpawn
	}
	names = append(running, names...)
	if len(names) == 0 {
		names = h.holderPaths(r)
	}
	if len(names) == 0 {
		return holderUnknown
	}
	return "it is held by " + summary(names) + hint
}

// callNames returns a name for each call that has not returned.
func (v *vm) callNames() (names []string) {
	seen := map[*task.Task]bool{}
	for _, t := range v.calls {
		if seen[t] {
			continue // a nested call of the same task
		}
		seen[t] = true
		what := "a handler or a task without a name"
		if t.Name() != "" {
			what = called("task", t.Name())
		}
		names = append(names, ofOwner(what, t.Owner()))
	}
	return names
}

// summary joins the first names without duplicates, and counts the others.
func summary(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	more := ""
	if n := len(names) - maxNamed; n > 0 {
		names, more = names[:maxNamed], fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(names, ", ") + more
}

// afterLoad cleans up after a reload while users' messages are handled. It closes
// the resources of the old VM, except those that data tables refer to, and logs the
// functions of old generations in data tables.
func (h *Host) afterLoad() {
	var retire func(kept func(*task.Resource) bool)
	h.opts.Scheduler.Do(func() { retire, h.retireOld = h.retireOld, nil })
	if retire == nil {
		return
	}
	kept := h.findHolders()
	h.opts.Scheduler.Do(func() { retire(func(r *task.Resource) bool { return kept[r] }) })
}

// logError logs an error in this VM, with the generation if it is an old one.
func (v *vm) logError(what string, t *task.Task, err error) {
	v.host.logError(v.host.log, v.ofGeneration(what), t, err)
}

// logItem is like logError, and adds the item that the function was called for.
func (v *vm) logItem(what string, t *task.Task, err error, item string) {
	v.host.logError(v.host.log.WithField("item", item), v.ofGeneration(what), t, err)
}

// ofGeneration adds the generation to a name for the log if this VM is an old one.
func (v *vm) ofGeneration(what string) string {
	if v.generation != 0 && v.host.vm != v {
		what += fmt.Sprintf(" (generation %d, which is not the newest)", v.generation)
	}
	return what
}
