// Package search finds contacts in a user's roster by a part of their names (XEP-0055). The
// protocol of scripts has no search in the network.
package search

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"spectrumlua/runtime/gateway/form"
	"spectrumlua/runtime/gateway/roster"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// maxFound is the number of contacts in a result.
const maxFound = 100

const instructions = "Enter a part of the name of one of your contacts."

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{
		Name: "search",
		Stanzas: []router.Route{
			{Kind: "iq", Type: "get", To: router.Transport, Space: stanza.Search, Handle: get},
			{Kind: "iq", Type: "set", To: router.Transport, Space: stanza.Search, Handle: set},
		},
		Disco: []router.Disco{{Target: router.Transport, Var: stanza.Search}},
	}
}

// get answers with the form.
func get(_ *router.User, s *router.Stanza) {
	f := form.Form{Type: "form", Kind: stanza.Search, Title: "Search", Instructions: instructions, Fields: []form.Field{
		{Var: "nick", Type: form.Text, Label: "Name", Required: true},
	}}
	s.Result(stanza.Element(stanza.Search, "query", nil,
		stanza.Text(stanza.Search, "instructions", instructions), stanza.Text(stanza.Search, "nick", ""), f.Node()))
}

// set answers with the contacts whose name or alias contains a text, as the request: in a
// form or in plain elements.
func set(u *router.User, s *router.Stanza) {
	if u.State == router.Offline {
		s.Fail(stanza.RecipientUnavailable, "You are not logged in to the transport.")
		return
	}
	text := stanza.ChildText(s.Payload, stanza.Search, "nick")
	values, canceled, inForm := form.Read(s.Payload)
	if canceled {
		s.Result(nil)
		return
	}
	if inForm {
		text = values.Text("nick")
	}
	text = strings.ToLower(strings.TrimSpace(text))
	if text == "" {
		s.Fail(stanza.NotAcceptable, "The name is missing.")
		return
	}
	all, found := roster.Of(u), []*roster.Contact(nil)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		c := all[name]
		if len(found) < maxFound && (strings.Contains(strings.ToLower(name), text) || strings.Contains(strings.ToLower(c.Alias), text)) {
			found = append(found, c)
		}
	}
	q := stanza.Element(stanza.Search, "query", nil)
	if inForm {
		s.Result(stanza.Add(q, table(u, found)))
		return
	}
	for _, c := range found {
		stanza.Add(q, stanza.Element(stanza.Search, "item", stanza.Attrs{"jid", u.ContactJID(c.Name)}, stanza.Text(stanza.Search, "nick", shown(c))))
	}
	s.Result(q)
}

// shown returns the name of a contact for people.
func shown(c *roster.Contact) string { return cmp.Or(c.Alias, c.Name) }

// table returns the result as a form with several items (XEP-0004, section 3.4).
func table(u *router.User, found []*roster.Contact) *xmltree.Node {
	x := form.Form{Type: "result", Kind: stanza.Search}.Node()
	stanza.Add(x, stanza.Element(stanza.DataForm, "reported", nil,
		form.Field{Var: "jid", Type: "jid-single", Label: "JID"}.Node(), form.Field{Var: "nick", Type: form.Text, Label: "Name"}.Node()))
	for _, c := range found {
		stanza.Add(x, stanza.Element(stanza.DataForm, "item", nil,
			form.Field{Var: "jid", Values: []string{u.ContactJID(c.Name)}}.Node(), form.Field{Var: "nick", Values: []string{shown(c)}}.Node()))
	}
	return x
}
