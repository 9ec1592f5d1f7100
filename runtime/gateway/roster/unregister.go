package roster

import (
	"spectrumlua/runtime/gateway/presence"
	"spectrumlua/runtime/gateway/router"
)

// unregister returns what removes the contacts from the roster of a user who unregisters.
func unregister(u *router.User) (removed func(*router.User), err error) {
	contacts, err := contactJIDs(u)
	return func(u *router.User) {
		for _, jid := range contacts {
			presence.EndSubscriptions(u, jid)
		}
	}, err
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
