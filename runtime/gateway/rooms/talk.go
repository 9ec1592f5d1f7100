package rooms

import (
	"cmp"
	"slices"

	"github.com/sirupsen/logrus"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/archive"
	"spectrumlua/runtime/gateway/messages"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// groupchat handles a message of the user to all occupants.
func groupchat(u *router.User, s *router.Stanza) {
	r := find(u, s)
	if !r.isIn(s.From) {
		notJoined(u, s)
		return
	}
	subject := stanza.Child(s.Node, "", "subject")
	if subject != nil && stanza.Child(s.Node, "", "body") == nil {
		if u.State != router.Online {
			s.Fail(stanza.RecipientUnavailable, "You are not connected to the network.")
			return
		}
		text := stanza.Body(subject)
		u.Deliver(pb.WrapperMessage_TYPE_ROOM_SUBJECT_CHANGED, &pb.ConversationMessage{UserName: &u.JID, BuddyName: &r.name, Message: &text})
		return
	}
	switch got := messages.FromUser(u, s, r.name, r.nickOf); {
	case got.ID != "":
		r.remember(s, got)
	case got.Event != nil:
		r.event(u, r.nick, s.ID, got.Event)
	}
}

// isIn reports whether a client is in the room. A client whose join is not complete is not.
func (r *room) isIn(client string) bool {
	place := r.seatOf(client)
	return place != nil && place.in
}

// notJoined refuses a stanza for a room that the client has not joined.
func notJoined(_ *router.User, s *router.Stanza) { s.Refuse(outside()) }

func outside() *stanza.Error {
	return stanza.Errorf(stanza.NotAcceptable, "You have not joined this room.")
}

// badRequest refuses a message whose type is wrong for its address.
func badRequest(_ *router.User, s *router.Stanza) { s.Fail(stanza.BadRequest, "") }

// private handles a message of the user to one occupant.
func private(u *router.User, s *router.Stanza) {
	r := find(u, s)
	nick, refusal := r.addressed(s)
	if refusal != nil {
		s.Refuse(refusal)
		return
	}
	messages.FromUser(u, s, r.name+"/"+nick, r.nickOf)
}

// said handles a message of the script that all occupants see. A message without a nickname
// is from the room itself.
func said(u *router.User, m *pb.ConversationMessage) {
	r := named(u, m.GetBuddyName())
	if r == nil {
		u.Log().WithField("room", m.GetBuddyName()).Debug("a message is dropped: the user has not joined the room")
		return
	}
	m.BuddyName = &r.name
	if m.GetOrigin() && m.GetNickname() == "" {
		m.Nickname = &r.nick
	}
	if !r.joined {
		u.Log().WithFields(logrus.Fields{"room": r.name, "reason": "the join is not complete"}).Debug("a message is dropped")
		return
	}
	own, again := r.returned(u, m)
	if again {
		return
	}
	isRepeated := r.isRepeated(m)
	nick, at := m.GetNickname(), messages.Place{Name: r.name, From: r.from, Room: true}
	id, room := at.Identify(u, m, nick != "" && nick == r.nick, own.id)
	n := stanza.Message(r.from(nick), "", "groupchat", messages.Content(u, at, m)...)
	if id != "" {
		stanza.SetAttr(n, "id", id)
	}
	if room != "" {
		stanza.Add(n, modern.ID(room, r.jid), messages.Markable(u, m))
	}
	if nick != "" {
		stanza.Add(n, r.occupantID(u, nick))
	}
	if isRepeated {
		r.save(u, n)
		return
	}
	r.spread(u, n)
	if m.GetId() == "" {
		r.awaitID(own, n)
	}
}

// isRepeated reports whether a message is an old one that the clients in the room have seen:
// scripts send old messages again after a further CONNECTED. Several corrections may have the
// same id.
func (r *room) isRepeated(m *pb.ConversationMessage) bool {
	switch id := m.GetId(); {
	case id == "" || m.Replaces != nil:
		return false
	case m.GetTimestamp() != "" && r.shownIDs.has(id):
		return true
	default:
		r.shownIDs.add(id)
		return false
	}
}

// save adds a message to the history and the archive, unless it is there.
func (r *room) save(u *router.User, n *xmltree.Node) {
	archive.KeepInRoom(u, r.jid, n)
	if presence.Stays(u) {
		r.record(u, n)
	}
}

// spread sends a message to the clients in the room, and saves it.
func (r *room) spread(u *router.User, n *xmltree.Node) {
	r.save(u, n)
	for _, place := range r.seats {
		switch {
		case !place.in:
		case place.replay.isOld(n):
			r.old(u, place, n)
		default:
			r.live(u, place, n)
		}
	}
}

// from returns the JID of an occupant, or of the room.
func (r *room) from(nick string) string {
	if nick == "" {
		return r.jid
	}
	return r.jid + "/" + r.shown(nick)
}

// whispered handles a private message of the script from an occupant: with the flag pm and a
// nickname, or from room/nickname. It goes to the clients in the room, or to the user if no
// client is there.
func whispered(u *router.User, m *pb.ConversationMessage) {
	name, nick := occupantOf(u, m)
	at := messages.Place{Name: name + "/" + nick, From: func(nick string) string { return fromOccupant(u, name, nick) }}
	id, _ := at.Identify(u, m, m.GetOrigin(), "")
	content := messages.Content(u, at, m)
	if m.GetOrigin() {
		messages.Carbon(u, at.Name, id, content)
		return
	}
	whisper(u, name, nick, id, content)
}

// acknowledged handles CONV_MESSAGE_ACK of the script about a private message of the user.
func acknowledged(u *router.User, m *pb.ConversationMessage) {
	name, nick := occupantOf(u, m)
	if receipt := messages.Receipt(u, name+"/"+nick, m); receipt != nil {
		whisper(u, name, nick, "", []*xmltree.Node{receipt})
	}
}

// alerted handles ATTENTION of the script from an occupant.
func alerted(u *router.User, m *pb.ConversationMessage) {
	name, nick := occupantOf(u, m)
	at := messages.Place{Name: name + "/" + nick, From: func(nick string) string { return fromOccupant(u, name, nick) }}
	whisper(u, name, nick, "", messages.Attention(u, at, m))
}

// stateOfOccupant handles a chat state of the script from an occupant. It is out of date after
// a join.
func stateOfOccupant(u *router.User, name string, state *xmltree.Node) {
	room, nick, _ := u.Occupant(name)
	if r := named(u, room); r != nil && r.joined {
		whisper(u, room, nick, "", []*xmltree.Node{state})
	}
}

// occupantOf returns the room and the nickname in a private message of the script, or in an
// event about one.
func occupantOf(u *router.User, m interface {
	GetBuddyName() string
	GetNickname() string
},
) (room, nick string) {
	room, nick = m.GetBuddyName(), m.GetNickname()
	if name, occupant, ok := u.Occupant(room); ok {
		return name, cmp.Or(nick, occupant)
	}
	return room, nick
}

// fromOccupant returns the JID of an occupant of a room that the user may have left.
func fromOccupant(u *router.User, room, nick string) string {
	if r := named(u, room); r != nil {
		return r.from(nick)
	}
	return u.RoomJID(room) + "/" + nick
}

// whisper sends a private message of an occupant. id may be "". If clients are joining the
// room, it waits until the join has succeeded or failed.
func whisper(u *router.User, room, nick, id string, content []*xmltree.Node) {
	r, from := named(u, room), fromOccupant(u, room, nick)
	if r != nil && !r.joined && len(r.seats) > 0 {
		r.hold(func() { whisper(u, room, nick, id, content) })
		return
	}
	n := stanza.Message(from, u.JID, "chat", stanza.Element(stanza.MUCUser, "x", nil))
	if id != "" {
		stanza.SetAttr(n, "id", id)
	}
	stanza.Add(n, content...)
	archive.Keep(u, from, n)
	if r == nil || len(r.seats) == 0 {
		u.Send(n)
		return
	}
	stanza.Add(n, r.occupantID(u, nick))
	for _, place := range r.seats {
		stanza.SetAttr(n, "to", place.jid)
		u.Send(n)
	}
}

// maxEarly is the number of private messages that may wait for the end of a join. Further
// ones replace the oldest.
const maxEarly = 50

// hold holds a private message until the join is decided.
func (r *room) hold(send func()) {
	if len(r.early) == maxEarly {
		r.early = slices.Delete(r.early, 0, 1)
	}
	r.early = append(r.early, send)
}

// release sends the private messages that have waited for the join.
func (r *room) release() {
	early := r.early
	r.early = nil
	for _, send := range early {
		send()
	}
}

// subjectChanged handles ROOM_SUBJECT_CHANGED of the script.
func subjectChanged(u *router.User, m *pb.ConversationMessage) {
	if r := named(u, m.GetBuddyName()); r != nil {
		r.setSubject(u, m)
	}
}

// setSubject sends a subject to the clients in the room, unless they have it.
func (r *room) setSubject(u *router.User, m *pb.ConversationMessage) {
	if r.subject != nil && r.subject.GetMessage() == m.GetMessage() && r.subject.GetNickname() == m.GetNickname() {
		return
	}
	r.subject = m
	if r.waiting != nil {
		r.waiting.Stop()
		r.waiting = nil
	}
	for _, place := range r.seats {
		if place.in {
			r.live(u, place, r.subjectFor(u, place.jid))
		}
	}
}

// subjectFor returns the message with the subject of the room.
func (r *room) subjectFor(u *router.User, to string) *xmltree.Node {
	nick := r.subject.GetNickname()
	n := stanza.Message(r.from(nick), to, "groupchat", stanza.Text("", "subject", r.subject.GetMessage()),
		modern.Delay(r.subject.GetTimestamp(), r.jid))
	if nick != "" {
		stanza.Add(n, r.occupantID(u, nick))
	}
	return n
}
