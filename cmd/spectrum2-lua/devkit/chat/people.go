package chat

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

// defaultDomain completes the name of a user without a domain.
const defaultDomain = "localhost"

// defaultPassword is the password of a login without one.
const defaultPassword = "secret"

// user is the state of one XMPP user, from frames and commands.
type user struct {
	jid string

	// For the next login.
	legacy, password string
	settings         map[string]string

	// From frames.
	online, connected bool
	contacts          map[string]string  // name to alias
	heard, said       map[string]message // the last one from and to a partner
	rooms             map[string]*room
	files             map[string]*pb.Attachment // the last one from a partner

	// hinted is true if the chat has said since the login that the user is not
	// connected.
	hinted bool

	// question is the one that the next line answers, or nil.
	question *pb.Question

	// partner receives plain text; "" if the user has written to nobody yet.
	partner string
}

// room is a room that the user has joined.
type room struct {
	nickname string
	people   map[string]bool
}

// people holds all users of the chat. It is safe for concurrent use. Its methods
// return copies.
type people struct {
	mu      sync.Mutex
	users   map[string]*user
	order   []string // the users' JIDs, in the order of their first appearance
	current string
	listed  map[string]bool // the rooms of the last ROOM_LIST
}

func newPeople(jid string) *people {
	p := &people{users: map[string]*user{}, listed: map[string]bool{}}
	p.become(jid)
	return p
}

// fullJID adds the default domain to a name without a domain.
func fullJID(name string) string {
	if strings.Contains(name, "@") {
		return name
	}
	return name + "@" + defaultDomain
}

// shortName returns a JID without the default domain.
func shortName(jid string) string { return strings.TrimSuffix(jid, "@"+defaultDomain) }

// become makes a user the current one. It creates a user who is new.
func (p *people) become(jid string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.user(jid)
	p.current = jid
}

// user returns a user and creates one who is new. p.mu is held.
func (p *people) user(jid string) *user {
	u := p.users[jid]
	if u == nil {
		legacy, _, _ := strings.Cut(jid, "@")
		u = &user{jid: jid, legacy: legacy, password: defaultPassword, settings: map[string]string{},
			contacts: map[string]string{}, rooms: map[string]*room{}, heard: map[string]message{}, said: map[string]message{}, files: map[string]*pb.Attachment{}}
		p.users[jid] = u
		p.order = append(p.order, jid)
	}
	return u
}

// me returns the current user.
func (p *people) me() user {
	p.mu.Lock()
	defer p.mu.Unlock()
	return *p.users[p.current].clone()
}

// speaker returns the JID of the current user.
func (p *people) speaker() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.current
}

// all returns the users in the order of their first appearance.
func (p *people) all() []user {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := make([]user, len(p.order))
	for i, jid := range p.order {
		list[i] = *p.users[jid].clone()
	}
	return list
}

func (u *user) clone() *user {
	c := *u
	c.settings, c.contacts = maps.Clone(u.settings), maps.Clone(u.contacts)
	c.heard, c.said, c.files = maps.Clone(u.heard), maps.Clone(u.said), maps.Clone(u.files)
	c.rooms = make(map[string]*room, len(u.rooms))
	for name, r := range u.rooms {
		c.rooms[name] = &room{r.nickname, maps.Clone(r.people)}
	}
	return &c
}

// change modifies the current user.
func (p *people) change(do func(*user)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	do(p.users[p.current])
}

// roomNames returns the rooms that are joined or listed.
func (p *people) roomNames() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	names := maps.Clone(p.listed)
	for name := range p.users[p.current].rooms {
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// note updates the users by a frame.
func (p *people) note(f simulator.Frame) {
	learn := learnt[f.Type]
	if learn == nil || f.Message == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var u *user
	if f.User != "" {
		u = p.user(f.User)
	}
	learn(p, u, f)
}

// learnt holds the update for each type. p.mu is held.
var learnt = map[pb.WrapperMessage_Type]func(*people, *user, simulator.Frame){
	pb.WrapperMessage_TYPE_LOGIN:         func(_ *people, u *user, _ simulator.Frame) { u.online, u.connected = true, false },
	pb.WrapperMessage_TYPE_LOGOUT:        func(_ *people, u *user, _ simulator.Frame) { u.gone() },
	pb.WrapperMessage_TYPE_CONNECTED:     func(_ *people, u *user, _ simulator.Frame) { u.connected = u.online },
	pb.WrapperMessage_TYPE_DISCONNECTED:  func(_ *people, u *user, _ simulator.Frame) { u.connected = false },
	pb.WrapperMessage_TYPE_BUDDY_CHANGED: learnContact,
	pb.WrapperMessage_TYPE_BUDDY_REMOVED: forgetContact,
	pb.WrapperMessage_TYPE_CONV_MESSAGE: func(p *people, u *user, f simulator.Frame) {
		learnPartner(p, u, f)
		learnMessage(p, u, f)
	},
	pb.WrapperMessage_TYPE_SENT:                learnID,
	pb.WrapperMessage_TYPE_QUESTION:            learnQuestion,
	pb.WrapperMessage_TYPE_ANSWER:              forgetQuestion,
	pb.WrapperMessage_TYPE_JOIN_ROOM:           learnRoom,
	pb.WrapperMessage_TYPE_PARTICIPANT_CHANGED: learnParticipant,
	pb.WrapperMessage_TYPE_ROOM_LIST:           learnRooms,
}

func (u *user) gone() {
	u.online, u.connected, u.question = false, false, nil
	u.contacts, u.rooms = map[string]string{}, map[string]*room{}
}

func learnContact(_ *people, u *user, f simulator.Frame) {
	b := f.Message.(*pb.Buddy)
	if u == nil {
		return
	}
	if alias, known := u.contacts[b.GetBuddyName()]; !known || b.GetAlias() != "" && alias != b.GetAlias() {
		u.contacts[b.GetBuddyName()] = b.GetAlias()
	}
}

func forgetContact(_ *people, u *user, f simulator.Frame) {
	if u != nil {
		delete(u.contacts, f.Message.(*pb.Buddy).GetBuddyName())
	}
}

// learnPartner makes the first contact that writes to a user the partner.
func learnPartner(_ *people, u *user, f simulator.Frame) {
	if u != nil && u.partner == "" && f.Direction == simulator.FromBackend {
		u.partner = f.Message.(*pb.ConversationMessage).GetBuddyName()
	}
}

// learnRoom notes a room that a user joins, or that Spectrum joins again for the
// user.
func learnRoom(_ *people, u *user, f simulator.Frame) {
	m := f.Message.(*pb.Room)
	if u != nil && u.rooms[m.GetRoom()] == nil {
		u.rooms[m.GetRoom()] = &room{m.GetNickname(), map[string]bool{}}
	}
}

func learnParticipant(_ *people, u *user, f simulator.Frame) {
	m := f.Message.(*pb.Participant)
	if u == nil {
		return
	}
	r := u.rooms[m.GetRoom()]
	if r == nil {
		return
	}
	me := pb.ParticipantFlag(m.GetFlag())&pb.ParticipantFlag_PARTICIPANT_FLAG_ME != 0
	switch {
	case m.GetStatus() == pb.StatusType_STATUS_TYPE_NONE && (me || m.GetNickname() == r.nickname):
		delete(u.rooms, m.GetRoom())
		return
	case m.GetStatus() == pb.StatusType_STATUS_TYPE_NONE:
		delete(r.people, m.GetNickname())
		return
	case m.GetNewname() != "":
		delete(r.people, m.GetNickname())
		r.people[m.GetNewname()] = true
		if me || m.GetNickname() == r.nickname {
			r.nickname = m.GetNewname()
		}
		return
	}
	r.people[m.GetNickname()] = true
	if me {
		r.nickname = m.GetNickname()
	}
}

func learnRooms(p *people, _ *user, f simulator.Frame) {
	for _, name := range f.Message.(*pb.RoomList).GetRoom() {
		p.listed[name] = true
	}
}
