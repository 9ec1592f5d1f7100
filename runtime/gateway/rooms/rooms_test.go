package rooms

import (
	"context"
	"fmt"
	"testing"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/settings"
)

// withUser calls a function on the goroutine of a user who is online.
func withUser(t *testing.T, do func(u *router.User)) {
	t.Helper()
	log := logrus.New()
	log.SetOutput(t.Output())
	r := router.New(router.Options{
		Settings: settings.Settings{Service: settings.Service{JID: "t.localhost"}}, Log: log, Clock: clock.Real(),
		Stream: idle{},
	})
	defer r.Close(context.Background())
	done := make(chan struct{})
	err := r.For("alice@localhost", func(u *router.User) {
		defer close(done)
		u.State = router.Online
		do(u)
	})
	if err != nil {
		t.Fatal(err)
	}
	<-done
}

// idle is a stream without stanzas.
type idle struct{ router.Stream }

func (idle) Full() bool { return false }

func newRoom(name string) *room {
	return &room{name: name, jid: router.RoomLocal(name) + "@t.localhost"}
}

// TestRoomsAreFoundWithoutASearch looks up a room among nil ones. A search would panic.
func TestRoomsAreFoundWithoutASearch(t *testing.T) {
	withUser(t, func(u *router.User) {
		r := newRoom("#Room@net.org")
		enlist(u, r)
		all := of(u)
		for i := range MaxRooms {
			key := fmt.Sprint("#r", i)
			all.byKey[key], all.byName[key] = nil, nil
		}
		for _, name := range []string{"#Room@net.org", "#ROOM@net.org", "#room@net.org"} {
			if named(u, name) != r {
				t.Errorf("%s is not found", name)
			}
		}
		if named(u, "#other@net.org") != nil {
			t.Error("a room is found that the user has not joined")
		}
	})
}

// TestRoomsWithTheSameNameAreKeptApart leaves one of two rooms whose JIDs have the same name on
// the network.
func TestRoomsWithTheSameNameAreKeptApart(t *testing.T) {
	withUser(t, func(u *router.User) {
		first, second := newRoom("#a@net.org"), newRoom("#a@net.org")
		second.jid = `#a\40net.org@t.localhost`
		enlist(u, first)
		enlist(u, second)
		if got := all(u); len(got) != 2 || got[0] != first || got[1] != second {
			t.Errorf("the user is in %d rooms, or in another order", len(got))
		}
		forget(u, second)
		if got := all(u); len(got) != 1 || got[0] != first || named(u, "#a@net.org") != first {
			t.Error("the first room is not found after the user has left the second one")
		}
	})
}

// TestSeatsOfAClientAreFoundWithoutAList checks that the question that follows each presence
// of a client does not cost a sorted list of all rooms.
func TestSeatsOfAClientAreFoundWithoutAList(t *testing.T) {
	withUser(t, func(u *router.User) {
		for i := range 100 {
			enlist(u, newRoom(fmt.Sprint("#r", i)))
		}
		all(u)[50].seats = []*seat{{jid: "alice@localhost/in"}}
		if !seated(u, "alice@localhost/in") || seated(u, "alice@localhost/out") {
			t.Error("the wrong client is in a room")
		}
		if n := testing.AllocsPerRun(10, func() { seated(u, "alice@localhost/out") }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
