package simulator

import (
	"sync"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/rules"
)

// occupancy knows the rooms that users are in, as Spectrum does, or the gateway. It is safe
// for concurrent use.
type occupancy struct {
	gateway bool // the spelling of a room's name does not matter

	mu    sync.Mutex
	users map[string]*rules.Rooms
}

// sent notes a frame to the backend.
func (o *occupancy) sent(f Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch m := f.Message.(type) {
	case *pb.Logout:
		delete(o.users, f.User)
	case *pb.Room:
		if f.Type == pb.WrapperMessage_TYPE_LEAVE_ROOM {
			o.of(f.User).Leave(m.GetRoom())
			return
		}
		o.of(f.User).Join(m.GetRoom())
	}
}

// of returns the rooms of a user. o.mu is held.
func (o *occupancy) of(user string) *rules.Rooms {
	r := o.users[user]
	if r == nil {
		r = new(rules.Rooms)
		if o.gateway {
			r.Key = router.RoomKey
		}
		if o.users == nil {
			o.users = map[string]*rules.Rooms{}
		}
		o.users[user] = r
	}
	return r
}

// dropped notes a frame from the backend. It returns why Spectrum drops the frame, or "".
func (o *occupancy) dropped(f Frame) string {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch m := f.Message.(type) {
	case *pb.Participant:
		o.of(f.User).Participant(m)
	case *pb.ConversationMessage:
		if f.Type == pb.WrapperMessage_TYPE_CONV_MESSAGE {
			return o.of(f.User).Dropped(m)
		}
	}
	return ""
}
