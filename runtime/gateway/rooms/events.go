package rooms

import (
	"cmp"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/archive"
	"spectrumlua/runtime/gateway/ids"
	"spectrumlua/runtime/gateway/messages"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// joined returns the room with a name if the join is complete. Otherwise it logs that a
// message about another one is dropped, and returns nil.
func joined(u *router.User, name string) *room {
	if r := named(u, name); r != nil && r.joined {
		return r
	}
	u.Log().WithField("room", name).Debug("what somebody says about a message is dropped: the user is not in the room")
	return nil
}

// event shows all clients in the room what an occupant says about another message. The
// sender is the room itself if nick is "". id is that of the stanza and may be "".
func (r *room) event(u *router.User, nick, id string, content []*xmltree.Node) {
	n := stanza.Message(r.from(nick), "", "groupchat", content...)
	if id != "" {
		stanza.SetAttr(n, "id", id)
	}
	if nick != "" {
		stanza.Add(n, r.occupantID(u, nick))
	}
	r.withdraw(u, n)
	r.spread(u, n)
}

// withdraw removes the message that a retraction is about from the history and the
// archive. Corrections of a message of the user refer to the id that the client gave it.
func (r *room) withdraw(u *router.User, n *xmltree.Node) {
	id := stanza.Attr(stanza.Child(n, stanza.Retract, "retract"), "id")
	if id == "" {
		return
	}
	var refs []string
	if network, _, ok := ids.Network(u, r.name, id); ok {
		refs = append(refs, ids.XMPP(u, r.name, network), ids.Stanza(network)) // the network may have repeated it
	}
	w := archive.WithdrawalOf(u, r.jid, n, refs...)
	r.history.withdraw(w)
	archive.Withdraw(u, r.jid, w)
}

// eventInRoom handles an event of the script. A retraction without a nickname is one of the
// room, so it is a moderation.
func eventInRoom(u *router.User, m messages.Event, elements func(id string) []*xmltree.Node) {
	r := joined(u, m.GetBuddyName())
	if r == nil {
		return
	}
	nick, id := m.GetNickname(), ids.InRoom(u, r.name, m.GetId())
	if m.GetOrigin() {
		nick = cmp.Or(nick, r.nick)
	}
	content := elements(id)
	if _, isRetraction := m.(*pb.Retraction); isRetraction && nick == "" {
		content = modern.Moderation(id, r.jid, "", nil)
	}
	r.event(u, nick, "", content)
}

// eventOfOccupant handles an event of the script about a private message.
func eventOfOccupant(u *router.User, m messages.Event, elements func(id string) []*xmltree.Node) {
	name, nick := occupantOf(u, m)
	chat := name + "/" + nick
	content := elements(ids.XMPP(u, chat, m.GetId()))
	if m.GetOrigin() {
		messages.Carbon(u, chat, "", content)
		return
	}
	whisper(u, name, nick, "", content)
}

// moderate handles the request of a client to remove a message (XEP-0425). The clients see
// the effect when the script reports it.
func moderate(u *router.User, s *router.Stanza) {
	r := find(u, s)
	id, reason, ok := modern.ReadModeration(s.Payload)
	switch {
	case !ok:
		s.Fail(stanza.BadRequest, "")
		return
	case r.seatOf(s.From) == nil || !r.joined:
		notJoined(u, s)
		return
	case !r.occupants[r.nick].moderator:
		s.Fail(stanza.Forbidden, "Only moderators can remove messages.")
		return
	case !u.Router().Handles(pb.WrapperMessage_TYPE_MODERATION):
		s.Fail(stanza.FeatureNotImplemented, "Messages of this network cannot be removed in this way.")
		return
	}
	network, _, known := ids.Network(u, r.name, id)
	if !known {
		s.Fail(stanza.ItemNotFound, "The message is not known.")
		return
	}
	m := &pb.Moderation{UserName: &u.JID, Room: &r.name, Id: &network}
	if reason != "" {
		m.Reason = &reason
	}
	u.Deliver(pb.WrapperMessage_TYPE_MODERATION, m)
	s.Result(nil)
}

// moderated handles MODERATION of the script.
func moderated(u *router.User, m *pb.Moderation) {
	r := joined(u, m.GetRoom())
	if r == nil {
		return
	}
	by := (*xmltree.Node)(nil)
	if m.GetNickname() != "" {
		by = r.occupantID(u, m.GetNickname())
	}
	r.event(u, "", "", modern.Moderation(ids.InRoom(u, r.name, m.GetId()), r.from(m.GetNickname()), m.GetReason(), by))
}
