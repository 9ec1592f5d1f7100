package spectrum

import (
	"slices"

	"spectrumlua/pb"
	"spectrumlua/runtime/rules"
	"spectrumlua/runtime/schema"

	"google.golang.org/protobuf/proto"
)

// Limits of the memory of one user.
const (
	maxOutstanding = 100 // messages whose id from the network is awaited
	maxPairs       = 500
)

// user is what the Side knows of a user who is logged in. Side.mu guards it.
type user struct {
	rooms       map[string]*room  // by name
	outstanding []outstanding     // the oldest one first
	pairs       map[string]string // ids of clients, by pairKey
	order       []string          // the keys of pairs, the oldest one first
	added       bool              // the user's roster has the transport's own contact
}

// room is a room that the user has joined or is joining. Spectrum knows it, too.
type room struct {
	nick string
	own  rules.Own[mine]
}

// mine is a message of the user in a room.
type mine struct {
	client string // the id; "" if Spectrum has not passed it on
	body   string
}

// outstanding is a message of the user that the script has.
type outstanding struct {
	name           string // of the contact or room
	script, client string // ids; the client's is "" if Spectrum has not passed it on
	network        string
	room           bool
}

// of returns the state of a user. s.mu is locked.
func (s *Side) of(jid string) *user {
	u := s.users[jid]
	if u == nil {
		u = &user{rooms: map[string]*room{}, pairs: map[string]string{}}
		if s.users == nil {
			s.users = map[string]*user{}
		}
		s.users[jid] = u
	}
	return u
}

// peek returns the state of a user, or an empty one that is not kept. s.mu is locked.
func (s *Side) peek(jid string) *user {
	if u := s.users[jid]; u != nil {
		return u
	}
	return &user{}
}

func joined(u *user, m *pb.Room) {
	if u.rooms[m.GetRoom()] == nil {
		u.rooms[m.GetRoom()] = &room{}
	}
	u.rooms[m.GetRoom()].nick = m.GetNickname()
}

func left(u *user, m *pb.Room) { delete(u.rooms, m.GetRoom()) }

// forget forgets the state of a user.
func (s *Side) forget(jid string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.users, jid)
}

// noteRoom calls a function with a Room and its user.
func (s *Side) noteRoom(payload []byte, note func(u *user, m *pb.Room)) {
	m := &pb.Room{}
	if proto.Unmarshal(payload, m) != nil {
		return // the session logs the error
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	note(s.of(m.GetUserName()), m)
}

// nicknameChanged notes ROOM_NICKNAME_CHANGED of the script, and sends it.
func nicknameChanged(s *Side, payload []byte) error {
	s.noteRoom(payload, func(u *user, m *pb.Room) {
		if r := u.rooms[m.GetRoom()]; r != nil {
			r.nick = m.GetNickname()
		}
	})
	return s.opts.Send(pb.WrapperMessage_TYPE_ROOM_NICKNAME_CHANGED, payload)
}

// pair notes that a message of the user has an id on the network.
func (u *user) pair(name, network, client string) {
	key := pairKey(name, network)
	if _, known := u.pairs[key]; known || network == "" || client == "" {
		return // after a correction, the first id stays
	}
	if len(u.order) == maxPairs {
		delete(u.pairs, u.order[0])
		u.order = slices.Delete(u.order, 0, 1)
	}
	u.pairs[key] = client
	u.order = append(u.order, key)
}

// client returns the id that a client of the user gave to a message, or "".
func (u *user) client(name, network string) string { return u.pairs[pairKey(name, network)] }

func pairKey(name, network string) string { return name + "\x00" + network }

// dropped counts a message that Spectrum cannot pass on.
func (s *Side) dropped(t *schema.Type, why string) {
	s.drops.Add(1)
	s.opts.Log.Debugf("%s is dropped: %s", t.Name, why)
}
