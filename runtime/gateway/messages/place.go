package messages

import (
	"cmp"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/ids"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/xmltree"
)

// Place is where a message is: a chat or a room.
type Place struct {
	// Name is that of the contact, the room, or room/nickname.
	Name string
	// From returns the JID of an occupant of the room by the nickname. It is nil for a chat
	// with a contact.
	From func(nick string) string
	// Room is true for messages that all occupants see. Other elements than corrections
	// refer to them by the id that the room gives (XEP-0359).
	Room bool
}

// keeper returns the JID that a room gives as the source of old messages (XEP-0045, section
// 7.2.13), or "" in a chat.
func (p Place) keeper() string {
	if !p.Room {
		return ""
	}
	return p.From("")
}

// reference returns the id with which clients refer to a message.
func (p Place) reference(u *router.User, networkID string) string {
	if p.Room {
		return ids.InRoom(u, p.Name, networkID)
	}
	return ids.XMPP(u, p.Name, networkID)
}

// Identify returns the ids of the stanza with a message of the script, both "" for a message
// without an id: the attribute, and the id that a room gives to the message. own reports
// whether the user wrote the message, and client is the id that a client of the user gave
// it, or "".
//
// Some networks keep the id of a message that is corrected. Clients ignore a second stanza
// with the same id, so a correction has an id of its own.
func (p Place) Identify(u *router.User, m *pb.ConversationMessage, own bool, client string) (id, room string) {
	network := m.GetId()
	if network == "" {
		return client, ""
	}
	if client == "" {
		ids.Keep(u, p.Name, network, own)
	}
	if room = ids.Stanza(network); m.Replaces != nil {
		room = ids.Edition(network)
	}
	return cmp.Or(client, room), room
}

// author returns the JID of the author of a message that another one answers.
func (p Place) author(u *router.User, reply *pb.Reply) string {
	author := reply.GetAuthor()
	switch {
	case reply == nil:
		return ""
	case p.From != nil && author != "":
		return p.From(author)
	case p.Room:
		return ""
	case author == u.JID || author != "" && author == u.Account.Name:
		return u.JID
	case author == "" && isOwn(u, p.Name, reply.GetId()):
		return u.JID
	case p.From != nil:
		return u.ContactFrom(p.Name)
	case author == "":
		author = p.Name
	}
	return u.ContactJID(author)
}

// isOwn reports whether the user wrote a message of the network.
func isOwn(u *router.User, name, networkID string) bool {
	_, own, _ := ids.Network(u, name, ids.Stanza(networkID))
	return own
}

// nameOf is the reverse of author: the name of a contact, or a nickname in a room. It
// returns "" for the user.
func (d *draft) nameOf(u *router.User, author string) string {
	_, domain, resource := jid.Split(author)
	switch {
	case author == "" || jid.Bare(author) == u.JID:
		return ""
	case domain != u.Router().JID():
		return ""
	case d.nickOf == nil:
		return *d.m.BuddyName
	}
	return d.nickOf(resource)
}

// translate replaces the network's ids in a message of the script by those of clients, and
// returns the JID of the author of the message that it answers.
func (p Place) translate(u *router.User, m *pb.ConversationMessage) (author string) {
	if m.Replaces != nil {
		x := ids.XMPP(u, p.Name, m.GetReplaces())
		m.Replaces = &x
	}
	if m.ReplyTo != nil {
		author = p.author(u, m.ReplyTo)
		x := p.reference(u, m.ReplyTo.GetId())
		m.ReplyTo.Id = &x
	}
	return author
}

// Markable returns the element that asks for a marker, if the script wants markers.
func Markable(u *router.User, m *pb.ConversationMessage) *xmltree.Node {
	if m.GetId() == "" || !u.Router().Handles(pb.WrapperMessage_TYPE_DISPLAYED) {
		return nil
	}
	return modern.Markable()
}
