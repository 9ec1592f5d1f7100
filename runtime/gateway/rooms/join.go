package rooms

import (
	"cmp"
	"slices"
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
)

// subjectTime is how long a complete join waits for the subject. After it, the client gets
// an empty one, because clients consider the join incomplete without a subject.
const subjectTime = 3 * time.Second

// MaxRooms is the number of rooms that a user can join.
const MaxRooms = 2000

// join handles the request of a client to join a room. A client that is in the room has lost
// its state and gets everything again.
func join(u *router.User, s *router.Stanza) {
	if u.State == router.Offline && !arrive(u, s) {
		return
	}
	r := find(u, s)
	if r == nil && len(of(u).byKey) >= MaxRooms {
		s.Fail(stanza.ResourceConstraint, "You are in too many rooms.")
		vacate(u, s.From)
		return
	}
	if r == nil {
		r = &room{name: s.Name, jid: jid.Bare(s.To), nick: s.Resource, occupants: map[string]occupant{}}
		enlist(u, r)
	}
	isFirst := len(r.seats) == 0 && !r.joined // the room is new, or one of the last session
	if isFirst {
		r.nick = s.Resource
	}
	x := stanza.Child(s.Node, stanza.MUC, "x")
	if password := stanza.ChildText(x, stanza.MUC, "password"); password != "" && !r.joined {
		r.password = password
	}
	place := r.seatOf(s.From)
	if place == nil && len(r.seats) >= router.MaxClients {
		s.Fail(stanza.ResourceConstraint, "Too many of your clients are in this room.")
		return
	}
	if place == nil {
		place = &seat{jid: s.From}
		r.seats = append(r.seats, place)
	}
	presence.InRoom(u, s.From)
	place.id, place.nick = s.ID, s.Resource
	place.replay.limits = limitsOf(x)
	switch {
	case r.joined:
		enter(u, r, place)
	case isFirst && u.State == router.Online:
		r.deliver(u, pb.WrapperMessage_TYPE_JOIN_ROOM, r.nick)
	}
}

// arrive logs in a user who is offline, because the request to join a room may arrive
// before the presence for the transport. It reports whether a session has begun.
func arrive(u *router.User, s *router.Stanza) bool {
	u.Clients = append(u.Clients, &router.Client{JID: s.From, InRooms: true})
	refusal := presence.LoginAs(u, s.Resource)
	if refusal == nil {
		return true
	}
	s.Fail(refusal.Condition, cmp.Or(refusal.Text, "You are not logged in to the transport."))
	return false
}

// rejoin asks the script for all rooms, after each CONNECTED. The clients in them stay there.
func rejoin(u *router.User) {
	for _, r := range all(u) {
		if r.joined {
			r.again = &relist{present: map[string]bool{}}
		}
		r.deliver(u, pb.WrapperMessage_TYPE_JOIN_ROOM, r.nick)
	}
}

// complete handles the participant who is the user: all clients that wait enter.
func complete(u *router.User, r *room) {
	r.joined = true
	roster.KnowRoom(u, r.name)
	keep(u, r)
	for _, place := range r.seats {
		enter(u, r, place)
	}
	r.release()
}

// enter sends the state of a room to a client, in the order of XEP-0045, section 7.1.
func enter(u *router.User, r *room, place *seat) {
	for _, nick := range r.nicks() {
		if nick != r.nick {
			u.Send(r.presence(u, nick, place.jid))
		}
	}
	var codes []string
	if r.isOpen() {
		codes = append(codes, nonAnonymous)
	}
	codes = append(codes, self)
	if r.isCreated() {
		codes = append(codes, created)
	}
	if place.nick != r.shown(r.nick) {
		codes = append(codes, assigned)
	}
	u.Send(r.presence(u, r.nick, place.jid, codes...))
	place.in = true
	defer place.decided()
	place.replay = replay{limits: place.replay.limits, entered: u.Router().Clock.Now()}
	for _, past := range r.history.messages {
		r.old(u, place, past.stanza)
	}
	if r.subject != nil {
		r.flush(u, place)
		u.Send(r.subjectFor(u, place.jid))
		return
	}
	if r.waiting == nil {
		name := r.name
		r.waiting = u.After(subjectTime, func(u *router.User) { withoutSubject(u, name) })
	}
}

// withoutSubject sends the empty subject of a room whose subject the script has not sent.
func withoutSubject(u *router.User, name string) {
	r := named(u, name)
	if r == nil || !r.joined || r.subject != nil {
		return
	}
	r.waiting = nil
	r.setSubject(u, &pb.ConversationMessage{UserName: &u.JID, BuddyName: &r.name, Message: new(string)})
}

// maxWaiting is the number of requests that may wait for the end of a join. Further ones are
// answered at once.
const maxWaiting = 50

// AfterJoin returns a handler of IQs to a room that waits until the join of the client has
// succeeded or failed: clients send requests without waiting for the answer of the room.
func AfterJoin(handle func(*router.User, *router.Stanza)) func(*router.User, *router.Stanza) {
	return func(u *router.User, s *router.Stanza) {
		place := find(u, s).seatOf(s.From)
		if place == nil || place.in || len(place.waiting) >= maxWaiting {
			handle(u, s)
			return
		}
		s.Defer()
		place.waiting = append(place.waiting, func() { handle(u, s) })
	}
}

// decided handles the requests that have waited. The client is in the room, or has lost its
// seat.
func (place *seat) decided() {
	waiting := place.waiting
	place.waiting = nil
	for _, handle := range waiting {
		handle()
	}
}

// change handles a presence for a room without the element that asks to join. A client in
// the room may ask for another nickname with it. Its status is that of the transport.
func change(u *router.User, s *router.Stanza) {
	r := find(u, s)
	place := r.seatOf(s.From)
	switch {
	case place == nil:
		notJoined(u, s)
	case !r.joined || s.Resource == r.shown(r.nick):
	default:
		place.id, place.nick = s.ID, s.Resource
		r.deliver(u, pb.WrapperMessage_TYPE_JOIN_ROOM, s.Resource)
	}
}

// noNickname refuses a join without a nickname (XEP-0045, section 7.2.1).
func noNickname(_ *router.User, s *router.Stanza) {
	s.Fail(stanza.JIDMalformed, "The address has to be room/nickname.")
}

// selfPing answers a client that asks whether it is still in a room (XEP-0410).
func selfPing(u *router.User, s *router.Stanza) {
	r := find(u, s)
	switch {
	case !r.isIn(s.From):
		notJoined(u, s)
	case s.Resource == r.shown(r.nick):
		s.Result(nil)
	case !slices.ContainsFunc(r.nicks(), func(nick string) bool { return r.shown(nick) == s.Resource }):
		s.Fail(stanza.ItemNotFound, "")
	default:
		s.Fail(stanza.ServiceUnavailable, "")
	}
}
