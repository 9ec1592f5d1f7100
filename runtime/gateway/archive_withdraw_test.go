package gateway_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// archivedStanzas returns the stanzas in an archive.
func (s *scene) archivedStanzas(to string) (all []*xmltree.Node) {
	s.t.Helper()
	skip := len(s.server.Stanzas())
	s.archived(to, "", "")
	for _, n := range s.server.Stanzas()[skip:] {
		if result := stanza.Child(n, stanza.Archive, "result"); result != nil {
			all = append(all, stanza.Child(stanza.Child(result, stanza.Forward, "forwarded"), "", "message"))
		}
	}
	return all
}

// texts returns the texts in an archive: † for a tombstone, - for a retraction.
func (s *scene) texts(to string) string {
	s.t.Helper()
	var all []string
	for _, n := range s.archivedStanzas(to) {
		text := stanza.ChildText(n, "", "body")
		switch {
		case stanza.Child(n, stanza.Retract, "retracted") != nil:
			text += "†"
		case stanza.Child(n, stanza.Retract, "retract") != nil:
			text = "-"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

// TestWithdrawnMessagesOfAChatLeaveTheArchive withdraws messages that have been corrected.
func TestWithdrawnMessagesOfAChatLeaveTheArchive(t *testing.T) {
	for _, by := range []string{"c1", "c2"} { // the message, or its correction
		s := play(t, "")
		s.online()
		s.sent(s.writes(carolJID, "chat", "c1", `<body>one</body>`).GetId(), "41")
		s.sent(s.writes(carolJID, "chat", "c2", `<body>ONE</body>`+replace("c1")).GetId(), "41")
		for _, m := range []*pb.ConversationMessage{
			{Id: proto.String("42"), Message: proto.String("two")},
			{Id: proto.String("42"), Message: proto.String("TWO"), Replaces: proto.String("42")},
			{Id: proto.String("43"), Message: proto.String("Two"), Replaces: proto.String("42")},
			{Id: proto.String("44"), Message: proto.String("three")},
		} {
			s.fromCarol(typeMessage, m)
		}
		withdraw := func(id string) {
			s.script(typeRetraction, &pb.Retraction{UserName: proto.String(alice), BuddyName: proto.String("carol"), Id: &id})
			s.expect("the retraction", message(carol))
		}
		withdraw("41") // carol cannot withdraw a message of alice
		if got := s.texts(carolJID); got != "one ONE two TWO Two three -" {
			t.Errorf("at first: %q", got)
		}
		s.user(chat("chat", retract(by)))
		delivered[*pb.Retraction](s, typeRetraction)
		if got := s.texts(carolJID); got != "† † two TWO Two three - -" {
			t.Errorf("alice withdraws %s: %q", by, got)
		}
		withdraw("42")
		withdraw("unknown")
		if got := s.texts(transport); got != "† † † † † three - - - -" {
			t.Errorf("carol withdraws a message: %q", got)
		}
		if got := content(t, s.archivedStanzas(carolJID)[2]); !strings.HasPrefix(got, `<retracted xmlns="urn:xmpp:message-retract:1" stamp="`) || strings.Count(got, "<") != 1 {
			t.Errorf("a tombstone contains %s", got)
		}
	}
}

// TestWithdrawnMessagesOfARoomLeaveTheArchive withdraws messages after their author has
// changed the nickname.
func TestWithdrawnMessagesOfARoomLeaveTheArchive(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	s.sent(s.writes(roomJID, "groupchat", "c1", `<body>one</body>`).GetId(), "41")
	s.sent(s.writes(roomJID, "groupchat", "c2", `<body>ONE</body>`+replace("c1")).GetId(), "45")
	speak := func(nick, id, text, replaces string) {
		m := said(nick, text)
		m.Id = &id
		if replaces != "" {
			m.Replaces = &replaces
		}
		s.script(typeMessage, m)
	}
	speak("carol", "42", "two", "")
	speak("carol", "43", "TWO", "42")
	speak("dan", "44", "three", "")
	if got := s.texts(roomJID); got != "one ONE two TWO three" {
		t.Fatalf("at first: %q", got)
	}
	s.user(`<message type="groupchat" id="r1" from="` + desktop + `" to="` + roomJID + `">` + retract("n:41") + `</message>`)
	delivered[*pb.Retraction](s, typeRetraction)
	if got := s.texts(roomJID); got != "† † two TWO three -" {
		t.Errorf("alice withdraws a message: %q", got)
	}
	s.changes(&pb.Participant{Nickname: proto.String("carol"), Newname: proto.String("caroline")})
	for _, nick := range []string{"dan", "caroline"} {
		s.script(typeRetraction, &pb.Retraction{UserName: proto.String(alice), BuddyName: proto.String(room), Nickname: &nick, Id: proto.String("42")})
		want := map[string]string{"dan": "† † two TWO three - -", "caroline": "† † † † three - - -"}[nick]
		if got := s.texts(roomJID); got != want {
			t.Errorf("%s withdraws a message of carol: %q", nick, got)
		}
	}
	s.script(typeModeration, &pb.Moderation{UserName: proto.String(alice), Room: proto.String(room), Nickname: proto.String("caroline"), Id: proto.String("44"), Reason: proto.String("spam")})
	all := s.archivedStanzas(roomJID)
	got := content(t, all[4])
	for _, want := range []string{
		`<stanza-id xmlns="urn:xmpp:sid:0" by="` + roomJID + `" id="n:44"/>`, `<occupant-id `,
		`<retracted xmlns="urn:xmpp:message-retract:1" stamp="`, `<moderated xmlns="urn:xmpp:message-moderate:1" by="` + roomJID + `/caroline">`, `<reason>spam</reason>`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the tombstone of a moderated message lacks %s: %s", want, got)
		}
	}
	if strings.Contains(got, "body") || stanza.Attr(all[4], "from") != roomJID+"/dan" {
		t.Errorf("the tombstone from %s is %s", stanza.Attr(all[4], "from"), got)
	}
}

// TestWithdrawnPrivateMessagesLeaveTheArchive withdraws messages of an occupant and of the user.
func TestWithdrawnPrivateMessagesLeaveTheArchive(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	to := roomJID + "/carol"
	s.sent(s.writes(to, "chat", "c1", `<body>one</body>`).GetId(), "41")
	m := said("carol", "two")
	m.Id, m.Pm = proto.String("42"), proto.Bool(true)
	s.script(typeMessage, m)
	s.user(`<message type="chat" id="r1" from="` + desktop + `" to="` + to + `">` + retract("c1") + `</message>`)
	delivered[*pb.Retraction](s, typeRetraction)
	if got := s.texts(to); got != "† two -" {
		t.Errorf("alice withdraws a message: %q", got)
	}
	s.script(typeRetraction, &pb.Retraction{UserName: proto.String(alice), BuddyName: proto.String(room + "/carol"), Id: proto.String("42")})
	if got := s.texts(to); got != "† † - -" {
		t.Errorf("carol withdraws a message: %q", got)
	}
}

// TestArchiveForgetsWithdrawnMessagesWhileItIsOff turns the archive off before a retraction.
func TestArchiveForgetsWithdrawnMessagesWhileItIsOff(t *testing.T) {
	s := play(t, "")
	s.chats()
	s.result("set", transport, `<prefs xmlns="urn:xmpp:mam:2" default="never"/>`)
	s.script(typeRetraction, &pb.Retraction{UserName: proto.String(alice), BuddyName: proto.String("carol"), Id: proto.String("n0")})
	if got := s.texts(carolJID); got != "one † three" {
		t.Errorf("the archive: %q", got)
	}
}
