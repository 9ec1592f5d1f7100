package luabind

import "slices"

// maxFew is the number of contacts up to which a list takes less memory than a map and
// is as fast.
const maxFew = 16

// rosterEntries holds hashes of a contact's alias and groups, by the hash of its name.
// The zero value is empty.
type rosterEntries struct {
	few  []rosterEntry // if many is nil
	many map[uint64]rosterEntry
}

// rosterEntry has the hashes of one contact. A hash of 0 means that the value is unknown.
type rosterEntry struct{ name, alias, groups uint64 }

func (r *rosterEntries) get(name uint64) (e rosterEntry, ok bool) {
	if r.many != nil {
		e, ok = r.many[name]
		return e, ok
	}
	if at := r.index(name); at >= 0 {
		return r.few[at], true
	}
	return e, false
}

// put stores the entry of a contact in place of its previous one.
func (r *rosterEntries) put(e rosterEntry) {
	at := -1
	if r.many == nil {
		at = r.index(e.name)
	}
	switch {
	case r.many != nil:
		r.many[e.name] = e
	case at >= 0:
		r.few[at] = e
	case len(r.few) < maxFew:
		r.few = append(r.few, e)
	default:
		r.many = map[uint64]rosterEntry{e.name: e}
		for _, old := range r.few {
			r.many[old.name] = old
		}
		r.few = nil
	}
}

func (r *rosterEntries) remove(name uint64) {
	delete(r.many, name)
	if at := r.index(name); at >= 0 {
		r.few = slices.Delete(r.few, at, at+1)
	}
}

func (r *rosterEntries) index(name uint64) int {
	return slices.IndexFunc(r.few, func(e rosterEntry) bool { return e.name == name })
}
