// Package roomadmin answers requests about the administration of rooms (XEP-0045, sections 9
// and 10) and passes invitations. Scripts have no messages for roles, affiliations and
// settings, so clients can read them but not change them. Networks with commands, such as
// /kick, take these as messages in the room.
package roomadmin

import (
	"slices"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/form"
	"spectrumlua/runtime/gateway/rooms"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{
		Name: "roomadmin",
		Stanzas: []router.Route{
			{Kind: "iq", Type: "get", To: router.Room, Space: stanza.MUCAdmin, Handle: list},
			{Kind: "iq", Type: "set", To: router.Room, Space: stanza.MUCAdmin, Handle: change},
			{Kind: "iq", Type: "get", To: router.Room, Space: stanza.MUCOwner, Handle: config},
			{Kind: "iq", Type: "set", To: router.Room, Space: stanza.MUCOwner, Handle: configure},
			{Kind: "message", Type: "normal", To: router.Room, Space: stanza.MUCUser, Handle: mediated},
			{Kind: "message", Type: "normal", To: router.Room, Handle: notUnderstood},
			{Kind: "message", Type: "normal", To: router.Contact, Space: stanza.Conference, Handle: direct},
		},
		Payloads: []router.PayloadRoute{router.On(pb.WrapperMessage_TYPE_INVITATION, router.Any, invited)},
	}
}

// readOnly is the answer to requests that the protocol of scripts cannot express.
const readOnly = "Use the commands of the network for this, for example as a message in the room."

// ranks are the roles and affiliations that a request may name.
var ranks = []string{"moderator", "participant", "visitor", "admin", "member", "owner", "outcast", "none"}

// list answers with the occupants of a role or affiliation.
func list(u *router.User, s *router.Stanza) {
	occupants, in := rooms.Occupants(u, s)
	if !in {
		s.Fail(stanza.Forbidden, "You have not joined this room.")
		return
	}
	q := stanza.Element(stanza.MUCAdmin, "query", nil)
	for _, asked := range stanza.Children(s.Payload) {
		rank := stanza.Attr(asked, "role") + stanza.Attr(asked, "affiliation") // one of them is empty
		if asked.Name != "item" || !slices.Contains(ranks, rank) {
			s.Fail(stanza.BadRequest, "")
			return
		}
		for _, o := range occupants {
			if o.Role == rank || o.Affiliation == rank {
				stanza.Add(q, item(o))
			}
		}
	}
	s.Result(q)
}

func item(o rooms.Occupant) *xmltree.Node {
	return stanza.Element(stanza.MUCAdmin, "item", stanza.Attrs{"nick", o.Nickname, "jid", o.JID, "role", o.Role, "affiliation", o.Affiliation})
}

func change(_ *router.User, s *router.Stanza) { s.Fail(stanza.NotAllowed, readOnly) }

// config answers with the settings of a room, which nobody can change here.
func config(u *router.User, s *router.Stanza) {
	if _, in := rooms.Occupants(u, s); !in {
		s.Fail(stanza.Forbidden, "You have not joined this room.")
		return
	}
	f := form.Form{
		Type: "form", Kind: "http://jabber.org/protocol/muc#roomconfig", Title: s.Name,
		Instructions: "The network manages the settings of this room. " + readOnly,
		Fields:       []form.Field{{Type: form.Fixed, Values: []string{s.Name}}},
	}
	s.Result(stanza.Element(stanza.MUCOwner, "query", nil, f.Node()))
}

// configure accepts a form without values: a client that accepts the defaults of a new
// room, or cancels.
func configure(u *router.User, s *router.Stanza) {
	x := stanza.Child(s.Payload, stanza.DataForm, "x")
	_, in := rooms.Occupants(u, s)
	switch {
	case !in:
		s.Fail(stanza.Forbidden, "You have not joined this room.")
	case x == nil || !isEmpty(x):
		s.Fail(stanza.NotAllowed, readOnly)
	default:
		s.Result(nil)
	}
}

func isEmpty(x *xmltree.Node) bool {
	if stanza.Attr(x, "type") == "cancel" {
		return true
	}
	for _, f := range stanza.Children(x) {
		if f.Name == "field" && stanza.Attr(f, "var") != "FORM_TYPE" && stanza.Attr(f, "type") != "fixed" {
			return false
		}
	}
	return stanza.Attr(x, "type") == "submit"
}
