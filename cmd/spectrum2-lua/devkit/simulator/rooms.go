package simulator

import (
	"maps"
	"slices"

	"spectrumlua/pb"
)

// rooms holds the rooms that users have joined, by user and name.
type rooms map[string]map[string]*pb.Room

// note adds a joined room, or removes a left one.
func (r rooms) note(typ pb.WrapperMessage_Type, user string, room *pb.Room) {
	if typ != pb.WrapperMessage_TYPE_JOIN_ROOM {
		delete(r[user], room.GetRoom())
		return
	}
	if r[user] == nil {
		r[user] = map[string]*pb.Room{}
	}
	r[user][room.GetRoom()] = room
}

func (m *manners) roomsOf(user string) map[string]*pb.Room {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.rooms[user])
}

// rejoin joins the user's rooms again in the order of their names.
func (m *manners) rejoin(user string) {
	joined := m.roomsOf(user)
	for _, name := range slices.Sorted(maps.Keys(joined)) {
		_ = m.b.Send(pb.WrapperMessage_TYPE_JOIN_ROOM, joined[name])
	}
}
