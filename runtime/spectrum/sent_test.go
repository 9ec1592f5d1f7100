package spectrum

import (
	"strings"
	"testing"

	"github.com/sirupsen/logrus/hooks/test"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/stanzaid"
)

const usesSent = `session:sent { id = m.id }`

func TestMessagesOfTheUserHaveAnIDIfTheScriptUsesIt(t *testing.T) {
	s := play(t)
	if m := s.says(t, "bob", "", "hi"); m.Id != nil {
		t.Errorf("the script gets the id %q", m.GetId())
	}
	s.Uses([]string{usesSent})
	first, second := s.says(t, "bob", "", "hi"), s.says(t, "bob", "", "hi")
	if first.GetId() == "" || first.GetId() == second.GetId() || first.GetMessage() != "hi" {
		t.Errorf("the script gets the ids %q and %q", first.GetId(), second.GetId())
	}
	if m := s.says(t, "bob", "c1", "hi"); m.GetId() != "c1" {
		t.Errorf("the client's id became %q", m.GetId())
	}
}

func TestReceiptsForMadeIDsGoNowhere(t *testing.T) {
	s := play(t)
	s.Uses([]string{usesSent})
	made := s.says(t, "bob", "", "hi").GetId()
	s.says(t, "bob", "c1", "hi")
	s.sent(t, "c1", "41")
	for id, want := range map[string]string{made: "", "c1": "c1", "41": "c1", "other": "other", stanzaid.Make(): ""} {
		m := conv("bob", "")
		m.Id = &id
		f := s.sends(t, pb.WrapperMessage_TYPE_CONV_MESSAGE_ACK, m)
		got := &pb.ConversationMessage{}
		if err := proto.Unmarshal(f.payload, got); want != "" && err != nil {
			t.Fatal(err)
		}
		if got.GetId() != want {
			t.Errorf("the receipt for %q is for %q", id, got.GetId())
		}
	}
}

func TestEventsReferToTheUsersOwnMessages(t *testing.T) {
	s := play(t)
	s.Uses([]string{usesSent})
	s.says(t, "bob", "c1", "hi")
	if f := s.sent(t, "c1", "41"); f.payload != nil {
		t.Errorf("sent in a chat sends %s", f.payload)
	}
	f := s.sends(t, pb.WrapperMessage_TYPE_REACTION, &pb.Reaction{UserName: proto.String(alice), BuddyName: proto.String("bob"), Id: proto.String("41"), Emoji: []string{"x"}})
	if !strings.Contains(string(f.payload), `id="c1"`) {
		t.Errorf("the reaction is %s", f.payload)
	}
	s.gets(t, pb.WrapperMessage_TYPE_LOGOUT, &pb.Logout{User: proto.String(alice), LegacyName: proto.String("x")})
	if len(s.users) != 0 {
		t.Error("the user is not forgotten")
	}
}

func TestSentInARoomShowsTheMessageOnce(t *testing.T) {
	s := play(t)
	s.Uses([]string{usesSent})
	s.joins(t)
	want := `<message from="#room@irc.example.net/me" to="alice@localhost" type="groupchat"><body>hi</body><stanza-id xmlns="urn:xmpp:sid:0" by="` + roomJID + `" id="n:41"/></message>`
	id := s.says(t, roomName, "", "hi").GetId()
	if f := s.sent(t, id, "41"); string(f.payload) != want {
		t.Errorf("Spectrum gets %s", f.payload)
	}
	if f := s.sends(t, pb.WrapperMessage_TYPE_CONV_MESSAGE, inRoom("me", "hi")); f.payload != nil {
		t.Errorf("the echo is shown again: %s", f.payload)
	}
	if f := s.sends(t, pb.WrapperMessage_TYPE_CONV_MESSAGE, inRoom("Carol", "hi")); f.payload == nil {
		t.Error("the message of somebody else is dropped")
	}

	s.sends(t, pb.WrapperMessage_TYPE_ROOM_NICKNAME_CHANGED, &pb.Room{UserName: proto.String(alice), Room: proto.String(roomName), Nickname: proto.String("I")})
	id = s.says(t, roomName, "", "again").GetId()
	f := s.sent(t, id, "")
	got := &pb.ConversationMessage{}
	if err := proto.Unmarshal(f.payload, got); err != nil || f.typ != pb.WrapperMessage_TYPE_CONV_MESSAGE {
		t.Fatal(f.typ, err)
	}
	if !proto.Equal(got, inRoom("I", "again")) {
		t.Errorf("without an id, Spectrum gets %v", got)
	}

	id = s.says(t, roomName, "", "third").GetId()
	s.sends(t, pb.WrapperMessage_TYPE_CONV_MESSAGE, inRoom("I", "third"))
	if f := s.sent(t, id, "43"); f.payload != nil {
		t.Errorf("sent after the echo shows the message again: %s", f.payload)
	}
	s.gets(t, pb.WrapperMessage_TYPE_LEAVE_ROOM, &pb.Room{UserName: proto.String(alice), Room: proto.String(roomName), Nickname: proto.String("I")})
	if f := s.sends(t, pb.WrapperMessage_TYPE_REACTION, &pb.Reaction{UserName: proto.String(alice), BuddyName: proto.String(roomName), Nickname: proto.String("x"), Id: proto.String("41")}); f.payload != nil {
		t.Errorf("a room that the user has left gets %s", f.payload)
	}
}

func TestErrorOfAMessageReachesItsClient(t *testing.T) {
	s := play(t)
	s.Uses([]string{usesSent})
	s.says(t, "bob", "c1", "hi")
	f := s.sends(t, pb.WrapperMessage_TYPE_SENT, &pb.Sent{UserName: proto.String(alice), Id: proto.String("c1"), Error: proto.String("too long")})
	for _, part := range []string{`<message from="bob" to="alice@localhost" type="error" id="c1">`, "too long"} {
		if !strings.Contains(string(f.payload), part) {
			t.Errorf("%s does not contain %s", f.payload, part)
		}
	}
	made := s.says(t, "bob", "", "hi").GetId()
	if f := s.sends(t, pb.WrapperMessage_TYPE_SENT, &pb.Sent{UserName: proto.String(alice), Id: &made, Error: proto.String("x")}); f.payload != nil || s.Dropped() != 1 {
		t.Errorf("an error without an id is %s; %d dropped", f.payload, s.Dropped())
	}
}

func TestOneLineNamesWhatHasNoEffect(t *testing.T) {
	log, hook := test.NewNullLogger()
	s := New(Options{Log: log})
	s.Uses([]string{"function on.conv_message(s, m) s:reaction { } s:sent { } end"})
	if len(hook.Entries) > 0 {
		t.Errorf("the log has %q", hook.LastEntry().Message)
	}
	s.Uses([]string{"on.reaction = f\nfunction on.displayed(s, m)\n s:reaction { } s:invitation { } end -- on.moderations"})
	if len(hook.Entries) != 1 || !strings.Contains(hook.LastEntry().Message, ": on.reaction, on.displayed, session:invitation.") {
		t.Errorf("the log has %v", hook.LastEntry())
	}
}
