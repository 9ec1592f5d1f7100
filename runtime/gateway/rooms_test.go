package gateway_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

const (
	room     = "#room@net.org" // its name on the network
	roomJID  = "#room%net.org@" + transport
	joinRoom = `<x xmlns="http://jabber.org/protocol/muc"/>`
)

const (
	flagMe        = int32(pb.ParticipantFlag_PARTICIPANT_FLAG_ME)
	flagModerator = int32(pb.ParticipantFlag_PARTICIPANT_FLAG_MODERATOR)
	flagConflict  = int32(pb.ParticipantFlag_PARTICIPANT_FLAG_CONFLICT)
	flagBanned    = int32(pb.ParticipantFlag_PARTICIPANT_FLAG_BANNED)
	flagKicked    = int32(pb.ParticipantFlag_PARTICIPANT_FLAG_KICKED)
	flagDenied    = int32(pb.ParticipantFlag_PARTICIPANT_FLAG_NOT_AUTHORIZED)
	flagNotFound  = int32(pb.ParticipantFlag_PARTICIPANT_FLAG_ROOM_NOT_FOUND)
)

// inRoom logs alice in and lets her desktop join the room, with carol in it.
func (s *scene) inRoom() {
	s.t.Helper()
	s.online()
	s.joins(desktop, "alice", joinRoom)
	if m := delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM); m.GetRoom() != room || m.GetNickname() != "alice" {
		s.t.Fatalf("JOIN_ROOM: %v", m)
	}
	s.fills()
	s.enters(desktop)
}

// asks asks to join the room and waits for JOIN_ROOM.
func (s *scene) asks() {
	s.t.Helper()
	s.joins(desktop, "alice", joinRoom)
	delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
}

// joins asks to join the room.
func (s *scene) joins(client, nick, x string) {
	s.t.Helper()
	s.user(`<presence id="j1" from="` + client + `" to="` + roomJID + "/" + nick + `">` + x + `</presence>`)
}

// fills announces the occupants and the subject of the room, as a script does.
func (s *scene) fills() {
	s.t.Helper()
	s.occupant("carol", flagModerator)
	s.occupant("alice", flagMe)
	s.topic("carol", "tea")
}

// enters waits until a client has got the whole state of the room.
func (s *scene) enters(client string) {
	s.t.Helper()
	s.expect("the subject", func(n *xmltree.Node) bool {
		return message(roomJID)(n) && stanza.Attr(n, "to") == client && stanza.Child(n, "", "subject") != nil
	})
}

// occupant announces an occupant who is online.
func (s *scene) occupant(nick string, flag int32) {
	s.t.Helper()
	s.changes(&pb.Participant{Nickname: &nick, Flag: &flag, Status: pb.StatusType_STATUS_TYPE_ONLINE.Enum()})
}

// departs announces that an occupant has left.
func (s *scene) departs(nick string, flag int32, why string) {
	s.t.Helper()
	s.changes(&pb.Participant{Nickname: &nick, Flag: &flag, Status: pb.StatusType_STATUS_TYPE_NONE.Enum(), StatusMessage: &why})
}

func (s *scene) changes(p *pb.Participant) {
	s.t.Helper()
	p.UserName = proto.String(alice)
	if p.Room == nil {
		p.Room = proto.String(room)
	}
	if p.Status == nil {
		p.Status = pb.StatusType_STATUS_TYPE_ONLINE.Enum()
	}
	if p.Flag == nil {
		p.Flag = proto.Int32(0)
	}
	s.script(pb.WrapperMessage_TYPE_PARTICIPANT_CHANGED, p)
}

func (s *scene) topic(nick, text string) {
	s.t.Helper()
	s.script(pb.WrapperMessage_TYPE_ROOM_SUBJECT_CHANGED, said(nick, text))
}

func (s *scene) says(nick, text string) {
	s.t.Helper()
	s.script(pb.WrapperMessage_TYPE_CONV_MESSAGE, said(nick, text))
}

func said(nick, text string) *pb.ConversationMessage {
	m := &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String(room), Message: &text}
	if nick != "" {
		m.Nickname = &nick
	}
	return m
}

// from matches a stanza of a JID to a client.
func from(jid, client string) func(n *xmltree.Node) bool {
	return func(n *xmltree.Node) bool { return stanza.Attr(n, "from") == jid && stanza.Attr(n, "to") == client }
}

// codes returns the status codes of a presence.
func codes(n *xmltree.Node) string {
	var all []string
	for _, c := range stanza.Children(stanza.Child(n, stanza.MUCUser, "x")) {
		if c.Name == "status" {
			all = append(all, stanza.Attr(c, "code"))
		}
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func item(n *xmltree.Node, attribute string) string {
	return stanza.Attr(stanza.Child(stanza.Child(n, stanza.MUCUser, "x"), stanza.MUCUser, "item"), attribute)
}

// TestClientJoinsARoomSpeaksAndLeaves checks the order of a join, too.
func TestClientJoinsARoomSpeaksAndLeaves(t *testing.T) {
	s := play(t, "")
	s.online()
	s.joins(desktop, "alice", `<x xmlns="http://jabber.org/protocol/muc"><password>pw</password></x>`)
	if m := delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM); m.GetRoom() != room || m.GetNickname() != "alice" || m.GetPassword() != "pw" {
		t.Fatalf("JOIN_ROOM: %v", m)
	}
	s.topic("carol", "tea") // too early: the client gets it at the end
	s.fills()
	if n := s.expect("carol", from(roomJID+"/carol", desktop)); item(n, "role") != "moderator" || item(n, "affiliation") != "admin" || codes(n) != "" {
		t.Errorf("carol: %v", n)
	}
	if n := s.expect("alice", from(roomJID+"/alice", desktop)); item(n, "role") != "participant" || codes(n) != "110" {
		t.Errorf("alice has the codes %s: %v", codes(n), n)
	}
	if n := s.expect("the subject", message(roomJID)); stanza.ChildText(n, "", "subject") != "tea" || stanza.Child(n, "", "body") != nil || stanza.Attr(n, "from") != roomJID+"/carol" {
		t.Errorf("the subject: %v", n)
	}

	s.user(`<message type="groupchat" id="m1" from="` + desktop + `" to="` + roomJID + `"><body>hi</body></message>`)
	if m := delivered[*pb.ConversationMessage](s, pb.WrapperMessage_TYPE_CONV_MESSAGE); m.GetBuddyName() != room || m.GetMessage() != "hi" {
		t.Errorf("CONV_MESSAGE: %v", m)
	}
	s.says("carol", "hi alice")
	if n := s.expect("carol speaks", from(roomJID+"/carol", desktop)); stanza.ChildText(n, "", "body") != "hi alice" || stanza.Attr(n, "type") != "groupchat" {
		t.Errorf("carol: %v", n)
	}
	s.says("alice", "hi")
	if n := s.expect("alice speaks", from(roomJID+"/alice", desktop)); stanza.Attr(n, "id") != "m1" {
		t.Errorf("the message has lost its id: %v", n)
	}
	s.user(`<message type="groupchat" from="` + desktop + `" to="` + roomJID + `"><subject>coffee</subject></message>`)
	if m := delivered[*pb.ConversationMessage](s, pb.WrapperMessage_TYPE_ROOM_SUBJECT_CHANGED); m.GetBuddyName() != room || m.GetMessage() != "coffee" {
		t.Errorf("ROOM_SUBJECT_CHANGED: %v", m)
	}

	s.user(`<presence type="unavailable" from="` + desktop + `" to="` + roomJID + `/alice"/>`)
	if n := s.expect("alice leaves", from(roomJID+"/alice", desktop)); codes(n) != "110" || item(n, "role") != "none" || stanza.Attr(n, "type") != "unavailable" {
		t.Errorf("alice has the codes %s: %v", codes(n), n)
	}
	if m := delivered[*pb.Room](s, pb.WrapperMessage_TYPE_LEAVE_ROOM); m.GetRoom() != room {
		t.Errorf("LEAVE_ROOM: %v", m)
	}
}
