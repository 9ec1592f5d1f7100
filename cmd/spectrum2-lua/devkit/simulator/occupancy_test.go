package simulator

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

// TestMessagesToARoomAreDroppedUntilTheJoinIsComplete plays frames of both directions in
// order.
func TestMessagesToARoomAreDroppedUntilTheJoinIsComplete(t *testing.T) {
	const user = "alice@localhost"
	frame := func(typ pb.WrapperMessage_Type, m proto.Message) Frame {
		return Frame{Type: typ, Message: m, User: user}
	}
	room := func(typ pb.WrapperMessage_Type) Frame {
		return frame(typ, &pb.Room{UserName: proto.String(user), Room: proto.String("lobby"), Nickname: proto.String("alice")})
	}
	join, leave := room(pb.WrapperMessage_TYPE_JOIN_ROOM), room(pb.WrapperMessage_TYPE_LEAVE_ROOM)
	logout := frame(pb.WrapperMessage_TYPE_LOGOUT, &pb.Logout{User: proto.String(user)})
	said := frame(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{BuddyName: proto.String("lobby"), Nickname: proto.String("bob")})
	private := frame(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{BuddyName: proto.String("lobby"), Nickname: proto.String("bob"), Pm: proto.Bool(true)})
	direct := frame(pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{BuddyName: proto.String("lobby")})
	occupant := func(flag pb.ParticipantFlag) Frame {
		return frame(pb.WrapperMessage_TYPE_PARTICIPANT_CHANGED, &pb.Participant{Room: proto.String("lobby"), Flag: proto.Int32(int32(flag))})
	}
	other, me := occupant(pb.ParticipantFlag_PARTICIPANT_FLAG_MODERATOR), occupant(pb.ParticipantFlag_PARTICIPANT_FLAG_ME|pb.ParticipantFlag_PARTICIPANT_FLAG_MODERATOR)
	const notJoined = `the user has not joined the room "lobby"`
	const incomplete = `the join of the room "lobby" is not complete: send the participant with the flag me first`
	var o occupancy
	for i, step := range []struct {
		sent bool
		f    Frame
		want string
	}{
		{false, said, notJoined}, {false, direct, ""}, {false, private, ""}, {false, me, ""}, {false, said, notJoined},
		{true, join, ""}, {false, said, incomplete}, {false, other, ""}, {false, said, incomplete}, {false, me, ""}, {false, said, ""},
		{true, join, ""}, {false, said, ""}, // another nickname
		{true, leave, ""}, {false, said, notJoined},
		{true, join, ""}, {false, me, ""}, {true, logout, ""}, {false, said, notJoined},
	} {
		if step.sent {
			o.sent(step.f)
		} else if got := o.dropped(step.f); got != step.want {
			t.Errorf("step %d: dropped because %q, want %q", i, got, step.want)
		}
	}
}

// TestGatewayFindsRoomsInAnySpelling completes a join and speaks in another spelling than that
// of JOIN_ROOM. Spectrum compares names exactly.
func TestGatewayFindsRoomsInAnySpelling(t *testing.T) {
	const user, spelling = "alice@localhost", "#GRÜN@net.org"
	for gateway, want := range map[bool]string{true: "", false: `the user has not joined the room "#GRÜN@net.org"`} {
		o := occupancy{gateway: gateway}
		o.sent(Frame{Type: pb.WrapperMessage_TYPE_JOIN_ROOM, User: user, Message: &pb.Room{Room: proto.String("#grün@net.org")}})
		o.dropped(Frame{Type: pb.WrapperMessage_TYPE_PARTICIPANT_CHANGED, User: user, Message: &pb.Participant{
			Room: proto.String(spelling), Flag: proto.Int32(int32(pb.ParticipantFlag_PARTICIPANT_FLAG_ME)),
		}})
		said := &pb.ConversationMessage{BuddyName: proto.String(spelling), Nickname: proto.String("bob")}
		if got := o.dropped(Frame{Type: pb.WrapperMessage_TYPE_CONV_MESSAGE, User: user, Message: said}); got != want {
			t.Errorf("gateway %v: dropped because %q, want %q", gateway, got, want)
		}
	}
}
