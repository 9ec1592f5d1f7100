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

// generations are the VMs whose script is not the newest any more. Nothing here
// keeps one from being collected.
type generations struct {
	mu sync.Mutex
	// numbers are those of all VMs that may be alive, by their globals, to which
	// every function of a script refers.
	numbers map[weak.Pointer[lua.LTable]]int
	old     []retired
}

// retired is a VM that another has taken over from.
type retired struct {
	number int
	vm     weak.Pointer[vm]
	at     time.Time
}

// begin notes a VM that takes over.
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

// retire notes that a VM has been taken over from.
func (g *generations) retire(v *vm, at time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.old = slices.DeleteFunc(g.old, func(r retired) bool { return r.vm.Value() == nil })
	g.old = append(g.old, retired{v.generation, weak.Make(v), at})
}

// of is the generation of a function, or 0 if it has globals of its own.
func (g *generations) of(fn *lua.LFunction) int {
	if fn.Env == nil {
		return 0
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.numbers[weak.Make(fn.Env)]
}

// late takes those VMs off the list that are gone, and those that were taken
// over from before a time, which it returns.
func (g *generations) late(before time.Time) (late []retired) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var kept []retired
	for _, r := range g.old {
		switch {
		case r.vm.Value() == nil:
		case r.at.After(before):
			kept = append(kept, r)
		default:
			late = append(late, r)
		}
	}
	g.old = kept
	return late
}

// retire is called for a VM that another has just taken over from. The script lock is
// held.
func (h *Host) retire(v *vm) {
	h.retiring = v.runtime.Retire
	c := h.opts.Scheduler.Clock()
	h.generations.retire(v, c.Now())
	const slack = time.Second
	if h.lateLook != nil {
		h.lateLook.Stop()
	}
	h.lateLook = c.AfterFunc(patienceWithOld+slack, func() {
		defer crash.Guard()
		h.tellOfLate(c.Now().Add(-patienceWithOld))
	})
}

// patienceWithOld is how long a VM that was taken over from may live before the
// log says so.
const patienceWithOld = time.Minute

// tellOfLate logs which VMs are still alive that were taken over from before a
// time, once for each.
func (h *Host) tellOfLate(before time.Time) {
	if h.sessions.Process().Context().Err() != nil {
		return
	}
	for range 3 { // what nobody uses is closed by the first, and let go of after that
		runtime.GC()
	}
	for _, r := range h.generations.late(before) {
		h.log.Infof("generation %d of the script is still in memory: %s", r.number, h.heldBy(r))
	}
}

// Who holds a generation, in words; see findHolders for what data tables hold.
const (
	endsBySpawn   = "; a task ends when another of its name is spawned, in on.reload as a rule"
	holderUnknown = "what holds it is not known"
)

// heldBy says what keeps a generation in memory.
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
		names = h.placesOf(r)
	}
	if len(names) == 0 {
		return holderUnknown
	}
	return "it is held by " + summary(names) + hint
}

// callNames names the calls that have not returned.
func (v *vm) callNames() (names []string) {
	seen := map[*task.Task]bool{}
	for _, t := range v.calls {
		if seen[t] {
			continue // one that calls from within
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

// summary lists the first names, each once.
func summary(names []string) string {
	slices.Sort(names)
	names = slices.Compact(names)
	more := ""
	if n := len(names) - maxNamed; n > 0 {
		names, more = names[:maxNamed], fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(names, ", ") + more
}

// afterLoad does what a reload leaves to do, while others run: it ends what the
// old VM alone served, and says what of it is kept.
func (h *Host) afterLoad() {
	var retire func(kept func(*task.Resource) bool)
	h.opts.Scheduler.Do(func() { retire, h.retiring = h.retiring, nil })
	if retire == nil {
		return
	}
	kept := h.findHolders()
	h.opts.Scheduler.Do(func() { retire(func(r *task.Resource) bool { return kept[r] }) })
}

// logError logs an error in this VM, and whose it is if that may be doubted.
func (v *vm) logError(what string, t *task.Task, err error) {
	if v.generation != 0 && v.host.vm != v {
		what += fmt.Sprintf(" (generation %d, which is not the newest)", v.generation)
	}
	v.host.logError(what, t, err)
}
