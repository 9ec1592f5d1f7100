package simulator

import (
	"fmt"
	"sync"

	"spectrumlua/pb"
)

// occupancy knows the rooms that users are in, as Spectrum does: from JOIN_ROOM on, and
// completely from the participant with the flag `me` on. It is safe for concurrent use.
type occupancy struct {
	mu sync.Mutex
	// rooms has the users' rooms, and whether the flag `me` has been announced.
	rooms map[string]map[string]bool
}

// sent notes a frame to the backend.
func (o *occupancy) sent(f Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch m := f.Message.(type) {
	case *pb.Logout:
		delete(o.rooms, f.User)
	case *pb.Room:
		if f.Type == pb.WrapperMessage_TYPE_LEAVE_ROOM {
			delete(o.rooms[f.User], m.GetRoom())
			return
		}
		if o.rooms == nil {
			o.rooms = map[string]map[string]bool{}
		}
		if o.rooms[f.User] == nil {
			o.rooms[f.User] = map[string]bool{}
		}
		o.rooms[f.User][m.GetRoom()] = o.rooms[f.User][m.GetRoom()] // a further join changes nothing
	}
}

// dropped notes a frame from the backend. It returns why Spectrum drops the frame, or "".
func (o *occupancy) dropped(f Frame) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch m := f.Message.(type) {
	case *pb.Participant:
		me := pb.ParticipantFlag(m.GetFlag())&pb.ParticipantFlag_PARTICIPANT_FLAG_ME != 0
		if _, in := o.rooms[f.User][m.GetRoom()]; in && me {
			o.rooms[f.User][m.GetRoom()] = true
		}
	case *pb.ConversationMessage:
		if f.Type != pb.WrapperMessage_TYPE_CONV_MESSAGE || m.GetNickname() == "" || m.GetPm() {
			return ""
		}
		complete, in := o.rooms[f.User][m.GetBuddyName()]
		switch {
		case !in:
			return fmt.Sprintf("the user has not joined the room %q", m.GetBuddyName())
		case !complete:
			return fmt.Sprintf("the join of the room %q is not complete: send the participant with the flag me first", m.GetBuddyName())
		}
	}
	return ""
}
