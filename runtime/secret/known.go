package secret

import (
	"slices"
	"sync"
)

const (
	// perOwner is the number of secrets that are kept for each user. New secrets
	// replace the oldest ones.
	perOwner = 32
	// keptOwners is the number of released owners whose secrets are kept, because
	// their last tasks may still log an error with a secret.
	keptOwners = 1000
)

// Known holds the secrets that a process has learned, by owner: a user, or "" for
// the process, whose secrets come from its config. The zero value is empty. A nil
// *Known hides and learns nothing. It is safe for concurrent use.
type Known struct {
	all Set

	mu       sync.Mutex
	owners   map[string]*owner
	released []*owner // oldest first; it may contain owners that are live again
}

type owner struct {
	name     string
	words    []string
	set      *Set // the words; nil until it is needed, because a Set takes 2 kB
	released int  // how many times the owner is in Known.released
	live     bool
}

// asSet returns the owner's secrets as a Set. Known.mu is held.
func (o *owner) asSet() *Set {
	if o.set == nil {
		o.set = new(Set)
		for _, word := range o.words {
			o.set.Add(word)
		}
	}
	return o.set
}

func (o *owner) add(word string) {
	o.words = append(o.words, word)
	if o.set != nil {
		o.set.Add(word)
	}
}

// removeOldest removes the oldest secret and returns it.
func (o *owner) removeOldest() string {
	word := o.words[0]
	o.words = slices.Delete(o.words, 0, 1)
	if o.set != nil {
		o.set.Remove(word)
	}
	return word
}

// Learn adds secrets of an owner.
func (k *Known) Learn(name string, words ...string) {
	if k == nil || !slices.ContainsFunc(words, looksFor) {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	o := k.owners[name]
	if o == nil {
		if k.owners == nil {
			k.owners = map[string]*owner{}
		}
		o = &owner{name: name}
		k.owners[name] = o
	}
	o.live = true
	for _, word := range words {
		if !looksFor(word) || slices.Contains(o.words, word) {
			continue
		}
		if len(o.words) == perOwner && name != "" {
			k.all.Remove(o.removeOldest())
		}
		o.add(word)
		k.all.Add(word)
	}
}

// Release allows an owner's secrets to be forgotten after many other owners have
// been released.
func (k *Known) Release(name string) {
	if k == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	o := k.owners[name]
	if o == nil || !o.live {
		return
	}
	o.live = false
	o.released++
	k.released = append(k.released, o)
	if len(k.released) <= keptOwners {
		return
	}
	oldest := k.released[0]
	k.released[0] = nil
	k.released = k.released[1:]
	if oldest.released--; oldest.live || oldest.released > 0 {
		return
	}
	delete(k.owners, oldest.name)
	for _, word := range oldest.words {
		k.all.Remove(word)
	}
}

// Hide hides the secrets of all owners.
func (k *Known) Hide(text string) string {
	if k == nil {
		return text
	}
	return k.all.Hide(text)
}

// HideOf hides the secrets of an owner and of the process.
func (k *Known) HideOf(name, text string) string {
	for _, set := range k.of(name) {
		text = set.Hide(text)
	}
	return text
}

// Within reports whether text contains a secret of any owner.
func (k *Known) Within(text string) bool { return k != nil && k.all.Within(text) }

// WithinOf reports whether text contains a secret of an owner or of the process.
func (k *Known) WithinOf(name, text string) bool {
	return slices.ContainsFunc(k.of(name), func(set *Set) bool { return set.Within(text) })
}

// of returns the secrets of an owner and of the process.
func (k *Known) of(name string) []*Set {
	if k == nil {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	var list []*Set
	if o := k.owners[name]; o != nil {
		list = append(list, o.asSet())
	}
	if o := k.owners[""]; o != nil && name != "" {
		list = append(list, o.asSet())
	}
	return list
}
