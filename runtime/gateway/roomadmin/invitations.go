package roomadmin

import (
	"slices"

	"spectrumlua/runtime/gateway/rooms"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/xmltree"
)

// noInvitation is the answer to invitations of people of the network, for whom scripts have
// no message.
const noInvitation = "People of the network cannot be invited in this way. " + readOnly

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
		switch _, domain, _ := jid.Split(to); domain {
		case "":
			s.Fail(stanza.JIDMalformed, "")
		case u.Router().JID():
			s.Fail(stanza.NotAllowed, noInvitation)
		default:
			invite(u, s, to, invitation)
		}
	}
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
	room := jid.Bare(s.To)
	password := rooms.Password(u, s)
	u.Send(stanza.Message(room, to, "",
		stanza.Element(stanza.MUCUser, "x", nil, passed, stanza.Optional(stanza.MUCUser, "password", password)),
		stanza.Element(stanza.Conference, "x", stanza.Attrs{"jid", room, "password", password,
			"reason", stanza.ChildText(invitation, stanza.MUCUser, "reason")})))
}

// refused passes a refusal to the user who has sent the invitation, if they are in the room.
func refused(u *router.User, s *router.Stanza, decline *xmltree.Node) {
	to, room, by := stanza.Attr(decline, "to"), jid.Bare(s.To), jid.Bare(s.From)
	reason := stanza.ChildText(decline, stanza.MUCUser, "reason")
	_ = u.Router().For(jid.Bare(to), func(u *router.User) { // an error means that the router is closed
		clients := rooms.In(u, room)
		if len(clients) == 0 {
			return
		}
		if !slices.Contains(clients, to) {
			to = clients[0]
		}
		u.Send(stanza.Message(room, to, "", stanza.Element(stanza.MUCUser, "x", nil,
			stanza.Element(stanza.MUCUser, "decline", stanza.Attrs{"from", by}, stanza.Optional(stanza.MUCUser, "reason", reason)))))
	})
}

// direct refuses an invitation of a person of the network (XEP-0249). Users of XMPP get
// theirs without the transport.
func direct(_ *router.User, s *router.Stanza) { s.Fail(stanza.NotAllowed, noInvitation) }

func notUnderstood(_ *router.User, s *router.Stanza) { s.Fail(stanza.BadRequest, "") }
