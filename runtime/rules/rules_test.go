package rules_test

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/rules"
)

func TestRoomMessagesWaitForTheCompleteJoin(t *testing.T) {
	var r rules.Rooms
	said := &pb.ConversationMessage{BuddyName: proto.String("#room"), Nickname: proto.String("carol")}
	me := &pb.Participant{Room: proto.String("#room"), Flag: proto.Int32(int32(pb.ParticipantFlag_PARTICIPANT_FLAG_ME))}
	other := &pb.Participant{Room: proto.String("#room"), Flag: proto.Int32(0)}
	dropped := func(want string) {
		t.Helper()
		if got := r.Dropped(said); want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("dropped: %q, not %q", got, want)
		}
	}
	dropped("not joined")
	if r.Participant(me) {
		t.Error("a participant completes a join that was not requested")
	}
	r.Join("#room")
	if r.Participant(other) {
		t.Error("another occupant completes the join")
	}
	dropped("not complete")
	if !r.Participant(me) || r.Participant(me) {
		t.Error("the first participant with the flag me has to complete the join, and only that one")
	}
	dropped("")
	r.Join("#room")
	dropped("")
	r.Leave("#room")
	dropped("not joined")
}

func TestPrivateMessagesNeedNoJoin(t *testing.T) {
	var r rules.Rooms
	for _, m := range []*pb.ConversationMessage{
		{BuddyName: proto.String("carol")},
		{BuddyName: proto.String("#room"), Nickname: proto.String("carol"), Pm: proto.Bool(true)},
	} {
		if why := r.Dropped(m); why != "" {
			t.Errorf("%v is dropped: %s", m, why)
		}
	}
}

func TestEmptyValuesKeepAContact(t *testing.T) {
	old := rules.Contact{Alias: "Carol", Groups: []string{"Work"}}
	for _, c := range []struct {
		sent    *pb.Buddy
		changed bool
		alias   string
	}{
		{&pb.Buddy{}, false, "Carol"},
		{&pb.Buddy{Alias: proto.String(""), Group: nil}, false, "Carol"},
		{&pb.Buddy{Alias: proto.String("Carol"), Group: []string{"Work"}}, false, "Carol"},
		{&pb.Buddy{Alias: proto.String("C")}, true, "C"},
		{&pb.Buddy{Group: []string{"Work", "Home"}}, true, "Carol"},
	} {
		now, changed := old.Changed(c.sent)
		if changed != c.changed || now.Alias != c.alias || len(now.Groups) == 0 {
			t.Errorf("%v: changed %v, now %+v", c.sent, changed, now)
		}
	}
}
