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
			{Kind: "iq", Type: "get", To: router.Room, Space: stanza.MUCAdmin, Handle: rooms.AfterJoin(list)},
			{Kind: "iq", Type: "set", To: router.Room, Space: stanza.MUCAdmin, Handle: change},
			{Kind: "iq", Type: "get", To: router.Room, Space: stanza.MUCOwner, Handle: rooms.AfterJoin(config)},
			{Kind: "iq", Type: "set", To: router.Room, Space: stanza.MUCOwner, Handle: rooms.AfterJoin(configure)},
			{Kind: "message", Type: "normal", To: router.Room, Space: stanza.MUCUser, Handle: mediated},
			{Kind: "message", Type: "normal", To: router.Room, Handle: notUnderstood},
			{Kind: "message", Type: "normal", To: router.Contact, Space: stanza.Conference, Handle: direct},
		},
		Payloads: []router.PayloadRoute{router.On(pb.WrapperMessage_TYPE_INVITATION, router.Any, invited)},
		Hooks:    router.Hooks{Logout: sent.Drop},
	}
}

// readOnly is the answer to requests that the protocol of scripts cannot express.
const readOnly = "Use the commands of the network for this, for example as a message in the room."

// Roles and affiliations that a request may name.
var (
	roles        = []string{"moderator", "participant", "visitor", "none"}
	affiliations = []string{"admin", "member", "owner", "outcast", "none"}
)

// isRank reports whether an <item/> names either a role or an affiliation.
func isRank(asked *xmltree.Node, role, affiliation string) bool {
	if asked.Name != "item" || asked.Space != stanza.MUCAdmin || (role == "") == (affiliation == "") {
		return false
	}
	return slices.Contains(roles, role) || slices.Contains(affiliations, affiliation)
}

// list answers with the occupants of a role or affiliation.
func list(u *router.User, s *router.Stanza) {
	occupants, in := rooms.Occupants(u, s)
	if !in {
		s.Fail(stanza.Forbidden, "You have not joined this room.")
		return
	}
	q, all := stanza.Element(stanza.MUCAdmin, "query", nil), stanza.Children(s.Payload)
	if len(all) == 0 {
		s.Fail(stanza.BadRequest, "")
		return
	}
	for _, asked := range all {
		role, affiliation := stanza.Attr(asked, "role"), stanza.Attr(asked, "affiliation")
		if !isRank(asked, role, affiliation) {
			s.Fail(stanza.BadRequest, "")
			return
		}
		for _, o := range occupants {
			if o.Role == role || o.Affiliation == affiliation {
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
