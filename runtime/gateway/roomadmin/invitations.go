package roomadmin

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/rooms"
	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/modern"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// noInvitation is the answer to invitations of people of the network if the script does not
// handle them.
const noInvitation = "People of the network cannot be invited in this way. " + readOnly

// otherRoom is the answer to invitations of people of the network to another room.
const otherRoom = "People of the network can be invited only to its own rooms."

// mediated handles invitations and their refusals, which go through the room (XEP-0045,
// sections 7.8.2 and 7.8.3).
func mediated(u *router.User, s *router.Stanza) {
	x := stanza.Child(s.Node, stanza.MUCUser, "x")
	if decline := stanza.Child(x, stanza.MUCUser, "decline"); decline != nil {
		refused(u, s, decline)
		return
	}
	var invitations []*xmltree.Node
	for _, child := range stanza.Children(x) {
		if child.Name == "invite" && child.Space == stanza.MUCUser {
			invitations = append(invitations, child)
		}
	}
	_, in := rooms.Occupants(u, s)
	switch {
	case len(invitations) == 0:
		s.Fail(stanza.BadRequest, "")
		return
	case !in:
		s.Fail(stanza.NotAcceptable, "You have not joined this room.")
		return
	}
	for _, invitation := range invitations {
		to := stanza.Attr(invitation, "to")
		switch local, domain, _ := jid.Split(to); {
		case !jid.Valid(to) || domain == u.Router().JID() && local == "":
			s.Fail(stanza.JIDMalformed, "")
		case domain == u.Router().JID():
			inviteContact(u, s, s.Name, u.NameOf(to), stanza.ChildText(invitation, stanza.MUCUser, "reason"))
		default:
			invite(u, s, to, invitation)
		}
	}
}

// inviteContact tells the script that the user invites a contact to a room.
func inviteContact(u *router.User, s *router.Stanza, room, contact, reason string) {
	switch {
	case !u.Router().Handles(pb.WrapperMessage_TYPE_INVITATION):
		s.Fail(stanza.NotAllowed, noInvitation)
	case u.State != router.Online:
		s.Fail(stanza.RecipientUnavailable, "You are not connected to the network.")
	default:
		m := &pb.Invitation{UserName: &u.JID, Room: &room, BuddyName: &contact}
		if reason != "" {
			m.Reason = &reason
		}
		u.Deliver(pb.WrapperMessage_TYPE_INVITATION, m)
	}
}

// invited handles INVITATION of the script: somebody invites the user.
func invited(u *router.User, m *pb.Invitation) {
	name, room := m.GetBuddyName(), u.RoomJID(m.GetRoom())
	if name != "" && roster.Ignored(u, name) {
		return
	}
	roster.KnowRoom(u, m.GetRoom())
	from := room
	if _, _, isOccupant := u.Occupant(name); isOccupant {
		from = u.ContactFrom(name)
	} else if name != "" {
		from = u.ContactJID(name)
	}
	u.Send(stanza.Message(room, u.JID, "", modern.Invitation(room, from, m.GetReason(), m.GetPassword())...))
}

// invite sends an invitation of the user to another XMPP user, who can join if they are
// registered with the transport.
func invite(u *router.User, s *router.Stanza, to string, invitation *xmltree.Node) {
	passed := stanza.Element(stanza.MUCUser, "invite", stanza.Attrs{"from", s.From})
	for _, child := range stanza.Children(invitation) {
		if child.Space == stanza.MUCUser && (child.Name == "reason" || child.Name == "continue") {
			stanza.Add(passed, child)
		}
	}
	remember(u, s, to)
	room := jid.Bare(s.To)
	password := rooms.Password(u, s)
	u.Send(stanza.Message(room, to, "",
		stanza.Element(stanza.MUCUser, "x", nil, passed, stanza.Optional(stanza.MUCUser, "password", password)),
		stanza.Element(stanza.Conference, "x", stanza.Attrs{
			"jid", room, "password", password, "reason", stanza.ChildText(invitation, stanza.MUCUser, "reason"),
		})))
}

// direct handles an invitation of a contact (XEP-0249). Users of XMPP get theirs without the
// transport.
func direct(u *router.User, s *router.Stanza) {
	x := stanza.Child(s.Node, stanza.Conference, "x")
	room := stanza.Attr(x, "jid")
	switch local, domain, _ := jid.Split(room); {
	case !jid.Valid(room) || domain == u.Router().JID() && local == "":
		s.Fail(stanza.JIDMalformed, "")
		return
	case domain != u.Router().JID():
		s.Fail(stanza.NotAllowed, otherRoom)
		return
	}
	inviteContact(u, s, u.NameOf(room), s.Name, stanza.Attr(x, "reason"))
}

func notUnderstood(_ *router.User, s *router.Stanza) { s.Fail(stanza.BadRequest, "") }
