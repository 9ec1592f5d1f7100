// Package roomadmin answers requests about the administration of rooms (XEP-0045, sections 9
// and 10) and passes invitations. Scripts have no messages for roles, affiliations and
// settings, so clients can read them but not change them. Networks with commands, such as
// /kick, take these as messages in the room.
package roomadmin

import (
	"spectrumlua/runtime/gateway/rooms"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/xmltree"
)

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{
		Name: "roomadmin",
		Stanzas: []router.Route{
			{Kind: "iq", Type: "get", To: router.Room, Space: stanza.MUCAdmin, Handle: list},
			{Kind: "iq", Type: "set", To: router.Room, Space: stanza.MUCAdmin, Handle: change},
			{Kind: "iq", Type: "get", To: router.Room, Space: stanza.MUCOwner, Handle: form},
			{Kind: "iq", Type: "set", To: router.Room, Space: stanza.MUCOwner, Handle: configure},
			{Kind: "message", Type: "normal", To: router.Room, Space: stanza.MUCUser, Handle: mediated},
			{Kind: "message", Type: "normal", To: router.Room, Handle: notUnderstood},
			{Kind: "message", Type: "normal", To: router.Contact, Space: stanza.Conference, Handle: direct},
		},
	}
}

// readOnly is the answer to requests that the protocol of scripts cannot express.
const readOnly = "Use the commands of the network for this, for example as a message in the room."

// ranks map the role or affiliation in a request to the occupants that have it. Others have
// no known members.
var ranks = map[string]func(o rooms.Occupant) bool{
	"moderator":   func(o rooms.Occupant) bool { return o.Moderator },
	"participant": func(o rooms.Occupant) bool { return !o.Moderator },
	"admin":       func(o rooms.Occupant) bool { return o.Moderator },
	"member":      func(o rooms.Occupant) bool { return !o.Moderator },
	"owner":       nobody, "outcast": nobody, "visitor": nobody, "none": nobody,
}

func nobody(rooms.Occupant) bool { return false }

// list answers with the occupants of a role or affiliation.
func list(u *router.User, s *router.Stanza) {
	occupants, in := rooms.Occupants(u, s)
	if !in {
		s.Fail(stanza.Forbidden, "You have not joined this room.")
		return
	}
	q := stanza.Element(stanza.MUCAdmin, "query", nil)
	for _, asked := range stanza.Children(s.Payload) {
		role, affiliation := stanza.Attr(asked, "role"), stanza.Attr(asked, "affiliation")
		has := ranks[role+affiliation] // one of them is empty
		if asked.Name != "item" || has == nil {
			s.Fail(stanza.BadRequest, "")
			return
		}
		for _, o := range occupants {
			if has(o) {
				stanza.Add(q, item(o))
			}
		}
	}
	s.Result(q)
}

func item(o rooms.Occupant) *xmltree.Node {
	role, affiliation := "participant", "member"
	if o.Moderator {
		role, affiliation = "moderator", "admin"
	}
	return stanza.Element(stanza.MUCAdmin, "item", stanza.Attrs{"nick", o.Nickname, "jid", o.JID, "role", role, "affiliation", affiliation})
}

func change(_ *router.User, s *router.Stanza) { s.Fail(stanza.NotAllowed, readOnly) }

// form answers with the settings of a room, which nobody can change here.
func form(u *router.User, s *router.Stanza) {
	if _, in := rooms.Occupants(u, s); !in {
		s.Fail(stanza.Forbidden, "You have not joined this room.")
		return
	}
	x := stanza.Element(stanza.DataForm, "x", stanza.Attrs{"type", "form"},
		stanza.Text(stanza.DataForm, "title", s.Name),
		stanza.Text(stanza.DataForm, "instructions", "The network manages the settings of this room. "+readOnly),
		field("FORM_TYPE", "hidden", "http://jabber.org/protocol/muc#roomconfig"),
		field("", "fixed", s.Name))
	s.Result(stanza.Element(stanza.MUCOwner, "query", nil, x))
}

func field(name, typ, value string) *xmltree.Node {
	return stanza.Element(stanza.DataForm, "field", stanza.Attrs{"var", name, "type", typ}, stanza.Text(stanza.DataForm, "value", value))
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
