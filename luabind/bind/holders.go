package bind

// holder is an object outside of a VM that refers to the VM, such as a timer.
type holder struct {
	name  string // for the log
	ended func() bool
}

// holders has the holders of one VM. The script lock guards it.
type holders struct {
	all     []holder
	pruneAt int // the length at which the list is pruned
}

const firstPrune = 64

// HeldBy notes an object that keeps this VM in memory until ended reports true. name
// is its name for the log. ended is called with the script lock.
func (rt *Runtime) HeldBy(name string, ended func() bool) {
	h := &rt.holders
	h.all = append(h.all, holder{name, ended})
	if len(h.all) >= max(h.pruneAt, firstPrune) {
		h.prune()
		h.pruneAt = 2 * len(h.all)
	}
}

// Holders returns the names of the objects that keep this VM in memory, as far as
// HeldBy knows them.
func (rt *Runtime) Holders() (names []string) {
	rt.holders.prune()
	for _, h := range rt.holders.all {
		names = append(names, h.name)
	}
	return names
}

// prune removes the holders that have ended.
func (h *holders) prune() {
	kept := h.all[:0]
	for _, one := range h.all {
		if !one.ended() {
			kept = append(kept, one)
		}
	}
	clear(h.all[len(kept):])
	h.all = kept
}
