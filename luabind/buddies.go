package luabind

import (
	"bytes"
	"slices"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

// buddies holds one payload for each contact, sorted by the contact's name. A sorted
// slice takes less memory than a map, which matters with thousands of sessions. The
// script lock guards it.
type buddies [][]byte

// buddyField is the number of the field with the contact's name.
var buddyField = buddyChangedType.Payload.Field("buddy_name").Number

func buddyName(payload []byte) []byte { return schema.Find(payload, buddyField) }

// search returns the index of a contact's payload, or the index to insert it at.
func (b buddies) search(name []byte) (at int, found bool) {
	return slices.BinarySearchFunc(b, name, func(payload, name []byte) int {
		return bytes.Compare(buddyName(payload), name)
	})
}

// find returns the payload of a contact, or nil.
func (b buddies) find(name string) []byte {
	if at, found := b.search([]byte(name)); found {
		return b[at]
	}
	return nil
}

// put stores a copy of a payload and replaces the contact's previous one.
func (b *buddies) put(payload []byte) {
	kept := bytes.Clone(payload)
	at, found := b.search(buddyName(payload))
	if found {
		(*b)[at] = kept
		return
	}
	*b = slices.Insert(*b, at, kept)
}

// remove deletes the payload of the contact that this payload names.
func (b *buddies) remove(payload []byte) {
	if at, found := b.search(buddyName(payload)); found {
		*b = slices.Delete(*b, at, at+1)
	}
}

// offline returns the payloads that show the contacts offline. It skips contacts that are
// offline already. The alias and the groups stay as Spectrum has them.
func (b buddies) offline() [][]byte {
	var all [][]byte
	for _, payload := range b {
		var buddy pb.Buddy
		if proto.Unmarshal(payload, &buddy) != nil || buddy.GetStatus() == pb.StatusType_STATUS_TYPE_NONE {
			continue
		}
		buddy.Status, buddy.StatusMessage = pb.StatusType_STATUS_TYPE_NONE.Enum(), nil
		if changed, err := proto.Marshal(&buddy); err == nil {
			all = append(all, changed)
		}
	}
	return all
}
