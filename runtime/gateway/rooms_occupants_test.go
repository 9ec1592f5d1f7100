package gateway_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

func occupantID(n *xmltree.Node) string {
	return stanza.Attr(stanza.Child(n, stanza.OccupantID, "occupant-id"), "id")
}

func TestOccupantsChange(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	carol, dan := from(roomJID+"/carol", desktop), from(roomJID+"/dan", desktop)

	s.changes(&pb.Participant{Nickname: proto.String("dan"), Status: pb.StatusType_STATUS_TYPE_AWAY.Enum(), StatusMessage: proto.String("lunch"), IconHash: proto.String("abc")})
	n := s.expect("dan is away", dan)
	if stanza.ChildText(n, "", "show") != "away" || stanza.ChildText(n, "", "status") != "lunch" || item(n, "affiliation") != "member" ||
		stanza.ChildText(stanza.Child(n, stanza.VCardUpdate, "x"), stanza.VCardUpdate, "photo") != "abc" {
		t.Errorf("dan: %v", n)
	}
	dansID := occupantID(n)

	s.changes(&pb.Participant{Nickname: proto.String("dan"), Newname: proto.String("daniel")})
	if n := s.expect("dan changes the nickname", dan); codes(n) != "303" || item(n, "nick") != "daniel" || stanza.Attr(n, "type") != "unavailable" {
		t.Errorf("dan has the codes %s: %v", codes(n), n)
	}
	if n := s.expect("daniel", from(roomJID+"/daniel", desktop)); occupantID(n) != dansID || dansID == "" || codes(n) != "" {
		t.Errorf("daniel has another id: %v", n)
	}
	s.occupant("dan", 0)
	if n := s.expect("another dan", dan); occupantID(n) == dansID {
		t.Error("somebody else has the id of the first dan")
	}
	s.says("daniel", "it is me")
	if n := s.expect("daniel speaks", message(roomJID)); occupantID(n) != dansID {
		t.Error("a message has another id than its author")
	}

	for _, c := range []struct {
		flag                     int32
		codes, affiliation, says string
	}{
		{0, "", "admin", ""},
		{flagKicked, "307", "admin", "too loud"},
		{flagBanned | flagKicked, "301", "outcast", "too loud"},
		{flagDenied, "321", "admin", "too loud"},
	} {
		s.departs("carol", c.flag, "too loud")
		n := s.expect("carol departs", carol)
		reason := stanza.ChildText(stanza.Child(stanza.Child(n, stanza.MUCUser, "x"), stanza.MUCUser, "item"), stanza.MUCUser, "reason")
		if codes(n) != c.codes || item(n, "affiliation") != c.affiliation || item(n, "role") != "none" || reason != c.says || stanza.ChildText(n, "", "status") != "too loud" {
			t.Errorf("the flags %d: codes %s, reason %q: %v", c.flag, codes(n), reason, n)
		}
		s.departs("carol", c.flag, "again") // has no effect: carol is not there
		s.occupant("carol", flagModerator)
		if n := s.expect("carol returns", carol); stanza.Attr(n, "type") != "" {
			t.Errorf("carol departs twice: %v", n)
		}
	}
}

func TestUserGetsAnotherNickname(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	old, now := from(roomJID+"/alice", desktop), from(roomJID+"/alicia", desktop)
	check := func(how string) {
		t.Helper()
		if n := s.expect(how, old); codes(n) != "110 303" || item(n, "nick") != "alicia" || stanza.Attr(n, "type") != "unavailable" {
			t.Errorf("%s: codes %s: %v", how, codes(n), n)
		}
		if n := s.expect(how, now); codes(n) != "110" || stanza.Attr(n, "type") != "" {
			t.Errorf("%s: codes %s: %v", how, codes(n), n)
		}
		s.changes(&pb.Participant{Nickname: proto.String("alicia"), Newname: proto.String("alice"), Flag: proto.Int32(flagMe)})
		s.expect("and back", old)
	}
	// The client asks for it, and the script agrees in one of three ways.
	s.user(`<presence from="` + desktop + `" to="` + roomJID + `/alicia"/>`)
	if m := delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM); m.GetNickname() != "alicia" || m.GetRoom() != room {
		t.Errorf("JOIN_ROOM: %v", m)
	}
	s.changes(&pb.Participant{Nickname: proto.String("alice"), Newname: proto.String("alicia"), Flag: proto.Int32(flagMe)})
	check("a participant with a new name")
	s.occupant("alicia", flagMe)
	check("a participant with another name")
	s.script(pb.WrapperMessage_TYPE_ROOM_NICKNAME_CHANGED, &pb.Room{UserName: proto.String(alice), Room: proto.String(room), Nickname: proto.String("alicia")})
	check("ROOM_NICKNAME_CHANGED")

	s.user(`<presence id="n1" from="` + desktop + `" to="` + roomJID + `/carol"/>`)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
	s.occupant("carol", flagMe|flagConflict)
	if n := s.expect("the nickname is in use", from(roomJID+"/carol", desktop)); stanza.Attr(n, "id") != "n1" || stanza.ErrorOf(n) == nil || stanza.ErrorOf(n).Condition != stanza.Conflict {
		t.Errorf("the refusal: %v", n)
	}
	s.says("alice", "still here")
	s.expect("alice is still in the room", message(roomJID))
}

func TestNetworkAssignsANickname(t *testing.T) {
	s := play(t, "")
	s.online()
	s.asks()
	s.script(pb.WrapperMessage_TYPE_ROOM_NICKNAME_CHANGED, &pb.Room{UserName: proto.String(alice), Room: proto.String(room), Nickname: proto.String("alice_")})
	s.occupant("carol", 0)
	s.occupant("alice_", flagMe)
	if n := s.expect("alice_", from(roomJID+"/alice_", desktop)); codes(n) != "110 210" {
		t.Errorf("codes %s", codes(n))
	}
}

// TestSomebodyElseHasTheRequestedNickname announces another alice during the join. The
// user is the participant with the flag me.
func TestSomebodyElseHasTheRequestedNickname(t *testing.T) {
	nicknameChanged := func(s *scene) {
		s.script(pb.WrapperMessage_TYPE_ROOM_NICKNAME_CHANGED, &pb.Room{UserName: proto.String(alice), Room: proto.String(room), Nickname: proto.String("alice_")})
	}
	me := func(s *scene) { s.occupant("alice_", flagMe) }
	for _, c := range []struct {
		name   string
		script func(s *scene)
		want   string // the presences that the client gets before the subject
	}{
		{"the user has another nickname", me, "alice[] carol[] alice_[110 210]"},
		{"as irc.lua says it", func(s *scene) { nicknameChanged(s); me(s) }, "alice[] carol[] alice_[110 210]"},
		{"the user is renamed during the join", func(s *scene) {
			s.occupant("ally", 0)
			s.changes(&pb.Participant{Nickname: proto.String("ally"), Newname: proto.String("alice_"), Flag: proto.Int32(flagMe)})
		}, "alice[] carol[] alice_[110 210]"},
		{"the other one is renamed", func(s *scene) {
			s.changes(&pb.Participant{Nickname: proto.String("alice"), Newname: proto.String("alicia")})
			s.occupant("alice", flagMe)
		}, "alicia[] carol[] alice[110]"},
		{"the other one leaves", func(s *scene) { s.departs("alice", 0, ""); me(s) }, "carol[] alice_[110 210]"},
		{"the other one is kicked", func(s *scene) { s.departs("alice", flagKicked, ""); me(s) }, "carol[] alice_[110 210]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := play(t, "")
			s.online()
			s.asks()
			s.occupant("alice", flagModerator)
			s.occupant("carol", 0)
			c.script(s)
			s.topic("carol", "tea")
			var got []string
			s.expect("the subject", func(n *xmltree.Node) bool {
				if nick, ok := strings.CutPrefix(stanza.Attr(n, "from"), roomJID+"/"); ok && n.Name == "presence" {
					got = append(got, nick+stanza.Attr(n, "type")+"["+codes(n)+"]")
				}
				return message(roomJID)(n) && stanza.Child(n, "", "subject") != nil
			})
			if got := strings.Join(got, " "); got != c.want {
				t.Errorf("the client gets %s, not %s", got, c.want)
			}
		})
	}
}

func TestUserCreatesARoom(t *testing.T) {
	s := play(t, "")
	s.online()
	s.asks()
	s.occupant("alice", flagMe|flagModerator)
	if n := s.expect("alice", from(roomJID+"/alice", desktop)); codes(n) != "110 201" {
		t.Errorf("codes %s", codes(n))
	}
}

// TestAliasesAreNicknames announces names on the network with aliases, so the room is not
// anonymous.
func TestAliasesAreNicknames(t *testing.T) {
	s := play(t, "")
	s.online()
	s.asks()
	s.changes(&pb.Participant{Nickname: proto.String("carol@net.org"), Alias: proto.String("Carol")})
	s.occupant("alice", flagMe)
	if n := s.expect("Carol", from(roomJID+"/Carol", desktop)); item(n, "jid") != `carol\40net.org@`+transport {
		t.Errorf("Carol: %v", n)
	}
	if n := s.expect("alice", from(roomJID+"/alice", desktop)); codes(n) != "100 110" {
		t.Errorf("codes %s", codes(n))
	}
	s.topic("", "")
	s.says("carol@net.org", "hi")
	s.expect("Carol speaks", from(roomJID+"/Carol", desktop))
	s.user(`<message type="chat" from="` + desktop + `" to="` + roomJID + `/Carol"><body>psst</body></message>`)
	if m := delivered[*pb.ConversationMessage](s, pb.WrapperMessage_TYPE_CONV_MESSAGE); m.GetBuddyName() != room+"/carol@net.org" {
		t.Errorf("the private message is for %q", m.GetBuddyName())
	}
	s.user(iq("get", "v1", roomJID+"/Carol", vcardGet))
	if m := delivered[*pb.VCard](s, pb.WrapperMessage_TYPE_VCARD); m.GetBuddyName() != room+"/carol@net.org" {
		t.Errorf("the vCard is that of %q", m.GetBuddyName())
	}
	hello := said("carol@net.org", "hello")
	hello.Id = proto.String("77")
	s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, hello)
	n := s.expect("Carol speaks", func(n *xmltree.Node) bool { return stanza.ChildText(n, "", "body") == "hello" })
	id := stanza.Attr(stanza.Child(n, stanza.StanzaID, "stanza-id"), "id")
	s.user(`<message type="groupchat" from="` + desktop + `" to="` + roomJID + `"><body>hi</body><reply xmlns="urn:xmpp:reply:0" id="` + id + `" to="` + roomJID + `/Carol"/></message>`)
	if m := delivered[*pb.ConversationMessage](s, pb.WrapperMessage_TYPE_CONV_MESSAGE); m.GetReplyTo().GetAuthor() != "carol@net.org" {
		t.Errorf("the reply is to %v", m.GetReplyTo())
	}
}

func TestUserIsRemovedFromTheRoom(t *testing.T) {
	s := play(t, "")
	s.online()
	for _, c := range []struct {
		flag  int32
		codes string
	}{{0, "110"}, {flagKicked, "110 307"}, {flagBanned, "110 301"}, {flagDenied, "110 321"}, {flagNotFound, "110"}} {
		t.Run(c.codes+fmt.Sprint(c.flag), func(t *testing.T) {
			s.joins(desktop, "alice", joinRoom)
			delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
			s.fills()
			s.enters(desktop)
			s.departs("alice", flagMe|c.flag, "too loud")
			n := s.expect("alice is removed", from(roomJID+"/alice", desktop))
			if codes(n) != c.codes || stanza.Attr(n, "type") != "unavailable" || stanza.ChildText(n, "", "status") != "too loud" {
				t.Errorf("codes %s: %v", codes(n), n)
			}
			if destroyed := stanza.Child(stanza.Child(n, stanza.MUCUser, "x"), stanza.MUCUser, "destroy") != nil; destroyed != (c.flag == flagNotFound) {
				t.Errorf("destroyed: %v", destroyed)
			}
			// What irc.lua adds for Spectrum has no effect.
			s.script(pb.WrapperMessage_TYPE_ROOM_NICKNAME_CHANGED, &pb.Room{UserName: proto.String(alice), Room: proto.String(room), Nickname: proto.String("-")})
			s.departs("-", flagMe|flagNotFound, "")
			s.user(`<message type="groupchat" from="` + desktop + `" to="` + roomJID + `"><body>hello?</body></message>`)
			if n := s.expect("an error", func(n *xmltree.Node) bool { return stanza.Attr(n, "from") == roomJID || presence(roomJID, "error")(n) }); stanza.ErrorOf(n) == nil || stanza.ErrorOf(n).Condition != stanza.NotAcceptable {
				t.Errorf("alice is not out of the room: %v", n)
			}
		})
	}
}
