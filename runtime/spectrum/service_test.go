package spectrum

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

const alice = "alice@localhost"

// said returns the last message to the user.
func (s *scene) said(t *testing.T) *pb.ConversationMessage {
	t.Helper()
	var m pb.ConversationMessage
	f := s.frames[len(s.frames)-1]
	if err := proto.Unmarshal(f.payload, &m); err != nil || f.typ != pb.WrapperMessage_TYPE_CONV_MESSAGE {
		t.Fatalf("the frame is %v (%v)", f, err)
	}
	return &m
}

// writes sends a message of alice to the service and returns its type for the script.
func (s *scene) writes(t *testing.T, text string) (pb.WrapperMessage_Type, []byte) {
	t.Helper()
	payload := encoded(t, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("service"), Message: &text})
	s.Side.Receive(t.Context(), schema.TypeByNumber(pb.WrapperMessage_TYPE_CONV_MESSAGE), payload, nil)
	f := s.received[len(s.received)-1]
	return f.typ, f.payload
}

func (s *scene) script(t *testing.T, typ pb.WrapperMessage_Type, m proto.Message) {
	t.Helper()
	if err := s.Send(typ, encoded(t, m)); err != nil {
		t.Fatal(err)
	}
}

func TestServiceIsAContact(t *testing.T) {
	s := play(t)
	s.script(t, pb.WrapperMessage_TYPE_SERVICE_MESSAGE, &pb.ServiceMessage{UserName: proto.String(alice), Message: proto.String("hello")})
	if m := s.said(t); m.GetBuddyName() != "service" || m.GetMessage() != "hello" || m.GetUserName() != alice {
		t.Errorf("the notice is %v", m)
	}
	s.script(t, pb.WrapperMessage_TYPE_QUESTION, &pb.Question{UserName: proto.String(alice), Id: proto.String("1"), Text: proto.String("Code?")})
	if m := s.said(t); !strings.HasPrefix(m.GetMessage(), "Code?\n") {
		t.Errorf("the question is %v", m)
	}
	var m pb.ServiceMessage
	if typ, payload := s.writes(t, "1234"); typ != pb.WrapperMessage_TYPE_SERVICE_MESSAGE || proto.Unmarshal(payload, &m) != nil || m.GetMessage() != "1234" {
		t.Errorf("the answer is %v %v", typ, &m)
	}
}

func TestServiceIsOrdinaryWithoutQuestionsAndCommands(t *testing.T) {
	s := play(t)
	if typ, _ := s.writes(t, "hello"); typ != pb.WrapperMessage_TYPE_CONV_MESSAGE {
		t.Errorf("the script gets %v", typ)
	}
	s.script(t, pb.WrapperMessage_TYPE_COMMANDS, &pb.Commands{Command: []*pb.Command{{Name: proto.String("x")}}})
	if typ, _ := s.writes(t, "/x"); typ != pb.WrapperMessage_TYPE_SERVICE_MESSAGE {
		t.Errorf("with a command, the script gets %v", typ)
	}
}

// seen has the messages that an observer sees.
type seen []frame

func (s *seen) In(typ pb.WrapperMessage_Type, payload []byte)  { *s = append(*s, frame{typ, payload}) }
func (s *seen) Out(typ pb.WrapperMessage_Type, payload []byte) { *s = append(*s, frame{typ, payload}) }

func TestAnswerToASecretQuestionIsASecretAlsoInTheRecord(t *testing.T) {
	s := play(t)
	var record seen
	o := s.Observe(&record)
	s.script(t, pb.WrapperMessage_TYPE_QUESTION, &pb.Question{UserName: proto.String(alice), Id: proto.String("7"), Text: proto.String("Code?"), Secret: proto.Bool(true)})
	if m := s.said(t); !strings.Contains(m.GetMessage(), "secret") {
		t.Errorf("the question is %v", m)
	}
	o.Out(s.frames[0].typ, s.frames[0].payload)
	o.In(pb.WrapperMessage_TYPE_CONV_MESSAGE, encoded(t, &pb.ConversationMessage{UserName: proto.String(alice), BuddyName: proto.String("service"), Message: proto.String("hunter2")}))
	if record[0].typ != pb.WrapperMessage_TYPE_SERVICE_MESSAGE || record[1].typ != pb.WrapperMessage_TYPE_ANSWER {
		t.Errorf("the record has %v and %v", record[0].typ, record[1].typ)
	}
	if typ, _ := s.writes(t, "/cancel"); typ != pb.WrapperMessage_TYPE_SERVICE_MESSAGE {
		t.Errorf("/cancel is %v", typ)
	}
	var a pb.Answer
	if typ, payload := s.writes(t, " hunter2 "); typ != pb.WrapperMessage_TYPE_ANSWER || proto.Unmarshal(payload, &a) != nil || a.GetText() != "hunter2" || a.GetId() != "7" {
		t.Errorf("the answer is %v %v", typ, &a)
	}
	s.script(t, pb.WrapperMessage_TYPE_ANSWER, &pb.Answer{UserName: proto.String(alice), Id: proto.String("7")})
	if typ, _ := s.writes(t, "more"); typ != pb.WrapperMessage_TYPE_SERVICE_MESSAGE {
		t.Errorf("after the question: %v", typ)
	}
}

// TestOwnContactHasTheNameOfTheTransport sends what Spectrum reports of any contact.
func TestOwnContactHasTheNameOfTheTransport(t *testing.T) {
	s := play(t)
	about := func(typ pb.WrapperMessage_Type, m proto.Message) (received, sent int) {
		received, sent = len(s.received), len(s.frames)
		s.Side.Receive(t.Context(), schema.TypeByNumber(typ), encoded(t, m), nil)
		return len(s.received) - received, len(s.frames) - sent
	}
	user, service, id := proto.String(alice), proto.String("service"), proto.Int32(7)
	typing := &pb.Buddy{UserName: user, BuddyName: service}
	if received, _ := about(pb.WrapperMessage_TYPE_BUDDY_TYPING, typing); received != 1 {
		t.Error("a script without questions does not get the typing")
	}
	s.script(t, pb.WrapperMessage_TYPE_SERVICE_MESSAGE, &pb.ServiceMessage{UserName: user, Message: proto.String("hello")})
	for typ, m := range map[pb.WrapperMessage_Type]proto.Message{
		pb.WrapperMessage_TYPE_BUDDY_TYPING:  typing,
		pb.WrapperMessage_TYPE_BUDDY_REMOVED: typing,
		pb.WrapperMessage_TYPE_LEAVE_ROOM:    &pb.Room{UserName: user, Nickname: user, Room: service},
		pb.WrapperMessage_TYPE_ATTENTION:     &pb.ConversationMessage{UserName: user, BuddyName: service, Message: user},
	} {
		if received, sent := about(typ, m); received != 0 || sent != 0 {
			t.Errorf("%v: %d messages for the script, %d for Spectrum", typ, received, sent)
		}
	}
	if received, _ := about(pb.WrapperMessage_TYPE_BUDDY_TYPING, &pb.Buddy{UserName: user, BuddyName: proto.String("carol")}); received != 1 {
		t.Error("the script does not get what is about another contact")
	}

	if received, sent := about(pb.WrapperMessage_TYPE_VCARD, &pb.VCard{UserName: user, BuddyName: service, Id: id}); received != 0 || sent != 1 {
		t.Fatalf("the vCard: %d messages for the script, %d for Spectrum", received, sent)
	}
	var card pb.VCard
	last := s.frames[len(s.frames)-1]
	if err := proto.Unmarshal(last.payload, &card); err != nil || card.GetFullname() != "My transport" || card.GetId() != 7 || card.GetUserName() != alice {
		t.Errorf("the vCard is %v, %v", &card, err)
	}
	for _, c := range []struct {
		alias, want string
		sent        int
	}{{"", "My transport", 1}, {"My transport", "", 0}} { // Spectrum repeats the change
		buddy := &pb.Buddy{UserName: user, BuddyName: service, Alias: &c.alias}
		if received, sent := about(pb.WrapperMessage_TYPE_BUDDY_CHANGED, buddy); received != 0 || sent != c.sent {
			t.Fatalf("the alias %q: %d messages for the script, %d for Spectrum", c.alias, received, sent)
		}
		if c.sent == 0 {
			continue
		}
		last := s.frames[len(s.frames)-1]
		var m pb.Buddy
		if err := proto.Unmarshal(last.payload, &m); err != nil || m.GetAlias() != c.want || m.GetStatus() != pb.StatusType_STATUS_TYPE_ONLINE {
			t.Errorf("the contact is %v, %v", &m, err)
		}
	}
}
