package messages

import (
	"cmp"

	"github.com/sirupsen/logrus"

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
			if modern.NoEmoji(m.GetEmoji()) {
				u.Log().WithFields(logrus.Fields{"id": m.GetId(), "reason": modern.WhyNoEmoji}).Debug("a reaction is dropped")
				return
			}
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
		u.Log().WithField("name", *name).Debug("what the user says about a message is dropped: the message is unknown")
		return nil
	}
	if condition, why := refusal(u.Router(), c, own); why != "" {
		d.stanza.Fail(condition, why)
		return nil
	}
	d.keep(u)
	inRoom := ids.Stanza(id)
	if d.stanza.Type == "groupchat" {
		inRoom = ids.InRoom(u, *name, id)
	}
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

// refusal returns why a reaction or a retraction cannot reach the network, or "". Without an
// error, the clients of the user would show it as done.
func refusal(r *router.Router, c *modern.Content, own bool) (stanza.Condition, string) {
	switch {
	case c.Reacts != "" && !r.Handles(pb.WrapperMessage_TYPE_REACTION):
		return stanza.FeatureNotImplemented, "This network gets no reactions."
	case c.Reacts != "" && c.NoEmoji:
		return stanza.NotAcceptable, "This is no emoji."
	case c.Retracts != "" && !r.Handles(pb.WrapperMessage_TYPE_RETRACTION):
		return stanza.FeatureNotImplemented, "Messages to this network cannot be withdrawn."
	case c.Retracts != "" && !own:
		return stanza.Forbidden, "You can withdraw only your own messages."
	}
	return "", ""
}
