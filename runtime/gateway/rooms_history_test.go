package gateway_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
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
		{`<history maxchars="8"/>`, ""},
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

// TestHistoryHasRepeatedMessagesOnce repeats the old messages of a room, with an id on the
// network and without, after another CONNECTED and after a restart.
func TestHistoryHasRepeatedMessagesOnce(t *testing.T) {
	old := func(s *scene) {
		for i, text := range []string{"one", "two", "two", "three"} {
			m := said("carol", text)
			m.Timestamp = proto.String(fmt.Sprintf("20200101T00000%d", i))
			if i == 1 {
				m.Id = proto.String("net")
			}
			s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
		}
	}
	connects := func(s *scene) {
		s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
		delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
		s.fills()
		old(s)
	}
	for name, days := range map[string]string{"with an archive": "30", "without an archive": "0"} {
		lines, dir := "[settings]\nstay_connected=1\n[archive]\ndays="+days, t.TempDir()
		for _, c := range []struct {
			when  string
			start func(s *scene)
		}{
			{"after another CONNECTED", func(s *scene) { s.inRoom(); old(s); connects(s) }},
			{"after a restart", func(s *scene) { delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN); connects(s) }},
		} {
			t.Run(name+", "+c.when, func(t *testing.T) {
				s := play(t, lines, usersIn(dir))
				c.start(s)
				s.returns(phone)
				s.joins(phone, "alice", joinRoom)
				if got := s.bodies(phone); got != "one two two three" {
					t.Errorf("the history is %q", got)
				}
			})
		}
	}
}

// TestCharactersOfTheHistoryAreThoseOfStanzas joins with the exact number of characters of
// the last two messages (XEP-0045, section 7.2.13), which have more than a body.
func TestCharactersOfTheHistoryAreThoseOfStanzas(t *testing.T) {
	s := play(t, "[settings]\nstay_connected=1")
	s.stays()
	for _, text := range []string{"one", "zwölf", "three"} {
		m := said("carol", text)
		m.Xhtml = proto.String("<b>" + text + "</b>")
		s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
	}
	s.joins(desktop, "alice", joinRoom)
	chars := 0
	for _, want := range []string{"one", "zwölf", "three"} {
		n := s.expect("a message", func(n *xmltree.Node) bool { return message(roomJID)(n) && stanza.Attr(n, "to") == desktop })
		text, err := n.Text(1 << 20)
		if body := stanza.ChildText(n, "", "body"); body != want || err != nil {
			t.Fatalf("%q, not %q; %v", body, want, err)
		}
		if want != "one" {
			chars += utf8.RuneCountInString(text)
		}
	}
	s.enters(desktop)
	for _, c := range []struct {
		chars int
		want  string
	}{{chars, "zwölf three"}, {chars - 1, "three"}} {
		s.joins(desktop, "alice", fmt.Sprintf(`<x xmlns="http://jabber.org/protocol/muc"><history maxchars="%d"/></x>`, c.chars))
		if got := s.bodies(desktop); got != c.want {
			t.Errorf("%d characters: %q, not %q", c.chars, got, c.want)
		}
	}
}

// TestLimitsCountTheHistoryOfTheScript joins a room of which the script has old messages:
// before the subject, after it, and between new ones.
func TestLimitsCountTheHistoryOfTheScript(t *testing.T) {
	for _, c := range []struct{ history, want string }{
		{``, "o1 o2 o3 | new o4 o5 late"},
		{`<history maxstanzas="0"/>`, "| new late"},
		{`<history maxstanzas="2"/>`, "o2 o3 | new late"},
		{`<history maxstanzas="4"/>`, "o1 o2 o3 | new o5 late"},
		{`<history maxchars="0"/>`, "| new late"},
		{`<history since="2020-01-01T00:00:03Z"/>`, "o3 | new o4 o5 late"},
		{`<history seconds="60"/>`, "| new late"},
	} {
		t.Run(c.history, func(t *testing.T) {
			s := play(t, "")
			s.online()
			s.joins(desktop, "alice", `<x xmlns="http://jabber.org/protocol/muc">`+c.history+`</x>`)
			delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
			s.occupant("alice", flagMe)
			old := func(n int) {
				m := said("carol", fmt.Sprintf("o%d", n))
				m.Timestamp = proto.String(fmt.Sprintf("2020010%dT00000%d", (n+2)/6+1, n))
				s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
			}
			for n := range 3 {
				old(n + 1)
			}
			s.topic("carol", "tea")
			s.says("carol", "new")
			old(4)
			old(5)
			late := said("carol", "late") // it was lost by the network for a while
			late.Timestamp = proto.String(time.Now().Add(time.Hour).UTC().Format("20060102T150405"))
			s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, late)
			var got []string
			for len(got) == 0 || got[len(got)-1] != "late" {
				n := s.expect("a message", message(roomJID))
				if stanza.Child(n, "", "subject") != nil {
					got = append(got, "|")
				} else {
					got = append(got, stanza.ChildText(n, "", "body"))
				}
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("%q, not %q", text, c.want)
			}
		})
	}
}

// TestMaxstanzasMayExceedTheHistoryOfTheGateway has a client that wants more messages than the
// gateway keeps itself, from a script that has them.
func TestMaxstanzasMayExceedTheHistoryOfTheGateway(t *testing.T) {
	long := strings.Repeat("x", 100<<10)
	for _, c := range []struct {
		maxstanzas, sent int
		end              string // of each message
		want             int
	}{{150, 200, "", 150}, {500, 200, "", 200}, {999999, 1100, "", 1000}, {500, 20, long, 10}, {0, 20, "", 0}} {
		t.Run(fmt.Sprint(c.maxstanzas, " of ", c.sent), func(t *testing.T) {
			s := play(t, "")
			s.online()
			s.joins(desktop, "alice", fmt.Sprintf(`<x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="%d"/></x>`, c.maxstanzas))
			delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
			s.fills()
			s.enters(desktop)
			for n := range c.sent {
				m := said("carol", fmt.Sprintf("%d %s", n, c.end))
				m.Timestamp = proto.String("20200101T000000")
				s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
			}
			s.says("carol", "now")
			var got []string
			for len(got) == 0 || got[len(got)-1] != "now" {
				got = append(got, stanza.ChildText(s.expect("a message", message(roomJID)), "", "body"))
			}
			if n := len(got) - 1; n != c.want || n > 0 && !strings.HasPrefix(got[0], fmt.Sprint(c.sent-n, " ")) {
				t.Errorf("%d messages, beginning with %.20q", n, got[0])
			}
		})
	}
}

// TestOldMessagesAreHeldForASecond limits the history of a script that sends nothing else.
func TestOldMessagesAreHeldForASecond(t *testing.T) {
	s := play(t, "")
	s.online()
	s.joins(desktop, "alice", `<x xmlns="http://jabber.org/protocol/muc"><history maxstanzas="1"/></x>`)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
	s.fills()
	s.enters(desktop)
	for _, text := range []string{"one", "two"} {
		m := said("carol", text)
		m.Timestamp = proto.String("20200101T000000")
		s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
	}
	s.passes(time.Second)
	if n := s.expect("a message", message(roomJID)); stanza.ChildText(n, "", "body") != "two" {
		t.Errorf("not the last message: %v", n)
	}
}

// TestUserWithoutTheSettingStaysByDefault has a user who registered under Spectrum, before
// the config got stay_connected.
func TestUserWithoutTheSettingStaysByDefault(t *testing.T) {
	s := play(t, "[settings]\nstay_connected=1")
	if _, err := s.store.Register(s.ctx, users.Account{JID: alice, Name: "bob", Password: "hunter2"}, nil); err != nil {
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
	for limit, first := range map[string]string{
		`since="2021-01-01T00:00:00Z"`:    "in 2022",
		`since="yesterday"`:               "in 2020",
		`seconds="60"`:                    "now",
		`seconds="-1"`:                    "in 2020",
		`seconds="9999999999"`:            "in 2020", // more than a time.Duration can have
		`seconds="9223372036854775807"`:   "in 2020",
		`seconds="99999999999999999999"`:  "in 2020",
		`maxstanzas="0"`:                  "now",
		`maxstanzas="99999999999999999"`:  "in 2020",
		`maxchars="-5" maxstanzas="many"`: "in 2020",
	} {
		t.Run(limit, func(t *testing.T) {
			s := play(t, "")
			s.online()
			s.joins(desktop, "alice", `<x xmlns="http://jabber.org/protocol/muc"><history `+limit+`/></x>`)
			delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
			s.fills()
			s.enters(desktop)
			for _, year := range []string{"2020", "2022"} {
				m := said("carol", "in "+year)
				m.Timestamp = proto.String(year + "0101T000000")
				s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
			}
			s.says("carol", "now")
			if n := s.expect("a message", message(roomJID)); stanza.ChildText(n, "", "body") != first {
				t.Errorf("the first message is not %q: %v", first, n)
			}
		})
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
