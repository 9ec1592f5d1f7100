package roster

import (
	"slices"

	"spectrumlua/runtime/gateway/clients"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// maxItems is the number of contacts in one message.
const maxItems = 500

// exchanger returns a client that understands roster item exchange (XEP-0144), or "". known
// is false until the clients have said what they understand; makeOffers is called then.
func (r *roster) exchanger(u *router.User) (client string, known bool) {
	known = true
	for _, c := range u.Clients {
		has, answered := clients.Has(u, c, stanza.RosterExchange, func(u *router.User) {
			if now := rosters.Peek(u); now == r {
				r.makeOffers(u)
			}
		})
		if has {
			return c.JID, true
		}
		known = known && answered
	}
	return "", known
}

// exchangeItems suggests changes to a client. The client or the user decides.
func exchangeItems(u *router.User, client string, offers []offered) {
	for part := range slices.Chunk(offers, maxItems) {
		x := stanza.Element(stanza.RosterExchange, "x", nil)
		for _, o := range part {
			if o.action != toAdd || presence.MayAsk(u, o.name) {
				stanza.Add(x, item(u, stanza.RosterExchange, o.name, "action", string(o.action)))
			}
		}
		if len(x.Children) > 0 {
			u.Send(stanza.Message(u.Router().JID(), client, "", x))
		}
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
