package luabind

import (
	"bytes"
	"slices"

	"spectrumlua/runtime/schema"
)

// buddies are payloads about contacts, in the order of their names: one for each
// contact. There may be many sessions with a few of them each, so they take
// hardly more room than the payloads. The script lock guards them.
type buddies [][]byte

// buddyField is where a payload about a contact names it.
var buddyField = buddyChangedType.Payload.Field("buddy_name").Descriptor.Number()

func buddyName(payload []byte) []byte { return schema.Find(payload, buddyField) }

// search finds where the payload about a contact is, or belongs.
func (b buddies) search(name []byte) (at int, found bool) {
	return slices.BinarySearchFunc(b, name, func(payload, name []byte) int {
		return bytes.Compare(buddyName(payload), name)
	})
}

// find is the payload about a contact, or nil.
func (b buddies) find(name string) []byte {
	if at, found := b.search([]byte(name)); found {
		return b[at]
	}
	return nil
}

// put keeps a copy of a payload in the place of one about the same contact.
func (b *buddies) put(payload []byte) {
	kept := bytes.Clone(payload)
	at, found := b.search(buddyName(payload))
	if found {
		(*b)[at] = kept
		return
	}
	*b = slices.Insert(*b, at, kept)
}

// remove forgets the contact that a payload is about.
func (b *buddies) remove(payload []byte) {
	if at, found := b.search(buddyName(payload)); found {
		*b = slices.Delete(*b, at, at+1)
	}
}
