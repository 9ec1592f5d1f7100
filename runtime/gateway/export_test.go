package gateway

import (
	"testing"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
)

// For runs a function in the queue of a user.
func (g *Gateway) For(jid string, do func(u *router.User)) error { return g.router.For(jid, do) }

// Features returns the features of a gateway in their order.
func Features() []router.Feature { return newFeatures() }

// Memory returns an empty store, which is closed after the test.
func Memory(t testing.TB) *users.Store {
	t.Helper()
	store, err := users.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}
