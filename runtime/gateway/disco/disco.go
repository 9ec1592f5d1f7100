// Package disco answers the questions that clients ask every entity: service discovery
// (XEP-0030) and ping (XEP-0199).
package disco

import (
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/xmltree"
)

// Feature returns the feature.
func Feature() router.Feature {
	f := router.Feature{
		Name: "disco",
		Stanzas: []router.Route{
			{Kind: "iq", Type: "get", To: router.Any, Space: stanza.DiscoInfo, Handle: info},
			{Kind: "iq", Type: "get", To: router.Any, Space: stanza.DiscoItems, Handle: items},
			{Kind: "iq", Type: "get", To: router.Any, Space: stanza.Ping, Handle: ping},
		},
	}
	for _, target := range []router.Target{router.Transport, router.Contact, router.Room} {
		for _, feature := range []string{stanza.DiscoInfo, stanza.DiscoItems, stanza.Ping} {
			f.Disco = append(f.Disco, router.Disco{Target: target, Var: feature})
		}
	}
	return f
}

// info answers with the identity and the features of an entity.
func info(u *router.User, s *router.Stanza) {
	node := stanza.Attr(s.Payload, "node")
	q := stanza.Element(stanza.DiscoInfo, "query", stanza.Attrs{"node", node})
	switch identity := u.Router().Settings().Identity; s.Target {
	case router.Transport:
		addIdentity(q, identity.Category, identity.Type, identity.Name)
	case router.Room:
		addIdentity(q, "conference", "text", s.Name)
	default:
		addIdentity(q, "client", "pc", "")
	}
	for _, feature := range u.Router().Disco(s.Target) {
		stanza.Add(q, stanza.Element(stanza.DiscoInfo, "feature", stanza.Attrs{"var", feature}))
	}
	s.Result(q)
}

func items(_ *router.User, s *router.Stanza) {
	s.Result(stanza.Element(stanza.DiscoItems, "query", stanza.Attrs{"node", stanza.Attr(s.Payload, "node")}))
}

func ping(_ *router.User, s *router.Stanza) { s.Result(nil) }

func addIdentity(q *xmltree.Node, category, typ, name string) {
	stanza.Add(q, stanza.Element(stanza.DiscoInfo, "identity", stanza.Attrs{"category", category, "type", typ, "name", name}))
}
