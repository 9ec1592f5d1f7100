package roster

import (
	"spectrumlua/runtime/gateway/privilege"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// maxSets is the number of changes of one user's roster that wait for the server. Each one
// makes the server write, and it sends each to all clients.
const maxSets = 8

// sets are changes of a roster through the privilege of XEP-0356.
type sets struct {
	queue   []offered
	waiting int
	added   []string // contacts whose subscriptions are to be checked
}

// next sends changes while few wait for an answer.
func (s *sets) next(u *router.User) {
	for s.waiting < maxSets && len(s.queue) > 0 {
		o := s.queue[0]
		s.queue = s.queue[1:]
		if c := Of(u)[o.name]; (o.action == toRemove) != (c == nil) {
			continue // the contact has come or gone meanwhile
		}
		subscription := "both"
		if o.action == toRemove {
			subscription = "remove"
		}
		s.waiting++
		u.Query("set", u.JID, stanza.Element(stanza.Roster, "query", nil, item(u, stanza.Roster, o.name, "subscription", subscription)),
			func(u *router.User, answer *xmltree.Node) {
				if r := rosters.Peek(u); r != nil && &r.sets == s {
					s.waiting--
					r.setAnswered(u, o, answer)
					s.next(u)
					r.checkAdded(u)
				}
			})
	}
}

// denied are the errors of a server that does not allow the transport to use rosters.
var denied = map[stanza.Condition]bool{
	stanza.Forbidden: true, stanza.NotAuthorized: true, stanza.NotAllowed: true, stanza.ServiceUnavailable: true,
	stanza.FeatureNotImplemented: true,
}

// denies reports whether an answer says that the transport may not change the roster. It
// revokes the privilege then.
func denies(u *router.User, answer *xmltree.Node) bool {
	e := stanza.ErrorOf(answer)
	if e == nil || !denied[e.Condition] {
		return false
	}
	privilege.Revoke(u, privilege.RosterSet)
	return true
}

// setAnswered handles the answer to a change, or nil without one. What the server denies
// is offered in another way.
func (r *roster) setAnswered(u *router.User, o offered, answer *xmltree.Node) {
	e := stanza.ErrorOf(answer)
	c := r.contacts[o.name]
	switch {
	case answer == nil:
		u.Log().Warn("the server does not answer to a change of the user's roster")
	case e == nil && c != nil && o.action != toRemove && !c.Subscribed:
		if privilege.Allowed(u, privilege.RosterGet) {
			r.sets.added = append(r.sets.added, o.name)
			return
		}
		granted(u, c)
	case denies(u, answer):
		for _, o := range append([]offered{o}, r.sets.queue...) {
			r.offer(u, o.name, o.action)
		}
		r.sets.queue = nil
	case e != nil:
		u.Log().WithField("error", e.Error()).Debug("a contact is not in the user's roster")
	}
}

// granted notes that a contact is in the user's roster with a subscription.
func granted(u *router.User, c *Contact) {
	c.Subscribed = true
	save(u, c)
	if c.visible() {
		announce(u, c)
	}
}

// checkAdded reads the roster after a series of changes. ejabberd 26.07 accepts new contacts,
// but without a subscription. For those the transport asks the user.
func (r *roster) checkAdded(u *router.User) {
	if r.sets.waiting > 0 || len(r.sets.queue) > 0 || len(r.sets.added) == 0 {
		return
	}
	added := r.sets.added
	r.sets.added = nil
	read(u, func(u *router.User, r *roster, present map[string]string) {
		for _, name := range added {
			switch c := r.contacts[name]; {
			case c == nil || c.Subscribed: // gone, or accepted meanwhile
			case present[inRoster(u, name)] == "both":
				granted(u, c)
			default:
				ask(u, c)
			}
		}
	})
}

// inRoster returns a contact's key in what read has read.
func inRoster(u *router.User, name string) string {
	local, _, _ := jid.Split(u.ContactJID(name))
	return router.Fold(local)
}

// items reads the transport and its contacts in the user's roster. ok is false if the server does
// not answer with a roster.
func items(u *router.User, use func(u *router.User, found []*xmltree.Node, ok bool)) {
	u.Query("get", u.JID, stanza.Element(stanza.Roster, "query", nil), func(u *router.User, answer *xmltree.Node) {
		var found []*xmltree.Node
		for _, n := range stanza.Children(stanza.Child(answer, stanza.Roster, "query")) {
			if _, domain, _ := jid.Split(stanza.Attr(n, "jid")); domain == u.Router().JID() {
				found = append(found, n)
			}
		}
		use(u, found, answer != nil && stanza.Attr(answer, "type") == "result")
	})
}

// read calls a function with the subscriptions of the transport's contacts in the user's roster.
// It does not if the server does not answer with a roster.
func read(u *router.User, use func(u *router.User, r *roster, present map[string]string)) {
	items(u, func(u *router.User, found []*xmltree.Node, ok bool) {
		r := rosters.Peek(u)
		if r == nil || !ok {
			return
		}
		present := map[string]string{}
		for _, n := range found {
			if local, _, _ := jid.Split(stanza.Attr(n, "jid")); local != "" {
				present[router.Fold(local)] = stanza.Attr(n, "subscription")
			}
		}
		use(u, r, present)
	})
}

// compare reads the user's roster after a login, and adds contacts that it lacks: those
// that the user was asked for and has not answered, or all if all of them are missing. Other
// contacts that are missing are those that the user has removed.
func compare(u *router.User) {
	if len(Of(u)) == 0 || !privilege.Allowed(u, privilege.RosterGet) || !privilege.Allowed(u, privilege.RosterSet) {
		return
	}
	read(u, func(u *router.User, r *roster, present map[string]string) {
		for name, c := range r.contacts {
			switch subscription, found := present[inRoster(u, name)]; {
			case subscription == "both" && !c.Subscribed:
				c.Subscribed = true
				save(u, c)
			case !c.Subscribed && subscription != "both", !found && len(present) == 0:
				r.offer(u, name, toAdd)
			}
		}
	})
}
