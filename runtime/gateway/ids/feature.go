package ids

import "spectrumlua/runtime/gateway/router"

// Feature returns the feature.
func Feature() router.Feature {
	return router.Feature{Name: "ids", Hooks: router.Hooks{Logout: logout, Unregister: unregister}}
}

// logout waits until the pairs of a session that ends are stored.
func logout(u *router.User) {
	outstanding.Drop(u)
	flush(u)
}

// unregister waits for the pairs of the user, because the database removes those that it has.
// It returns what forgets the others.
func unregister(u *router.User) (removed func(*router.User), err error) {
	flush(u)
	return func(u *router.User) { memories.Of(u.Router()).drop(u.JID) }, nil
}

func flush(u *router.User) {
	ctx, cancel := u.Context()
	defer cancel()
	memories.Of(u.Router()).Flush(ctx)
}
