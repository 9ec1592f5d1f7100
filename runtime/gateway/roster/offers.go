package roster

import (
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/privilege"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
)

// action is what happens to a contact in the user's roster.
type action string

// Actions, with their names of XEP-0144.
const (
	toAdd    action = "add"
	toModify action = "modify"
	toRemove action = "delete"
)

// offer changes a contact in the user's roster soon, together with others.
func (r *roster) offer(u *router.User, name string, a action) {
	if r.offers == nil {
		r.offers = map[string]action{}
	}
	before, waits := r.offers[name]
	if !waits {
		r.order = append(r.order, name)
	}
	if before != toAdd || a == toRemove {
		r.offers[name] = a
	}
	r.wake(u)
}

// makeOffers brings the changes into the user's roster: directly if the server allows that
// (XEP-0356), through a client that understands item exchange (XEP-0144), or else as
// requests for subscriptions.
func (r *roster) makeOffers(u *router.User) {
	if len(r.offers) == 0 {
		r.order = nil
		return
	}
	if privilege.Allowed(u, privilege.RosterSet) {
		r.sets.queue = append(r.sets.queue, r.takeOffers()...)
		r.sets.next(u)
		return
	}
	client, known := r.exchanger(u)
	if !known {
		return // it continues with the client's answer
	}
	offers := r.takeOffers()
	if client != "" {
		exchangeItems(u, client, offers)
	}
	for _, o := range offers {
		switch {
		case o.action == toRemove:
			presence.EndSubscriptions(u, u.ContactJID(o.name))
		case o.action == toAdd && client == "":
			ask(u, r.contacts[o.name])
		}
	}
}

type offered struct {
	name   string
	action action
}

// takeOffers returns the offers in their order, and forgets them. Contacts that do not
// exist any more can only be removed.
func (r *roster) takeOffers() []offered {
	var all []offered
	for _, name := range r.order {
		a, waits := r.offers[name]
		if waits && (a == toRemove) == (r.contacts[name] == nil) {
			all = append(all, offered{name, a})
		}
		delete(r.offers, name)
	}
	r.order = nil
	return all
}

// ask requests a subscription for a contact, with the alias as nickname (XEP-0172), and sends
// its presence.
func ask(u *router.User, c *Contact) {
	if presence.MayAsk(u, c.Name) {
		u.Send(stanza.Presence(u.ContactJID(c.Name), u.JID, "subscribe",
			stanza.Optional(stanza.Nickname, "nick", c.Alias)))
	}
	if c.visible() {
		announce(u, c)
	}
}
