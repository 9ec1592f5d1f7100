package ids

import "spectrumlua/runtime/gateway/router"

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{Name: "ids", Hooks: router.Hooks{Logout: logout, Unregister: unregister}}
}

// logout waits until the pairs of a session that ends are stored.
func logout(u *router.User) {
	outstanding.Drop(u)
	ctx, cancel := u.Context()
	defer cancel()
	memories.Of(u.Router()).Flush(ctx)
}

// unregister forgets the pairs of the user. The database removes its own with the account.
func unregister(u *router.User) { memories.Of(u.Router()).drop(u.JID) }
