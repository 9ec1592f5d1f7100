package bind

// holder is something that refers to a VM from outside, as a timer does.
type holder struct {
	what  string
	ended func() bool
}

// holders are those of one VM. The script lock guards them.
type holders struct {
	all     []holder
	pruneAt int
}

const firstPrune = 64

// HeldBy notes that something keeps this VM in memory until ended reports true,
// which is asked with the script lock. what names it for the log.
func (rt *Runtime) HeldBy(what string, ended func() bool) {
	h := &rt.holders
	h.all = append(h.all, holder{what, ended})
	if len(h.all) >= max(h.pruneAt, firstPrune) {
		h.prune()
		h.pruneAt = 2 * len(h.all)
	}
}

// Holders names what keeps this VM in memory, as far as HeldBy was told of it.
func (rt *Runtime) Holders() (names []string) {
	rt.holders.prune()
	for _, h := range rt.holders.all {
		names = append(names, h.what)
	}
	return names
}

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
