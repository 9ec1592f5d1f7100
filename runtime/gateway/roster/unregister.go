package roster

import (
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/privilege"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// removal removes the transport and its contacts from the roster of a user who has
// unregistered. Without the privilege for that (XEP-0356), or if the server refuses it, it ends
// the subscriptions.
type removal struct {
	jids    []string // bare
	waiting int      // requests without an answer
}

// unregister returns what removes the transport and its contacts from the roster of a user who
// unregisters.
func unregister(u *router.User) (removed func(*router.User), err error) {
	contacts, err := contactJIDs(u)
	return func(u *router.User) { empty(u, contacts) }, err
}

// empty removes everything: what the roster has, or else the contacts. The transport does not
// wait for its answer: a user who registers again adds it again.
func empty(u *router.User, contacts []string) {
	r := &removal{jids: []string{u.Router().JID()}}
	r.next(u)
	if !privilege.Allowed(u, privilege.RosterGet) || !privilege.Allowed(u, privilege.RosterSet) {
		r.add(u, contacts)
		return
	}
	items(u, func(u *router.User, found []*xmltree.Node, ok bool) {
		if !ok {
			r.add(u, contacts)
			return
		}
		var present []string
		for _, n := range found {
			if jid := stanza.Attr(n, "jid"); jid != u.Router().JID() {
				present = append(present, jid)
			}
		}
		r.add(u, present)
	})
}

func (r *removal) add(u *router.User, jids []string) {
	r.jids = append(r.jids, jids...)
	r.next(u)
}

// next removes JIDs while few requests wait for an answer. It stops if the user has registered
// again and is logged in: their contacts are in the roster again.
func (r *removal) next(u *router.User) {
	for r.waiting < maxSets && len(r.jids) > 0 && u.State == router.Offline {
		jid := r.jids[0]
		r.jids = r.jids[1:]
		if !privilege.Allowed(u, privilege.RosterSet) {
			presence.EndSubscriptions(u, jid)
			continue
		}
		r.waiting++
		item := stanza.Element(stanza.Roster, "item", stanza.Attrs{"jid", jid, "subscription", "remove"})
		u.Query("set", u.JID, stanza.Element(stanza.Roster, "query", nil, item), func(u *router.User, answer *xmltree.Node) {
			r.waiting--
			if denies(u, answer) {
				presence.EndSubscriptions(u, jid)
			}
			r.next(u)
		})
	}
}

// contactJIDs returns the bare JIDs of the contacts of a user, who may be offline.
func contactJIDs(u *router.User) (all []string, err error) {
	if u.State == router.Offline {
		defer rosters.Drop(u)
		defer u.End() // load sets the spelling of JIDs
		if err := load(u); err != nil {
			return nil, err
		}
	} else {
		rosters.Of(u).write(u) // the database refuses them when the account is removed
	}
	for _, c := range Of(u) {
		all = append(all, u.ContactJID(c.Name))
	}
	return all, nil
}
