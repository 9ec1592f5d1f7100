package roster

import (
	"slices"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/xmltree"
)

// maxItems is the number of contacts in one message.
const maxItems = 500

// exchange says whether clients with the same capabilities understand item exchange. The
// answer counts for one user only, because another user's client could lie.
type exchange struct{ answered, supported bool }

// exchanger returns a client that understands roster item exchange (XEP-0144), or "". It
// asks clients that announce capabilities (XEP-0115) for them, once for each session;
// known is false until they answer, and makeOffers is called then.
func (r *roster) exchanger(u *router.User) (client string, known bool) {
	known = true
	for _, c := range u.Clients {
		node, ver := stanza.Attr(c.Caps, "node"), stanza.Attr(c.Caps, "ver")
		if node == "" || ver == "" {
			continue
		}
		node += "#" + ver
		e := r.clients[node]
		switch {
		case e == nil:
			if r.clients == nil {
				r.clients = map[string]*exchange{}
			}
			e = &exchange{}
			r.clients[node] = e
			u.Query("get", c.JID, stanza.Element(stanza.DiscoInfo, "query", stanza.Attrs{"node", node}),
				func(u *router.User, answer *xmltree.Node) {
					e.answered, e.supported = true, exchanges(answer)
					if now := rosters.Peek(u); now == r {
						r.makeOffers(u)
					}
				})
			known = false
		case !e.answered:
			known = false
		case e.supported:
			return c.JID, true
		}
	}
	return "", known
}

// exchanges reports whether an answer contains the feature. answer is nil without one.
func exchanges(answer *xmltree.Node) bool {
	if answer == nil || stanza.Attr(answer, "type") != "result" {
		return false
	}
	return slices.ContainsFunc(stanza.Children(stanza.Child(answer, stanza.DiscoInfo, "query")), func(n *xmltree.Node) bool {
		return n.Name == "feature" && stanza.Attr(n, "var") == stanza.RosterExchange
	})
}

// exchangeItems suggests changes to a client. The client or the user decides.
func exchangeItems(u *router.User, client string, offers []offered) {
	for part := range slices.Chunk(offers, maxItems) {
		x := stanza.Element(stanza.RosterExchange, "x", nil)
		for _, o := range part {
			stanza.Add(x, item(u, stanza.RosterExchange, o.name, "action", string(o.action)))
		}
		u.Send(stanza.Message(u.Router().JID(), client, "", x))
	}
}

// item returns a contact as an item of a roster, with one more attribute.
func item(u *router.User, space, name, attribute, value string) *xmltree.Node {
	n := stanza.Element(space, "item", stanza.Attrs{"jid", u.ContactJID(name), attribute, value})
	c := Of(u)[name]
	if c == nil {
		return n
	}
	if c.Alias != "" {
		stanza.SetAttr(n, "name", c.Alias)
	}
	for _, group := range c.Groups {
		stanza.Add(n, stanza.Optional(space, "group", group))
	}
	return n
}
