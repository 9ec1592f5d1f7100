package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/xmltree"
)

// stays lets a second client of alice keep the session, and makes the desktop go offline in
// the room.
func (s *scene) stays() {
	s.t.Helper()
	s.inRoom()
	s.appears(phone)
	s.user(`<presence type="unavailable" from="` + desktop + `" to="` + transport + `"/>`)
	s.expect("the desktop is out of the room", presence(roomJID, "unavailable"))
}

// bodies returns the bodies of the messages that a client gets before the subject.
func (s *scene) bodies(client string) string {
	s.t.Helper()
	var all []string
	for {
		n := s.expect("a message", func(n *xmltree.Node) bool { return message(roomJID)(n) && stanza.Attr(n, "to") == client })
		if stanza.Child(n, "", "subject") != nil {
			return strings.Join(all, " ")
		}
		if stanza.Child(n, stanza.Delay, "delay") == nil {
			s.t.Errorf("an old message without its time: %v", n)
		}
		all = append(all, stanza.ChildText(n, "", "body"))
	}
}

// TestUserWhoStaysConnectedMissesNothing leaves the room with the last client, which joins
// again later.
func TestUserWhoStaysConnectedMissesNothing(t *testing.T) {
	s := play(t, "[settings]\nstay_connected=1")
	s.stays()
	for _, text := range []string{"one", "two", "three"} {
		s.says("carol", text)
	}
	s.departs("carol", 0, "")
	s.topic("carol", "coffee")
	s.passes(time.Minute)
	s.nothing(pb.WrapperMessage_TYPE_LEAVE_ROOM)
	old := said("dan", "old")
	old.Timestamp = proto.String("20200101T000000")
	s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, old)
	for _, c := range []struct{ history, want string }{
		{``, "one two three old"},
		{`<history/>`, "one two three old"},
		{`<history maxstanzas="0"/>`, ""},
		{`<history maxstanzas="2"/>`, "three old"},
		{`<history maxchars="0"/>`, ""},
		{`<history maxchars="8"/>`, "three old"},
		{`<history maxchars="x" maxstanzas="-1" since="yesterday"/>`, "one two three old"},
		{`<history since="2100-01-01T00:00:00Z"/>`, ""},
		{`<history seconds="30"/>`, ""},
	} {
		s.joins(desktop, "alice", `<x xmlns="http://jabber.org/protocol/muc">`+c.history+`</x>`)
		if n := s.expect("the first presence", presence(roomJID, "")); stanza.Attr(n, "from") != roomJID+"/alice" {
			t.Errorf("somebody who has left is there: %v", n)
		}
		if got := s.bodies(desktop); got != c.want {
			t.Errorf("%s: %q, not %q", c.history, got, c.want)
		}
	}
}

// TestUserWithoutTheSettingStaysByDefault has a user who registered under Spectrum, before
// the config got stay_connected.
func TestUserWithoutTheSettingStaysByDefault(t *testing.T) {
	s := play(t, "[settings]\nstay_connected=1")
	if _, err := s.store.Register(s.ctx, users.Account{JID: alice, Name: "bob", Password: "hunter2"}); err != nil {
		t.Fatal(err)
	}
	s.stays()
	s.says("carol", "one")
	s.passes(time.Minute)
	s.nothing(pb.WrapperMessage_TYPE_LEAVE_ROOM)
	s.topic("carol", "coffee")
	s.joins(desktop, "alice", joinRoom)
	if got := s.bodies(desktop); got != "one" {
		t.Errorf("%q, not %q", got, "one")
	}
}

// TestUserWhoStaysConnectedLeaves leaves the room on purpose: the client stays available.
func TestUserWhoStaysConnectedLeaves(t *testing.T) {
	s := play(t, "[settings]\nstay_connected=1")
	s.inRoom()
	s.leaves(desktop)
	s.nothing(pb.WrapperMessage_TYPE_LEAVE_ROOM) // it may be the end of the client
	s.passes(time.Minute)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_LEAVE_ROOM)

	s.asks()
	s.fills()
	s.enters(desktop)
	s.appears(phone)
	s.leaves(desktop)
	s.user(`<presence type="unavailable" from="` + desktop + `" to="` + transport + `"/>`)
	s.nothing(pb.WrapperMessage_TYPE_LEAVE_ROOM)
	s.passes(time.Minute)
	s.nothing(pb.WrapperMessage_TYPE_LEAVE_ROOM)
}

// TestPrivateMessageWithoutAClientGoesToTheUser sends one to a user with no client in the
// room.
func TestPrivateMessageWithoutAClientGoesToTheUser(t *testing.T) {
	s := play(t, "[settings]\nstay_connected=1")
	s.stays()
	m := said("carol", "psst")
	m.Pm = proto.Bool(true)
	s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
	s.expect("carol's message", from(roomJID+"/carol", alice))
}

// TestOldMessagesFollowTheLimits joins a room whose history comes from the script.
func TestOldMessagesFollowTheLimits(t *testing.T) {
	s := play(t, "")
	s.online()
	s.joins(desktop, "alice", `<x xmlns="http://jabber.org/protocol/muc"><history since="2021-01-01T00:00:00Z"/></x>`)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
	s.fills()
	s.enters(desktop)
	for _, year := range []string{"2020", "2022"} {
		m := said("carol", "in "+year)
		m.Timestamp = proto.String(year + "0101T000000")
		s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
	}
	if n := s.expect("a message", message(roomJID)); stanza.ChildText(n, "", "body") != "in 2022" {
		t.Errorf("an older message than the client wants: %v", n)
	}
}

// TestLargeRoomArrivesInOrder joins a room of 1,000 occupants.
func TestLargeRoomArrivesInOrder(t *testing.T) {
	s := play(t, "")
	s.online()
	s.asks()
	const size = 1000
	for i := range size {
		s.occupant(fmt.Sprintf("n%04d", i), 0)
	}
	s.occupant("alice", flagMe)
	s.topic("", "")
	seen := map[string]bool{}
	s.expect("alice is the last one", func(n *xmltree.Node) bool {
		if presence(roomJID, "")(n) {
			seen[stanza.Attr(n, "from")] = true
		}
		return stanza.Attr(n, "from") == roomJID+"/alice"
	})
	if len(seen) != size+1 {
		t.Errorf("%d occupants came before alice", len(seen)-1)
	}
	s.enters(desktop)
}
