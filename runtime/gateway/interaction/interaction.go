// Package interaction tells clients the JID of a contact by its name on the network
// (XEP-0100, section 6).
package interaction

import (
	"strings"

	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
)

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{
		Name: "interaction",
		Stanzas: []router.Route{
			{Kind: "iq", Type: "get", To: router.Transport, Space: stanza.Gateway, Handle: get},
			{Kind: "iq", Type: "set", To: router.Transport, Space: stanza.Gateway, Handle: set},
		},
		Disco: []router.Disco{{Target: router.Transport, Var: stanza.Gateway}},
	}
}

// get answers with what the client has to ask the user.
func get(u *router.User, s *router.Stanza) {
	settings := u.Router().Settings().Interaction
	s.Result(stanza.Element(stanza.Gateway, "query", nil,
		stanza.Text(stanza.Gateway, "desc", settings.Label), stanza.Text(stanza.Gateway, "prompt", settings.Prompt)))
}

// set answers with the JID of the contact whose name the user has entered.
func set(u *router.User, s *router.Stanza) {
	name := strings.TrimSpace(stanza.ChildText(s.Payload, stanza.Gateway, "prompt"))
	// Some clients send a JID of this transport, or its escaped localpart.
	name = strings.TrimSuffix(name, "@"+u.Router().JID())
	if strings.Contains(name, `\40`) {
		name = jid.Unescape(name)
	}
	if name == "" {
		s.Fail(stanza.NotAcceptable, "The name of the contact is missing.")
		return
	}
	if jid.Local(name) != name {
		s.Fail(stanza.JIDMalformed, "The name of the contact is too long, or has characters that no address can have.")
		return
	}
	contact := u.TypedJID(name, roster.Names(u))
	s.Result(stanza.Element(stanza.Gateway, "query", nil, stanza.Text(stanza.Gateway, "jid", contact)))
}
