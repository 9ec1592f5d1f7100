package messages

import (
	"cmp"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/archive"
	"spectrumlua/runtime/gateway/ids"
	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// An event is what the user or the network says about another message: a reaction, a
// retraction or a marker.

// Event is a payload of the script about another message.
type Event interface {
	GetBuddyName() string
	GetNickname() string
	GetId() string
	GetOrigin() bool
}

// Events returns the routes of the script's events about a target. handle gets the function
// that makes the elements from the id of the message.
func Events(to router.Target, handle func(u *router.User, m Event, elements func(id string) []*xmltree.Node)) []router.PayloadRoute {
	return []router.PayloadRoute{
		router.On(pb.WrapperMessage_TYPE_REACTION, to, func(u *router.User, m *pb.Reaction) {
			handle(u, m, func(id string) []*xmltree.Node { return modern.Reaction(id, m.GetEmoji()) })
		}),
		router.On(pb.WrapperMessage_TYPE_RETRACTION, to, func(u *router.User, m *pb.Retraction) { handle(u, m, modern.Retraction) }),
		router.On(pb.WrapperMessage_TYPE_DISPLAYED, to, func(u *router.User, m *pb.Displayed) { handle(u, m, modern.Displayed) }),
	}
}

// eventToUser sends an event of a contact, or copies one of the user from another program to
// the user's clients.
func eventToUser(u *router.User, m Event, elements func(id string) []*xmltree.Node) {
	name := m.GetBuddyName()
	if roster.Ignored(u, name) {
		return
	}
	parts := elements(ids.XMPP(u, name, m.GetId()))
	if m.GetOrigin() {
		Carbon(u, name, "", parts)
		return
	}
	n := stanza.Message(u.ContactFrom(name), u.JID, "chat", parts...)
	u.Send(n)
	archive.Keep(u, addressOf(u, name), n)
}

// addressOf returns the JID of a chat: the bare one of a contact, or that of an occupant.
func addressOf(u *router.User, name string) string {
	if _, _, ok := u.Occupant(name); ok {
		return u.ContactFrom(name)
	}
	return u.ContactJID(name)
}

// deliverEvent delivers what a stanza of the user says about another message. It returns the
// elements for other clients in a room, or nil if the event has no effect.
func (d *draft) deliverEvent(u *router.User) []*xmltree.Node {
	if u.State != router.Online {
		return nil
	}
	c, name := d.modern, d.m.BuddyName
	id, own, ok := ids.Network(u, *name, cmp.Or(c.Reacts, c.Retracts, c.Displayed))
	if !ok {
		u.Log().Debugf("what the user says about a message to %q is dropped: the message is unknown", *name)
		return nil
	}
	if c.Retracts != "" && !own {
		d.stanza.Fail(stanza.Forbidden, "You can withdraw only your own messages.")
		return nil
	}
	d.keep(u)
	inRoom := ids.Stanza(id)
	switch {
	case c.Reacts != "":
		u.Deliver(pb.WrapperMessage_TYPE_REACTION, &pb.Reaction{UserName: &u.JID, BuddyName: name, Id: &id, Emoji: c.Emoji})
		return modern.Reaction(inRoom, c.Emoji)
	case c.Retracts != "":
		d.withdraw(u, ids.XMPP(u, *name, id), inRoom)
		u.Deliver(pb.WrapperMessage_TYPE_RETRACTION, &pb.Retraction{UserName: &u.JID, BuddyName: name, Id: &id})
		return modern.Retraction(inRoom)
	}
	u.Deliver(pb.WrapperMessage_TYPE_DISPLAYED, &pb.Displayed{UserName: &u.JID, BuddyName: name, Id: &id})
	return modern.Displayed(inRoom)
}
