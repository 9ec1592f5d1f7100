package gateway_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// reconnects lets alice's desktop join a room with carol and dan, and connects to the network
// once more.
func (s *scene) reconnects() {
	s.t.Helper()
	s.inRoom()
	s.occupant("dan", 0)
	s.expect("dan comes", from(roomJID+"/dan", desktop))
	s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
}

// sees returns what the desktop gets from the room until somebody says "end": presences with
// their type and codes, and messages.
func (s *scene) sees() string {
	s.t.Helper()
	s.says("carol", "end")
	var all []string
	for {
		n := s.expect("a stanza of the room", func(n *xmltree.Node) bool {
			return strings.HasPrefix(stanza.Attr(n, "from"), roomJID) && stanza.Attr(n, "to") == desktop
		})
		nick := strings.TrimPrefix(stanza.Attr(n, "from"), roomJID+"/")
		switch body := stanza.ChildText(n, "", "body"); {
		case body == "end":
			return strings.Join(all, ", ")
		case n.Name == "message":
			all = append(all, nick+": "+body)
		default:
			all = append(all, strings.Join(strings.Fields(nick+" "+stanza.Attr(n, "type")+" "+codes(n)), " "))
		}
	}
}

// TestOccupantsAreComparedAfterAReconnect lists the occupants of a room once more while a client is
// in it.
func TestOccupantsAreComparedAfterAReconnect(t *testing.T) {
	for _, c := range []struct {
		name   string
		script func(s *scene)
		want   string
	}{
		{"somebody has left and somebody has come", func(s *scene) {
			s.occupant("carol", flagModerator)
			s.occupant("erin", 0)
			s.occupant("alice", flagMe)
		}, "carol, erin, dan unavailable, alice 110"},
		{"somebody leaves during the list", func(s *scene) {
			s.occupant("carol", flagModerator)
			s.occupant("dan", 0)
			s.departs("dan", 0, "")
			s.changes(&pb.Participant{Nickname: proto.String("carol"), Newname: proto.String("caro")})
			s.occupant("alice", flagMe)
		}, "carol, dan, dan unavailable, carol unavailable 303, caro, alice 110"},
		{"a new connection during the list", func(s *scene) {
			s.occupant("dan", 0)
			s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
			s.occupant("alice", flagMe)
		}, "dan, carol unavailable, dan unavailable, alice 110"},
		{"the user has a nickname of somebody who has left", func(s *scene) {
			s.occupant("carol", flagModerator)
			s.occupant("dan", flagMe)
		}, "carol, dan unavailable, alice unavailable 110 303, dan 110"},
		{"somebody else has the nickname of the user", func(s *scene) {
			s.occupant("carol", flagModerator)
			s.occupant("alice", 0)
			s.occupant("alice_", flagMe)
			s.departs("alice", 0, "")
		}, "carol, alice 110, dan unavailable, alice unavailable 110 303, alice_ 110, alice, alice unavailable"},
		{"somebody else with the nickname of the user leaves during the list", func(s *scene) {
			s.occupant("carol", flagModerator)
			s.occupant("alice", 0)
			s.departs("alice", 0, "")
			s.occupant("alice_", flagMe)
		}, "carol, alice 110, dan unavailable, alice unavailable 110 303, alice_ 110"},
		{"the script does not list the occupants", func(s *scene) {
			s.changes(&pb.Participant{Nickname: proto.String("dan"), Status: pb.StatusType_STATUS_TYPE_AWAY.Enum()})
			s.departs("dan", 0, "")
		}, "dan, dan unavailable"},
		{"a second list has no effect on others", func(s *scene) {
			s.occupant("carol", flagModerator)
			s.occupant("dan", 0)
			s.occupant("alice", flagMe)
			s.occupant("alice", flagMe)
		}, "carol, dan, alice 110, alice 110"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := play(t, "")
			s.reconnects()
			c.script(s)
			if got := s.sees(); got != c.want {
				t.Errorf("the client sees %q, not %q", got, c.want)
			}
		})
	}
}

// TestRefusalAfterAReconnectEndsTheStay refuses the join that follows a reconnect. A nickname in
// use may be one of the lost connection, so the database keeps the room.
func TestRefusalAfterAReconnectEndsTheStay(t *testing.T) {
	for flag, stored := range map[int32]string{flagBanned: "", flagConflict: "[#room%net.org #room@net.org alice ]"} {
		s := play(t, "[settings]\nstay_connected=1")
		s.reconnects()
		s.occupant("alice", flagMe|flag)
		n := s.expect("alice is out", from(roomJID+"/alice", desktop))
		if got := codes(n); stanza.Attr(n, "type") != "unavailable" || !strings.HasPrefix(got, "110") {
			t.Errorf("the flag %d: codes %s: %v", flag, got, n)
		}
		s.keeps("after the refusal", stored)
	}
}

// TestMessagesThatClientsHaveSeenAreNotRepeated repeats messages as old ones, as a network does
// when the user joins a room again, together with some that were missed.
func TestMessagesThatClientsHaveSeenAreNotRepeated(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	message := func(nick, id, text, stamp string) {
		m := said(nick, text)
		m.Id, m.Timestamp = proto.String(id), proto.String(stamp)
		s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
	}
	message("carol", "1", "one", "")
	s.user(`<message type="groupchat" id="m1" from="` + desktop + `" to="` + roomJID + `"><body>two</body></message>`)
	mine := delivered[*pb.ConversationMessage](s, pb.WrapperMessage_TYPE_CONV_MESSAGE)
	s.script(pb.WrapperMessage_TYPE_SENT, &pb.Sent{UserName: proto.String(alice), Id: mine.Id, NetworkId: proto.String("2")})
	if got := s.sees(); got != "carol: one, alice: two" {
		t.Fatalf("the client sees %q", got)
	}
	s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
	s.occupant("carol", flagModerator)
	s.occupant("alice", flagMe)
	message("carol", "0", "zero", "20200101T000000")
	message("carol", "1", "one", "20200101T000001")
	message("alice", "2", "two", "20200101T000002")
	message("carol", "3", "missed", "20200101T000003")
	for range 2 { // a network may give all corrections of a message one id
		m := said("carol", "missed!")
		m.Id, m.Replaces, m.Timestamp = proto.String("3"), proto.String("3"), proto.String("20200101T000004")
		s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
	}
	if got := s.sees(); got != "carol, alice 110, carol: zero, carol: missed, carol: missed!, carol: missed!" {
		t.Errorf("the client sees %q", got)
	}
}
