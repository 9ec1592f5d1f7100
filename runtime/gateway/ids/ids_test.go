package ids_test

import (
	"context"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/ids"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanzaid"
	"spectrumlua/runtime/xmltree"
)

const alice = "alice@localhost"

// noStream is a stream to nobody.
type noStream struct{}

func (noStream) SendNode(*xmltree.Node) error       { return nil }
func (noStream) Full() bool                         { return false }
func (noStream) WaitCapacity(context.Context) error { return nil }

// newRouter returns a router over a store.
func newRouter(t *testing.T, store *users.Store) *router.Router {
	t.Helper()
	log := logrus.New()
	log.SetOutput(t.Output())
	r := router.New(router.Options{Store: store, Stream: noStream{}, Log: log, Clock: clock.Real()})
	t.Cleanup(func() { ids.Flush(context.WithoutCancel(t.Context()), r) })
	return r
}

func memoryStore(t *testing.T) *users.Store {
	t.Helper()
	store, err := users.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}

// as runs a function as a user.
func as(t *testing.T, r *router.Router, jid string, do func(u *router.User)) {
	t.Helper()
	done := make(chan struct{})
	if err := r.For(jid, func(u *router.User) { defer close(done); do(u) }); err != nil {
		t.Fatal(err)
	}
	<-done
}

func TestStanzaIDsOfTheNetworkReturnToIt(t *testing.T) {
	r := newRouter(t, memoryStore(t))
	for _, id := range []string{
		"5", "$AbC:example.org", "0", "a/b", strings.Repeat("x", 64), // in the stanza id
		strings.Repeat("x", 65), "été", "a<b", "a b", `a"b`, "\x7f", strings.Repeat("é", 512), // stored
	} {
		as(t, r, alice, func(u *router.User) {
			x := ids.Keep(u, "bob", id, false)
			if x != ids.Stanza(id) || len(x) > 66 || strings.ContainsAny(x, "<>&'\" \x7f") {
				t.Errorf("%q: the stanza id is %q", id, x)
			}
			if got, own, ok := ids.Network(u, "Bob", x); got != id || own || !ok {
				t.Errorf("%q: Network returns %q, %v, %v", id, got, own, ok)
			}
			if got := ids.XMPP(u, "bob", id); got != x {
				t.Errorf("%q: XMPP returns %q, not %q", id, got, x)
			}
		})
	}
}

func TestUnknownStanzaIDsHaveNoNetworkID(t *testing.T) {
	r := newRouter(t, memoryStore(t))
	as(t, r, alice, func(u *router.User) {
		for _, x := range []string{"", "n:", "n:a b", "n:" + strings.Repeat("x", 65), "h:abc", "c1", ids.Stanza("é")} {
			if id, _, ok := ids.Network(u, "bob", x); ok {
				t.Errorf("%q became %q", x, id)
			}
		}
	})
}

func TestSentMessagesOfTheUserArePairs(t *testing.T) {
	r := newRouter(t, memoryStore(t))
	as(t, r, alice, func(u *router.User) {
		ids.Sent(u, "bob", "c1", "41")
		ids.Sent(u, "bob", "c2", "41") // a correction
		for _, x := range []string{"c1", "c2", "n:41"} {
			if id, own, ok := ids.Network(u, "bob", x); id != "41" || !own || !ok {
				t.Errorf("Network(%q) returns %q, %v, %v", x, id, own, ok)
			}
		}
		if x := ids.XMPP(u, "bob", "41"); x != "c1" {
			t.Errorf("XMPP returns %q", x)
		}
		if x := ids.XMPP(u, "carol", "41"); x != "n:41" {
			t.Errorf("XMPP of another conversation returns %q", x)
		}
		if _, own, _ := ids.Network(u, "carol", "n:41"); own {
			t.Error("a message of another conversation is the user's own")
		}
		if _, _, ok := ids.Network(u, "carol", "c1"); ok {
			t.Error("the id is known in another conversation")
		}
	})
	as(t, r, "bob@localhost", func(u *router.User) {
		if _, _, ok := ids.Network(u, "bob", "c1"); ok {
			t.Error("the id is known to another user")
		}
	})
}

func TestMessagesThatTheUserWroteElsewhereAreTheirOwn(t *testing.T) {
	r := newRouter(t, memoryStore(t))
	as(t, r, alice, func(u *router.User) {
		x := ids.Keep(u, "bob", "41", true)
		if id, own, ok := ids.Network(u, "bob", x); id != "41" || !own || !ok {
			t.Errorf("Network returns %q, %v, %v", id, own, ok)
		}
	})
}

func TestIDsThatLookLikeOursAreNotUsable(t *testing.T) {
	for id, want := range map[string]bool{"": false, "c1": true, "n:1": false, "h:1": false, strings.Repeat("x", 1024): true, strings.Repeat("x", 1025): false} {
		if got := stanzaid.Usable(id); got != want {
			t.Errorf("Usable(%.10q): %v", id, got)
		}
	}
}
