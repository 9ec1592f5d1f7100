package rooms

import (
	"cmp"
	"maps"
	"slices"
	"unique"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/rules"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Status codes (XEP-0045, section 15.6).
const (
	nonAnonymous = "100" // occupants see the JIDs of the others
	self         = "110" // the occupant is the receiver
	created      = "201" // the room is new
	assigned     = "210" // the nickname is not the requested one
	banned       = "301"
	renamed      = "303"
	kicked       = "307"
	expelled     = "321" // the affiliation is not sufficient any more
	shutDown     = "332"
)

// occupant is what the script has announced about an occupant. A large room has one for
// each member and each user, so rare values are behind a pointer.
type occupant struct {
	status    pb.StatusType
	moderator bool
	rare      *rare
}

type rare struct {
	message  string // the status text
	iconHash string
	idle     string // since when, as a timestamp of the protocol
	alias    string // the nickname that clients see, if it is another one
	origin   string // the nickname that the occupant's id is made of, if it is another one
}

func (o occupant) more() rare {
	if o.rare == nil {
		return rare{}
	}
	return *o.rare
}

// refusals map the flags of a join that failed to errors. The first one counts.
var refusals = []struct {
	flag      pb.ParticipantFlag
	condition stanza.Condition
}{
	{pb.ParticipantFlag_PARTICIPANT_FLAG_CONFLICT, stanza.Conflict},
	{pb.ParticipantFlag_PARTICIPANT_FLAG_BANNED, stanza.Forbidden},
	{pb.ParticipantFlag_PARTICIPANT_FLAG_ROOM_NOT_FOUND, stanza.ItemNotFound},
	{pb.ParticipantFlag_PARTICIPANT_FLAG_NOT_AUTHORIZED, stanza.NotAuthorized},
	{pb.ParticipantFlag_PARTICIPANT_FLAG_KICKED, stanza.NotAllowed},
}

// departures map the flags of an occupant who has left to status codes.
var departures = []struct {
	flag pb.ParticipantFlag
	code string
}{
	{pb.ParticipantFlag_PARTICIPANT_FLAG_BANNED, banned},
	{pb.ParticipantFlag_PARTICIPANT_FLAG_KICKED, kicked},
	{pb.ParticipantFlag_PARTICIPANT_FLAG_NOT_AUTHORIZED, expelled},
}

func has(p *pb.Participant, flag pb.ParticipantFlag) bool {
	return pb.ParticipantFlag(p.GetFlag())&flag != 0
}

// participant handles PARTICIPANT_CHANGED.
func participant(u *router.User, p *pb.Participant) {
	r := named(u, p.GetRoom())
	if r == nil {
		u.Log().WithField("room", p.GetRoom()).Debug("a participant is dropped: the user has not joined the room")
		return
	}
	p.Room = &r.name
	if r.again.note(p, p.GetNickname() == r.nick) {
		return
	}
	if r.isMe(p) {
		r.me(u, p)
		return
	}
	switch {
	case presence.IsOffline(p.GetStatus()):
		r.depart(u, p)
	case p.GetNewname() != "":
		r.rename(u, p.GetNickname(), p)
	default:
		r.set(p.GetNickname(), p)
		r.announce(u, p.GetNickname())
	}
}

// isMe reports whether a participant is the user. During a join, somebody else may have the
// requested nickname. Some scripts refuse the join without the flag `me`; they have not
// announced an occupant with the nickname before.
func (r *room) isMe(p *pb.Participant) bool {
	switch {
	case rules.IsMe(p):
		return true
	case p.GetNickname() != r.nick:
		return false
	case r.joined:
		return true
	}
	_, known := r.occupants[r.nick]
	return !known && isRefusal(p)
}

func isRefusal(p *pb.Participant) bool {
	for _, refusal := range refusals {
		if has(p, refusal.flag) {
			return true
		}
	}
	return false
}

// me handles the participant who is the user.
func (r *room) me(u *router.User, p *pb.Participant) {
	offline := presence.IsOffline(p.GetStatus())
	for _, refusal := range refusals {
		if !has(p, refusal.flag) {
			continue
		}
		e := &stanza.Error{Condition: refusal.condition, Text: p.GetStatusMessage()}
		switch {
		case !r.joined:
			r.refuseAll(u, e)
			return
		case !offline && r.again != nil && p.GetNickname() == r.nick: // the user cannot return
			r.expel(u, p)
			return
		case !offline: // another nickname is refused
			r.refuseNickname(u, p.GetNickname(), e)
			return
		}
		break
	}
	namesake := r.relisted(u, p)
	switch {
	case offline && !r.joined: // the answer to an earlier leave
	case offline:
		r.expel(u, p)
	case !r.joined:
		r.nick = cmp.Or(p.GetNewname(), p.GetNickname())
		if p.GetNewname() != "" {
			r.rename(u, p.GetNickname(), p) // the script may have announced the old nickname
		}
		r.set(r.nick, p)
		complete(u, r)
	case p.GetNewname() != "":
		r.rename(u, r.nick, p)
	case p.GetNickname() != r.nick:
		p.Newname = p.Nickname
		r.rename(u, r.nick, p)
	default:
		r.set(r.nick, p)
		r.announce(u, r.nick, self)
	}
	if nick := namesake.GetNickname(); namesake != nil && nick != r.nick {
		r.set(nick, namesake)
		r.announce(u, nick)
	}
}

// set stores what the script has announced about an occupant.
func (r *room) set(nick string, p *pb.Participant) {
	o := occupant{status: p.GetStatus(), moderator: has(p, pb.ParticipantFlag_PARTICIPANT_FLAG_MODERATOR)}
	more := rare{message: p.GetStatusMessage(), iconHash: p.GetIconHash(), idle: p.GetIdleSince(), alias: p.GetAlias()}
	old, known := r.occupants[nick]
	if more.origin = old.more().origin; !known {
		more.origin = r.ids.take(nick)
	}
	if more != (rare{}) {
		o.rare = &more
	}
	if !known {
		nick = unique.Make(nick).Value() // shared with the other users in the room
	}
	r.occupants[nick] = o
}

// depart handles an occupant who has left.
func (r *room) depart(u *router.User, p *pb.Participant) {
	nick := p.GetNickname()
	o, known := r.occupants[nick]
	if !known {
		return
	}
	codes := departureCodes(p)
	for _, place := range r.seats {
		if place.in {
			u.Send(r.absence(u, nick, place.jid, p.GetStatusMessage(), codes...))
		}
	}
	delete(r.occupants, nick)
	delete(r.ids.taken, o.more().origin)
}

func departureCodes(p *pb.Participant) []string {
	for _, d := range departures {
		if has(p, d.flag) {
			return []string{d.code}
		}
	}
	return nil
}

// expel handles the end of the user's stay in a room that the user has not asked for.
func (r *room) expel(u *router.User, p *pb.Participant) {
	codes := append(departureCodes(p), self)
	for _, place := range r.seats {
		n := r.absence(u, r.nick, place.jid, p.GetStatusMessage(), codes...)
		if has(p, pb.ParticipantFlag_PARTICIPANT_FLAG_ROOM_NOT_FOUND) {
			destroy := stanza.Element(stanza.MUCUser, "destroy", nil, stanza.Optional(stanza.MUCUser, "reason", p.GetStatusMessage()))
			stanza.Add(stanza.Child(n, stanza.MUCUser, "x"), destroy)
		}
		u.Send(n)
	}
	if r.again == nil || !has(p, pb.ParticipantFlag_PARTICIPANT_FLAG_CONFLICT) { // see isFinal
		discard(u, r)
	}
	forget(u, r)
}

// rename handles an occupant with a new nickname, p.Newname. The occupant keeps its id.
func (r *room) rename(u *router.User, from string, p *pb.Participant) {
	to, isMe := p.GetNewname(), r.joined && from == r.nick
	var codes []string
	if isMe {
		codes = []string{self}
	}
	old, known := r.occupants[from]
	if known && from != to {
		shown := cmp.Or(p.GetAlias(), to)
		for _, place := range r.seats {
			if place.in {
				n := r.absence(u, from, place.jid, "", append(codes, renamed)...)
				stanza.SetAttr(itemOf(n), "nick", shown)
				stanza.SetAttr(itemOf(n), "role", old.role())
				u.Send(n)
			}
		}
		more := old.more()
		more.origin = cmp.Or(more.origin, from)
		r.ids.keep(more.origin)
		delete(r.occupants, from)
		r.occupants[to] = occupant{rare: &more}
	}
	if isMe {
		r.nick = to
		keep(u, r)
	}
	r.set(to, p)
	r.announce(u, to, codes...)
}

// nicknameChanged handles ROOM_NICKNAME_CHANGED: the user has another nickname.
func nicknameChanged(u *router.User, m *pb.Room) {
	r := named(u, m.GetRoom())
	if r == nil || m.GetNickname() == r.nick {
		return
	}
	me, known := r.occupants[r.nick]
	if !r.joined || !known {
		r.nick = m.GetNickname()
		return
	}
	nick := m.GetNickname()
	flag := int32(pb.ParticipantFlag_PARTICIPANT_FLAG_ME)
	if me.moderator {
		flag |= int32(pb.ParticipantFlag_PARTICIPANT_FLAG_MODERATOR)
	}
	more := me.more()
	r.rename(u, r.nick, &pb.Participant{Newname: &nick, Flag: &flag, Status: &me.status, StatusMessage: &more.message, IconHash: &more.iconHash, IdleSince: &more.idle})
}

// announce sends the presence of an occupant to all clients in the room.
func (r *room) announce(u *router.User, nick string, codes ...string) {
	for _, place := range r.seats {
		if place.in {
			u.Send(r.presence(u, nick, place.jid, codes...))
		}
	}
}

// refuseAll refuses a join.
func (r *room) refuseAll(u *router.User, e *stanza.Error) {
	for _, place := range r.seats {
		r.refuse(u, place, e)
	}
	if isFinal(e) {
		discard(u, r)
	}
	forget(u, r)
}

// refuse answers the request of a client to join the room.
func (r *room) refuse(u *router.User, place *seat, e *stanza.Error) {
	request := stanza.Presence(place.jid, r.jid+"/"+place.nick, "")
	if place.id != "" {
		stanza.SetAttr(request, "id", place.id)
	}
	u.Send(stanza.Add(stanza.Bounce(request, e), stanza.Element(stanza.MUC, "x", nil)))
}

// refuseNickname answers the clients that have asked for another nickname.
func (r *room) refuseNickname(u *router.User, nick string, e *stanza.Error) {
	for _, place := range r.seats {
		if place.nick == nick && nick != r.nick {
			r.refuse(u, place, e)
			place.nick = r.nick
		}
	}
}

// probe answers a client in the room with the presence of an occupant. Others learn that rooms
// have no subscriptions (RFC 6121, section 4.3.2).
func probe(u *router.User, s *router.Stanza) {
	r := find(u, s)
	if !r.isIn(s.From) {
		presence.Deny(u, s)
		return
	}
	if !presence.MayAnswer(u, s) {
		return
	}
	if nick, refusal := r.addressed(s); refusal == nil {
		u.Send(r.presence(u, nick, s.From))
		return
	}
	u.Send(stanza.Presence(s.To, s.From, "unavailable"))
}

// nicks returns the nicknames of the occupants in order.
func (r *room) nicks() []string { return slices.Sorted(maps.Keys(r.occupants)) }

// shown returns the nickname that clients see.
func (r *room) shown(nick string) string { return cmp.Or(r.occupants[nick].more().alias, nick) }

// nickOf is the reverse of shown. It returns the nickname that clients see if nobody has it.
func (r *room) nickOf(shown string) string {
	if o, known := r.occupants[shown]; known && cmp.Or(o.more().alias, shown) == shown {
		return shown // the usual case
	}
	for nick := range r.occupants {
		if r.shown(nick) == shown {
			return nick
		}
	}
	return shown
}

// isOpen reports whether occupants see the names of others on the network: the script has
// announced names and aliases.
func (r *room) isOpen() bool {
	for _, o := range r.occupants {
		if o.more().alias != "" {
			return true
		}
	}
	return false
}

// isCreated reports whether the user has created the room by joining it: the user is alone
// there and a moderator.
func (r *room) isCreated() bool { return len(r.occupants) == 1 && r.occupants[r.nick].moderator }

func (o occupant) role() string {
	if o.moderator {
		return "moderator"
	}
	return "participant"
}

func (o occupant) affiliation() string {
	if o.moderator {
		return "admin"
	}
	return "member"
}

// presence returns the presence of an occupant.
func (r *room) presence(u *router.User, nick, to string, codes ...string) *xmltree.Node {
	o := r.occupants[nick]
	more := o.more()
	n := stanza.Presence(r.jid+"/"+r.shown(nick), to, "", presence.Show(o.status), stanza.Optional("", "status", more.message),
		presence.Idle(more.idle))
	if more.iconHash != "" {
		stanza.Add(n, stanza.Element(stanza.VCardUpdate, "x", nil, stanza.Text(stanza.VCardUpdate, "photo", more.iconHash)))
	}
	item := stanza.Element(stanza.MUCUser, "item", stanza.Attrs{"affiliation", o.affiliation(), "role", o.role()})
	if more.alias != "" {
		stanza.SetAttr(item, "jid", u.ContactJID(nick))
	}
	return stanza.Add(n, r.occupantID(u, nick), userElement(item, codes))
}

// absence returns the presence of an occupant who has left.
func (r *room) absence(u *router.User, nick, to, why string, codes ...string) *xmltree.Node {
	affiliation := r.occupants[nick].affiliation()
	if len(codes) > 0 && codes[0] == banned {
		affiliation = "outcast"
	}
	item := stanza.Element(stanza.MUCUser, "item", stanza.Attrs{"affiliation", affiliation, "role", "none"})
	if len(codes) > 0 && codes[0] != self {
		stanza.Add(item, stanza.Optional(stanza.MUCUser, "reason", why))
	}
	return stanza.Presence(r.jid+"/"+r.shown(nick), to, "unavailable", stanza.Optional("", "status", why),
		r.occupantID(u, nick), userElement(item, codes))
}

func userElement(item *xmltree.Node, codes []string) *xmltree.Node {
	x := stanza.Element(stanza.MUCUser, "x", nil, item)
	for _, code := range codes {
		stanza.Add(x, stanza.Element(stanza.MUCUser, "status", stanza.Attrs{"code", code}))
	}
	return x
}

func itemOf(n *xmltree.Node) *xmltree.Node {
	return stanza.Child(stanza.Child(n, stanza.MUCUser, "x"), stanza.MUCUser, "item")
}
