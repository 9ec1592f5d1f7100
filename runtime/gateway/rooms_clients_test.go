package gateway_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// appears makes a client of alice available.
func (s *scene) appears(client string) {
	s.t.Helper()
	s.user(`<presence from="` + client + `" to="` + transport + `"/>`)
	s.expect("the transport is online", func(n *xmltree.Node) bool {
		return presence(transport, "")(n) && stanza.Attr(n, "to") == client
	})
}

// leaves makes a client leave the room.
func (s *scene) leaves(client string) {
	s.t.Helper()
	s.user(`<presence type="unavailable" from="` + client + `" to="` + roomJID + `/alice"/>`)
	s.expect("it leaves", func(n *xmltree.Node) bool {
		return from(roomJID+"/alice", client)(n) && stanza.Attr(n, "type") == "unavailable"
	})
}

// nothing checks that the script has got no payload of a type so far: the next one is for a
// message to a contact.
func (s *scene) nothing(typ pb.WrapperMessage_Type) {
	s.t.Helper()
	s.user(`<message type="chat" from="` + desktop + `" to="mark@` + transport + `"><body>mark</body></message>`)
	for {
		p := s.next()
		if p.typ == typ {
			s.t.Errorf("the script got %v: %v", typ, p.message)
		}
		if m, ok := p.message.(*pb.ConversationMessage); ok && m.GetMessage() == "mark" {
			return
		}
	}
}

// next returns the next payload for the script.
func (s *scene) next() payload {
	s.t.Helper()
	select {
	case p := <-s.payloads:
		return p
	case <-s.ctx.Done():
		s.t.Fatal("the script got nothing more")
		return payload{}
	}
}

// TestTwoClientsShareARoom joins with a second client, under another nickname.
func TestTwoClientsShareARoom(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	s.appears(phone)
	s.joins(phone, "alice2", joinRoom)
	s.expect("carol", from(roomJID+"/carol", phone))
	if n := s.expect("alice", from(roomJID+"/alice", phone)); codes(n) != "110 210" {
		t.Errorf("codes %s", codes(n))
	}
	s.enters(phone)
	s.nothing(pb.WrapperMessage_TYPE_JOIN_ROOM)
	s.says("carol", "hi both")
	s.expect("the desktop hears carol", from(roomJID+"/carol", desktop))
	s.expect("the phone hears carol", from(roomJID+"/carol", phone))

	s.joins(desktop, "alice", joinRoom) // it has lost its state
	s.expect("carol", from(roomJID+"/carol", desktop))
	s.enters(desktop)
	s.nothing(pb.WrapperMessage_TYPE_JOIN_ROOM)

	s.leaves(desktop)
	s.nothing(pb.WrapperMessage_TYPE_LEAVE_ROOM)
	s.says("carol", "hi phone")
	s.expect("the phone hears carol", from(roomJID+"/carol", phone))
	s.user(`<presence type="unavailable" from="` + phone + `" to="` + transport + `"/>`)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_LEAVE_ROOM)
}

// TestClientThatDoesNotReceiveIsRemoved answers a message of the room with an error.
func TestClientThatDoesNotReceiveIsRemoved(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	bounce := `<message type="error" from="` + desktop + `" to="` + roomJID + `/carol"><error type="cancel"><CONDITION xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>`
	s.user(strings.Replace(bounce, "CONDITION", "not-acceptable", 1)) // the client does not like the message
	s.nothing(pb.WrapperMessage_TYPE_LEAVE_ROOM)
	s.user(strings.Replace(bounce, "CONDITION", "recipient-unavailable", 1))
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_LEAVE_ROOM)
}

func TestJoinWaitsForTheConnection(t *testing.T) {
	s := play(t, "")
	s.register()
	s.user(`<presence from="` + desktop + `" to="` + transport + `"/>`)
	delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
	s.joins(desktop, "alice", joinRoom)
	s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
	s.fills()
	s.enters(desktop)
	// The network was lost and is back.
	s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
	if m := delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM); m.GetNickname() != "alice" || m.GetRoom() != room {
		t.Errorf("JOIN_ROOM: %v", m)
	}
}

// TestJoinLogsIn joins before the transport has seen the client, and leaves the only room.
func TestJoinLogsIn(t *testing.T) {
	s := play(t, "")
	s.joins(desktop, "alice", joinRoom)
	if e := stanza.ErrorOf(s.expect("a stranger", presence(roomJID, "error"))); e.Condition != stanza.RegistrationRequired {
		t.Errorf("a stranger joins: %v", e)
	}
	s.register()
	s.joins(desktop, "alice", joinRoom)
	delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
	s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
	s.fills()
	s.enters(desktop)
	s.leaves(desktop)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_LEAVE_ROOM)
	delivered[*pb.Logout](s, pb.WrapperMessage_TYPE_LOGOUT)
}

// onlyInRoom registers alice and joins with a client that sends no presence to the transport.
func (s *scene) onlyInRoom() {
	s.t.Helper()
	s.register()
	s.joins(desktop, "alice", joinRoom)
	delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
	s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
}

// TestClientsThatAreOnlyInRoomsKeepTheSession has two clients of a user without the transport in
// the roster. The session lasts until the last one leaves.
func TestClientsThatAreOnlyInRoomsKeepTheSession(t *testing.T) {
	s := play(t, "")
	s.onlyInRoom()
	s.fills()
	s.enters(desktop)
	s.joins(phone, "alice", joinRoom)
	s.enters(phone)
	s.leaves(desktop)
	s.says("carol", "hi phone")
	s.expect("the phone hears carol", from(roomJID+"/carol", phone))
	s.nothing(pb.WrapperMessage_TYPE_LOGOUT)
	s.leaves(phone)
	delivered[*pb.Logout](s, pb.WrapperMessage_TYPE_LOGOUT)
}

// TestClientThatIsOnlyInRoomsStaysWithoutOthers has a client that the user's server reports, and
// one that has only joined a room.
func TestClientThatIsOnlyInRoomsStaysWithoutOthers(t *testing.T) {
	s := play(t, "")
	s.online()
	s.user(`<presence from="` + desktop + `" to="` + transport + `"><show>dnd</show><priority>-1</priority></presence>`)
	delivered[*pb.Status](s, pb.WrapperMessage_TYPE_STATUS_CHANGED)
	s.script(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("carol"), Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()})
	s.joins(phone, "alice", joinRoom)
	s.nothing(pb.WrapperMessage_TYPE_STATUS_CHANGED) // the status is that of the desktop
	s.fills()
	s.enters(phone)
	s.user(`<presence from="` + phone + `" to="` + transport + `"/>`)
	s.expect("the phone sees the contacts", func(n *xmltree.Node) bool {
		return presence(carol, "")(n) && stanza.Attr(n, "to") == phone
	})
	s.user(`<presence type="unavailable" from="` + desktop + `" to="` + transport + `"/>`)
	s.says("carol", "hi phone")
	s.expect("the phone hears carol", from(roomJID+"/carol", phone))
}

// TestClientThatJoinsAgainAfterARestartStays has a client that is offline when the transport asks
// for it after a reconnect, and joins before the time for answers is over.
func TestClientThatJoinsAgainAfterARestartStays(t *testing.T) {
	s := play(t, "")
	s.onlyInRoom()
	s.fills()
	s.enters(desktop)
	s.server.Disconnect()
	ping := s.expect("a ping", func(n *xmltree.Node) bool {
		return n.Name == "iq" && stanza.Attr(n, "to") == desktop && stanza.Child(n, stanza.Ping, "ping") != nil
	})
	s.user(`<iq type="error" id="` + stanza.Attr(ping, "id") + `" from="` + desktop + `" to="` + transport + `"><error type="cancel"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></iq>`)
	s.joins(desktop, "alice", joinRoom)
	s.enters(desktop)
	s.passes(time.Minute)
	s.nothing(pb.WrapperMessage_TYPE_LOGOUT)
	s.says("carol", "hi again")
	s.expect("the desktop hears carol", from(roomJID+"/carol", desktop))
}

// TestClientThatNoRoomAcceptsLogsOut has a client whose only join is refused: the session ends
// when its server says that it is offline, or after a minute.
func TestClientThatNoRoomAcceptsLogsOut(t *testing.T) {
	for name, end := range map[string]func(s *scene){
		"the client goes offline": func(s *scene) {
			s.user(`<presence type="unavailable" from="` + desktop + `" to="` + roomJID + `/alice"/>`)
		},
		"a minute passes": func(s *scene) { s.passes(time.Minute) },
	} {
		t.Run(name, func(t *testing.T) {
			s := play(t, "")
			s.onlyInRoom()
			s.changes(&pb.Participant{Nickname: proto.String("alice"), Flag: proto.Int32(int32(pb.ParticipantFlag_PARTICIPANT_FLAG_CONFLICT)), Status: pb.StatusType_STATUS_TYPE_NONE.Enum()})
			s.expect("the nickname is taken", presence(roomJID, "error"))
			end(s)
			delivered[*pb.Logout](s, pb.WrapperMessage_TYPE_LOGOUT)
		})
	}
}

// TestJoinWithoutDatabaseMayBeRepeated joins while the user cannot log in.
func TestJoinWithoutDatabaseMayBeRepeated(t *testing.T) {
	s := play(t, "")
	s.register()
	if err := s.store.Close(); err != nil {
		t.Fatal(err)
	}
	s.joins(desktop, "alice", joinRoom)
	n := s.expect("an error", presence(roomJID, "error"))
	if e := stanza.ErrorOf(n); e.Condition != stanza.ResourceConstraint || stanza.Child(n, "", "error").Get("type") != "wait" || !strings.Contains(e.Text, "database") {
		t.Errorf("a join without the database: %v", e)
	}
}

func TestLoginThatFailsRefusesTheJoin(t *testing.T) {
	s := play(t, "")
	s.register()
	s.joins(desktop, "alice", joinRoom)
	delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
	s.script(pb.WrapperMessage_TYPE_DISCONNECTED, &pb.Disconnected{User: proto.String(alice), Error: pb.ConnectionError_CONNECTION_ERROR_AUTHENTICATION_FAILED.Enum()})
	if n := s.expect("the refusal", presence(roomJID, "error")); stanza.Attr(n, "id") != "j1" {
		t.Errorf("the refusal: %v", n)
	}
}

// TestSessionEndsInARoom checks that the script leaves the room before the logout, and that
// the client knows that it is out.
func TestSessionEndsInARoom(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	s.script(pb.WrapperMessage_TYPE_DISCONNECTED, &pb.Disconnected{User: proto.String(alice), Error: pb.ConnectionError_CONNECTION_ERROR_NAME_IN_USE.Enum()})
	if n := s.expect("alice is out", presence(roomJID, "unavailable")); codes(n) != "110 332" {
		t.Errorf("codes %s", codes(n))
	}
	var got []pb.WrapperMessage_Type
	for len(got) == 0 || got[len(got)-1] != pb.WrapperMessage_TYPE_LOGOUT {
		got = append(got, s.next().typ)
	}
	if n := len(got); n < 2 || got[n-2] != pb.WrapperMessage_TYPE_LEAVE_ROOM {
		t.Errorf("the script got %v", got)
	}
}

// TestRoomsIgnoreCase joins rooms whose names the script and the server spell in another
// way.
func TestRoomsIgnoreCase(t *testing.T) {
	s := play(t, "")
	s.online()
	for _, c := range []struct{ jid, script string }{
		{"#room%net.org", "#ROOM@net.org"},
		{"#grün", "#GRÜN"},
		{"lounge", "Lounge"},
		{`a\20b\40net.org`, "A B@net.org"},
	} {
		t.Run(c.script, func(t *testing.T) {
			jid := c.jid + "@" + transport
			s.user(`<presence from="` + desktop + `" to="` + jid + `/alice">` + joinRoom + `</presence>`)
			delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
			s.changes(&pb.Participant{Room: &c.script, Nickname: proto.String("alice"), Flag: proto.Int32(flagMe)})
			s.expect("alice is in the room", from(jid+"/alice", desktop))
			m := said("carol", "hi")
			m.BuddyName = &c.script
			s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
			s.expect("carol speaks", from(jid+"/carol", desktop))
			s.user(`<presence type="unavailable" from="` + desktop + `" to="` + jid + `/alice"/>`)
			delivered[*pb.Room](s, pb.WrapperMessage_TYPE_LEAVE_ROOM)
		})
	}
}

// TestRoomWithTwoJIDsIsLeftWithTheLast joins a room with two JIDs that have the same name on the
// network, and leaves it with one of them.
func TestRoomWithTwoJIDsIsLeftWithTheLast(t *testing.T) {
	const usual, unusual = roomJID, `#room\40net.org@` + transport
	for _, c := range []struct {
		name          string
		first, second string
		left, stays   string
	}{
		{"the first one", usual, unusual, usual, unusual},
		{"the second one", usual, unusual, unusual, usual},
		{"the first one in another order", unusual, usual, unusual, usual},
		{"the second one in another order", unusual, usual, usual, unusual},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := play(t, "")
			s.online()
			for _, jid := range []string{c.first, c.second} {
				s.user(`<presence from="` + desktop + `" to="` + jid + `/alice">` + joinRoom + `</presence>`)
				delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
				s.occupant("alice", flagMe)
				s.expect("alice is in the room", from(jid+"/alice", desktop))
			}
			s.user(`<presence type="unavailable" from="` + desktop + `" to="` + c.left + `/alice"/>`)
			s.expect("alice leaves", from(c.left+"/alice", desktop))
			s.nothing(pb.WrapperMessage_TYPE_LEAVE_ROOM)
			for _, name := range []string{room, "#ROOM@net.org"} {
				m := said("carol", "hi")
				m.BuddyName = &name
				s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, m)
				s.expect("carol speaks", from(c.stays+"/carol", desktop))
				private := said("", "psst")
				private.BuddyName = proto.String(name + "/carol")
				s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, private)
				s.expect("carol whispers", from(c.stays+"/carol", desktop))
			}
			s.user(`<presence type="unavailable" from="` + desktop + `" to="` + c.stays + `/alice"/>`)
			delivered[*pb.Room](s, pb.WrapperMessage_TYPE_LEAVE_ROOM)
		})
	}
}

// TestLongNamesFitIntoJIDs uses a room and a nickname of the greatest length.
func TestLongNamesFitIntoJIDs(t *testing.T) {
	s := play(t, "")
	s.online()
	local, nick := "#"+strings.Repeat("r", 1022), strings.Repeat("é", 511)
	jid := local + "@" + transport
	s.user(`<presence from="` + desktop + `" to="` + jid + "/" + nick + `">` + joinRoom + `</presence>`)
	m := delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
	if m.GetRoom() != local || m.GetNickname() != nick {
		t.Errorf("JOIN_ROOM: %v", m)
	}
	s.changes(&pb.Participant{Room: m.Room, Nickname: m.Nickname, Flag: proto.Int32(flagMe)})
	s.expect("alice is in the room", from(jid+"/"+nick, desktop))
}

// TestJoinGetsAnEmptySubject waits for the subject of a room without one.
func TestJoinGetsAnEmptySubject(t *testing.T) {
	s := play(t, "")
	s.online()
	s.asks()
	s.occupant("alice", flagMe)
	s.expect("alice", from(roomJID+"/alice", desktop))
	s.passes(time.Minute)
	s.enters(desktop)
}
