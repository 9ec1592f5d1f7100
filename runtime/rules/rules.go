// Package rules has the rules of Spectrum about what reaches a user and what returns to a
// script. The gateway applies them to users, and the tools apply them to the simulated
// Spectrum, so that a script behaves the same in both.
//
// The types belong to one user and are not safe for concurrent use. Their zero values are
// ready for use.
package rules

import (
	"fmt"
	"slices"

	"spectrumlua/pb"
)

// Rooms are the rooms that a user is in: from JOIN_ROOM on, and completely from the
// participant with the flag `me` on.
type Rooms struct {
	// Key returns what all spellings of a room's name have in common. Nil means that names are
	// compared exactly, as Spectrum does.
	Key   func(name string) string
	rooms map[string]bool // whether the flag `me` has been announced
}

func (r *Rooms) key(room string) string {
	if r.Key == nil {
		return room
	}
	return r.Key(room)
}

// Join notes a JOIN_ROOM. A further join of the same room changes nothing.
func (r *Rooms) Join(room string) {
	if r.rooms == nil {
		r.rooms = map[string]bool{}
	}
	if key := r.key(room); !r.rooms[key] {
		r.rooms[key] = false
	}
}

// Leave notes a LEAVE_ROOM.
func (r *Rooms) Leave(room string) { delete(r.rooms, r.key(room)) }

// Participant notes a PARTICIPANT_CHANGED of the script. It reports whether it completes
// the join of the room.
func (r *Rooms) Participant(p *pb.Participant) bool {
	key := r.key(p.GetRoom())
	complete, in := r.rooms[key]
	if !in || complete || !IsMe(p) {
		return false
	}
	r.rooms[key] = true
	return true
}

// IsMe reports whether a participant is the user.
func IsMe(p *pb.Participant) bool {
	return pb.ParticipantFlag(p.GetFlag())&pb.ParticipantFlag_PARTICIPANT_FLAG_ME != 0
}

// InRoom reports whether a message of the script is one that all occupants of a room see.
func InRoom(m interface {
	GetNickname() string
	GetPm() bool
},
) bool {
	return m.GetNickname() != "" && !m.GetPm()
}

// Dropped returns why a CONV_MESSAGE of the script does not reach the user, or "".
func (r *Rooms) Dropped(m *pb.ConversationMessage) string {
	if !InRoom(m) {
		return ""
	}
	complete, in := r.rooms[r.key(m.GetBuddyName())]
	switch {
	case !in:
		return fmt.Sprintf("the user has not joined the room %q", m.GetBuddyName())
	case !complete:
		return fmt.Sprintf("the join of the room %q is not complete: send the participant with the flag me first", m.GetBuddyName())
	}
	return ""
}

// Contact has the values of a contact that decide whether BUDDY_CHANGED is echoed.
type Contact struct {
	Alias  string
	Groups []string
}

// Changed returns the contact after a BUDDY_CHANGED of the script, in which empty values
// keep the old ones. It reports whether the alias or the groups changed. Spectrum sends
// BUDDY_CHANGED back for a change, and for a contact that was not in the roster.
func (c Contact) Changed(b *pb.Buddy) (now Contact, changed bool) {
	now = c
	if alias := b.GetAlias(); alias != "" {
		now.Alias = alias
	}
	if groups := b.GetGroup(); len(groups) > 0 {
		now.Groups = groups
	}
	return now, now.Alias != c.Alias || !slices.Equal(now.Groups, c.Groups)
}

// Echo returns the BUDDY_CHANGED that Spectrum sends back.
func (c Contact) Echo(user, name string) *pb.Buddy {
	return &pb.Buddy{
		UserName: &user, BuddyName: &name, Alias: &c.Alias, Group: c.Groups,
		Status: pb.StatusType_STATUS_TYPE_NONE.Enum(),
	}
}

// MaxRelogins is how many failures of a user in a row Spectrum answers with a new login.
// CONNECTED resets the count.
const MaxRelogins = 3

// IsTransient reports whether Spectrum logs a user in again after a DISCONNECTED with that
// error. Every other error is final.
func IsTransient(e pb.ConnectionError) bool {
	return e == pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR || e == pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR
}
