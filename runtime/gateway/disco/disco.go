// Package disco answers the questions that clients ask every entity: service discovery
// (XEP-0030), capabilities (XEP-0115), ping (XEP-0199), version (XEP-0092), uptime
// (XEP-0012) and time (XEP-0202).
package disco

import (
	"cmp"
	"slices"

	"spectrumlua/runtime/gateway/paging"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// Feature returns the feature.
func Feature() router.Feature {
	f := router.Feature{
		Name: "disco",
		Stanzas: []router.Route{
			{Kind: "iq", Type: "get", To: router.Any, Space: stanza.DiscoInfo, Open: true, Handle: Info},
			{Kind: "iq", Type: "get", To: router.Any, Space: stanza.DiscoItems, Open: true, Handle: Items},
			{Kind: "iq", Type: "get", To: router.Any, Space: stanza.Ping, Open: true, Handle: ping},
			{Kind: "iq", Type: "get", To: router.Transport, Space: stanza.Version, Open: true, Handle: softwareVersion},
			{Kind: "iq", Type: "get", To: router.Transport, Space: stanza.LastActivity, Open: true, Handle: uptime},
			{Kind: "iq", Type: "get", To: router.Transport, Space: stanza.Time, Open: true, Handle: entityTime},
		},
		Hooks: router.Hooks{Stream: start},
	}
	f.Disco = []router.Disco{{Target: router.Transport, Var: stanza.ResultSet}, {Target: router.Room, Var: stanza.ResultSet}}
	for _, target := range []router.Target{router.Transport, router.Contact, router.Room, router.Occupant} {
		for _, feature := range []string{stanza.DiscoInfo, stanza.DiscoItems, stanza.Ping} {
			f.Disco = append(f.Disco, router.Disco{Target: target, Var: feature})
		}
	}
	for _, feature := range []string{stanza.Capabilities, stanza.Version, stanza.LastActivity, stanza.Time} {
		f.Disco = append(f.Disco, router.Disco{Target: router.Transport, Var: feature})
	}
	f.Disco = append(f.Disco, router.Disco{Target: router.Contact, Var: stanza.Capabilities})
	return f
}

// Info answers with the identity and the features of an entity or of one of its nodes.
func Info(u *router.User, s *router.Stanza) {
	r, node := u.Router(), stanza.Attr(s.Payload, "node")
	q := stanza.Element(stanza.DiscoInfo, "query", stanza.Attrs{"node", node})
	var info []*xmltree.Node
	if node == "" {
		info = describe(r, s.Target, s.Name)
	} else {
		info = described(r, s.Target, node)
	}
	if info != nil {
		stanza.Add(q, info...)
		r.ExtendInfo(u, s, q)
		s.Result(q)
		return
	}
	for _, n := range r.Nodes(s.Target, node) {
		if n.Info == nil {
			continue
		}
		if all := n.Info(u, s); all != nil {
			s.Result(stanza.Add(q, all...))
			return
		}
	}
	s.Fail(stanza.ItemNotFound, "")
}

// describe returns the identity and the features of an entity.
func describe(r *router.Router, target router.Target, name string) []*xmltree.Node {
	var all []*xmltree.Node
	switch identity := r.Settings().Identity; target {
	case router.Transport:
		all = append(all, Identity(identity.Category, identity.Type, identity.Name))
	case router.Room:
		all = append(all, Identity("conference", "text", name))
	default:
		all = append(all, Identity("client", "pc", ""))
	}
	for _, i := range r.Identities(target) {
		all = append(all, Identity(i.Category, i.Type, i.Name))
	}
	for _, feature := range r.Disco(target) {
		all = append(all, Var(feature))
	}
	return append(all, r.Forms(target)...)
}

// Items answers with the items of an entity or of one of its nodes, in pages if the client
// wants that (XEP-0059).
func Items(u *router.User, s *router.Stanza) {
	node := stanza.Attr(s.Payload, "node")
	nodes := u.Router().Nodes(s.Target, node)
	if node != "" && len(nodes) == 0 {
		s.Fail(stanza.ItemNotFound, "")
		return
	}
	q := stanza.Element(stanza.DiscoItems, "query", stanza.Attrs{"node", node})
	var all []*xmltree.Node
	for _, n := range nodes {
		if n.Items != nil {
			all = append(all, n.Items(u, s)...)
		}
	}
	page, set, err := paging.Cut(s.Payload, all, idOf)
	if err != nil {
		s.Fail(err.Condition, err.Text)
		return
	}
	if short := fit(s.Payload, page); len(short) < len(page) {
		page, set = short, paging.Set(short, idOf, slices.Index(all, short[0]), len(all))
	}
	s.Result(stanza.Add(stanza.Add(q, page...), set))
}

// maxItems is the number of bytes of the items in one answer. Servers accept 512 KiB.
const maxItems = 480 << 10

// fit returns the items of a page that fit into a stanza: the last ones for a client that pages
// backwards, otherwise the first ones. Clients that do not page see at least these.
func fit(request *xmltree.Node, page []*xmltree.Node) []*xmltree.Node {
	backwards := stanza.Child(stanza.Child(request, stanza.ResultSet, "set"), stanza.ResultSet, "before") != nil
	size := 0
	for n := range page {
		item := page[n]
		if backwards {
			item = page[len(page)-1-n]
		}
		size += len("<item/>")
		for _, a := range item.Attr {
			size += len(a.Name) + len(` =""`) + len(xmltree.Escape(a.Value))
		}
		switch {
		case size <= maxItems || n == 0:
		case backwards:
			return page[len(page)-n:]
		default:
			return page[:n]
		}
	}
	return page
}

// idOf returns what distinguishes an item from others.
func idOf(item *xmltree.Node) string {
	return cmp.Or(stanza.Attr(item, "node"), stanza.Attr(item, "jid"))
}

func ping(_ *router.User, s *router.Stanza) { s.Result(nil) }

// Identity returns an identity of an entity or node.
func Identity(category, typ, name string) *xmltree.Node {
	return stanza.Element(stanza.DiscoInfo, "identity", stanza.Attrs{"category", category, "type", typ, "name", name})
}

// Var returns a feature of an entity or node.
func Var(feature string) *xmltree.Node {
	return stanza.Element(stanza.DiscoInfo, "feature", stanza.Attrs{"var", feature})
}

// Item returns an item of an entity or node. node may be "".
func Item(jid, node, name string) *xmltree.Node {
	return stanza.Element(stanza.DiscoItems, "item", stanza.Attrs{"jid", jid, "node", node, "name", name})
}
