package router_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/task"
)

// TestRoomNamesReturn converts names of rooms to JIDs. A message to the JID has the name.
func TestRoomNamesReturn(t *testing.T) {
	got := make(chan string, 1)
	r, _ := open(t, router.Feature{Stanzas: []router.Route{
		{Kind: "message", Type: "groupchat", To: router.Any, Handle: func(_ *router.User, s *router.Stanza) { got <- s.Name }},
	}}, func(context.Context, *schema.Type, []byte, task.Lender) {})
	for name, local := range map[string]string{
		"#room":          "#room",
		"#room@net.org":  "#room%net.org",
		"#a b@net.org":   `#a\20b\40net.org`,
		`#a\2fb@net.org`: `#a\5c2fb\40net.org`,
		"lounge":         "lounge",
		"a@b@net.org":    `a\40b\40net.org`,
		"#50%@net.org":   "#50%%net.org",
		"#grün@net.org":  "#grün%net.org",
	} {
		if l := router.RoomLocal(name); l != local {
			t.Errorf("%s has the localpart %s, not %s", name, l, local)
		}
		r.Receive(t.Context(), stanza.Message("alice@localhost/x", local+"@t.localhost", "groupchat"))
		if n := <-got; n != name {
			t.Errorf("%s returns as %s", name, n)
		}
	}
}

func TestOccupantsAreDividedOnlyInJoinedRooms(t *testing.T) {
	r, _ := open(t, router.Feature{}, nil)
	type result struct {
		room, nick string
		ok         bool
	}
	done := make(chan map[string]result, 1)
	names := []string{"#room/carol", "#ROOM/carol", "#room/a/b", "#room/", "#room", "carol/x", "a/b/c", ""}
	err := r.For("alice@localhost", func(u *router.User) {
		got := map[string]result{}
		u.JoinRoom(router.RoomLocal("#room"), "#room")
		u.JoinRoom(router.RoomLocal("a/b"), "a/b")
		for _, name := range names {
			room, nick, ok := u.Occupant(name)
			got[name] = result{room, nick, ok}
		}
		done <- got
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]result{
		"#room/carol": {"#room", "carol", true}, "#ROOM/carol": {"#ROOM", "carol", true},
		"#room/a/b": {"#room", "a/b", true}, "a/b/c": {"a/b", "c", true},
	}
	for name, got := range <-done {
		if got != want[name] {
			t.Errorf("%q is %v, not %v", name, got, want[name])
		}
	}
}

// TestSenderFollowsEachChange asks for the sender of the same contact again after everything
// that changes it.
func TestSenderFollowsEachChange(t *testing.T) {
	r, _ := open(t, router.Feature{}, nil)
	done := make(chan []string, 1)
	err := r.For("alice@localhost", func(u *router.User) {
		var got []string
		ask := func(name string) { got = append(got, u.ContactFrom(name)) }
		u.State = router.Online
		ask("a@b")
		ask("a@b")
		u.SetEscaping("a@b", !r.Escapes())
		ask("a@b")
		u.SetEscaping("a@b", r.Escapes())
		r.Shared.Announce("features", "disable_jid_escaping", "1")
		ask("a@b")
		ask("Carol")
		u.ContactJID("CAROL")
		ask("Carol")
		u.JoinRoom(router.RoomLocal("#r"), "#r")
		ask("#r/x")
		u.End()
		ask("a@b")
		done <- got
	})
	if err != nil {
		t.Fatal(err)
	}
	got := <-done
	if got[0] != got[1] || got[0] == got[2] || got[3] != got[7] || got[6] != "#r@t.localhost/x" || got[4] != "Carol@t.localhost/bot" || got[5] != got[4] {
		t.Errorf("%q", got)
	}
}

// TestKnownRoomsAreForgotten notes more rooms than a user may have, and ends the session.
func TestKnownRoomsAreForgotten(t *testing.T) {
	r, _ := open(t, router.Feature{}, nil)
	done := make(chan [4]string, 1)
	err := r.For("alice@localhost", func(u *router.User) {
		name := func(local string) string { return u.NameOf(local + "@t.localhost") }
		var got [4]string
		u.KnowRoom("Early")
		got[0] = name("early")
		u.State = router.Online
		for i := range 1001 {
			u.KnowRoom(fmt.Sprint("R", i))
		}
		got[1], got[2] = name("r999"), name("r1000")
		u.End()
		got[3] = name("r999")
		done <- got
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := <-done; got != [4]string{"early", "R999", "r1000", "r999"} {
		t.Errorf("the names: %q", got)
	}
}

// TestTypedNamesAreLimited types more names than a user may, and ends the session.
func TestTypedNamesAreLimited(t *testing.T) {
	r, _ := open(t, router.Feature{}, nil)
	done := make(chan [5]string, 1)
	err := r.For("alice@localhost", func(u *router.User) {
		name := func(local string) string { return u.NameOf(local + "@t.localhost") }
		roster := slices.Values([]string{"Dave"})
		u.State = router.Online
		u.TypedJID("DAVE", roster)
		for i := range 1000 {
			u.TypedJID(fmt.Sprint("C", i), roster)
		}
		u.TypedJID("c6", roster)
		got := [5]string{name("dave"), name("c6"), name("c7"), name("c999")}
		u.End()
		got[4] = name("c7")
		done <- got
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := <-done; got != [5]string{"Dave", "c6", "C7", "c999", "c7"} {
		t.Errorf("the names: %q", got)
	}
}
