package roster

import (
	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
)

// probe answers a server with the presence of a contact (RFC 6121, section 4.3). A client
// needs no answer: it receives the presence of all contacts when the transport sees it.
func probe(u *router.User, s *router.Stanza) {
	if u.State != router.Online || s.From != u.JID || !presence.MayAnswer(u, s) {
		return
	}
	if c := Of(u)[s.Name]; c != nil {
		u.Send(presenceOf(u, c, s.From))
		return
	}
	u.Send(stanza.Presence(s.To, s.From, "unavailable"))
}

// MaxContacts is the number of contacts up to which a user can add one. The script may
// announce more.
const MaxContacts = 5_000

// subscribe handles the user's request to see a contact. It adds an unknown one.
func subscribe(u *router.User, s *router.Stanza) {
	if u.State == router.Offline { // only a session can add contacts
		return
	}
	c := confirm(u, s.Name)
	if c == nil {
		u.Log().WithField("limit", MaxContacts).Debug("a contact is not added: the user has too many")
		presence.Deny(u, s)
		return
	}
	if presence.MayAnswer(u, s) {
		u.Send(stanza.Presence(jid.Bare(s.To), u.JID, "subscribed"))
		u.Send(presenceOf(u, c, u.JID))
	}
}

// subscribed handles the user's consent to a request for a subscription.
func subscribed(u *router.User, s *router.Stanza) {
	if u.State == router.Offline {
		return
	}
	if c := confirm(u, s.Name); c != nil && presence.MayAnswer(u, s) {
		u.Send(presenceOf(u, c, u.JID))
	}
}

// confirm notes that the user wants a contact, and tells the script if that is new. It
// returns nil if the user has too many contacts to add one.
func confirm(u *router.User, name string) *Contact {
	r := rosters.Of(u)
	c := Of(u)[name]
	switch refused := r.refused[name]; {
	case c != nil:
	case len(r.contacts) >= MaxContacts:
		return nil
	case refused != nil:
		c = r.restore(refused)
	default:
		c = add(u, name)
	}
	delete(r.offers, name)
	if !c.Subscribed {
		c.Subscribed = true
		save(u, c)
		u.Deliver(pb.WrapperMessage_TYPE_BUDDY_CHANGED, c.buddy(u))
	}
	return c
}

// unsubscribe handles the user's wish not to see a contact any more.
func unsubscribe(u *router.User, s *router.Stanza) {
	presence.Deny(u, s)
	lose(u, s.Name)
}

// unsubscribed handles the refusal of a request. The contact must not ask again, so it is
// removed.
func unsubscribed(u *router.User, s *router.Stanza) { lose(u, s.Name) }

// lose removes a contact that the user does not want. As under Spectrum, the script does
// not hear of a contact that the user had accepted, unless the config says so.
func lose(u *router.User, name string) {
	if u.State == router.Offline {
		return
	}
	c := Of(u)[name]
	if c == nil {
		return
	}
	remove(u, c)
	rosters.Of(u).refuse(c)
	wasAccepted := c.Subscribed
	c.Subscribed = false
	if !wasAccepted || u.Router().Settings().Service.RemoveBuddy {
		u.Deliver(pb.WrapperMessage_TYPE_BUDDY_REMOVED, &pb.Buddy{UserName: &u.JID, BuddyName: &name})
	}
}

// refuse notes that the user does not want a contact. A user can make up any number of contacts, so
// those that the script has not announced are limited.
func (r *roster) refuse(c *Contact) {
	c.mayAsk = false
	if r.refused == nil {
		r.refused = map[string]*Contact{}
	}
	if c.known || len(r.refused) < MaxContacts {
		r.refused[c.Name] = c
	}
}

// restore makes a contact that the user has refused one of the roster again.
func (r *roster) restore(c *Contact) *Contact {
	delete(r.refused, c.Name)
	c.ID, c.mayAsk = 0, false
	r.contacts[c.Name] = c
	return c
}

// Wrote notes that the user has written to a contact. A contact that the user has refused may then
// ask again. It does not wait.
func Wrote(u *router.User, name string) {
	if r := rosters.Peek(u); r != nil && r.refused[name] != nil {
		r.refused[name].mayAsk = true
	}
}
