package describe_test

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/describe"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
)

func TestByUserDescribesEachType(t *testing.T) {
	user, away := proto.String(alice), pb.StatusType_STATUS_TYPE_AWAY
	room := &pb.Room{UserName: user, Room: proto.String("lobby"), Nickname: proto.String("al")}
	cases := []struct {
		typ  string
		m    proto.Message
		want string
	}{
		{"login", &pb.Login{User: user, LegacyName: proto.String("al"), Password: proto.String("hunter2")}, "logs in as al"},
		{"logout", &pb.Logout{User: user, LegacyName: proto.String("al")}, "logs out"},
		{"status_changed", &pb.Status{UserName: user, Status: &away, StatusMessage: proto.String("tea")}, "is away: tea"},
		{"buddy_changed", buddy(&pb.Buddy{Alias: proto.String("Echo"), Group: []string{"Lua"}, Blocked: proto.Bool(true)}), "adds or changes the contact Echo (echo) (group Lua; blocked)"},
		{"buddy_removed", buddy(&pb.Buddy{}), "removes the contact echo"},
		{"buddy_typing", buddy(&pb.Buddy{}), "is typing to echo"},
		{"buddy_typed", buddy(&pb.Buddy{}), "pauses typing to echo"},
		{"buddy_stopped_typing", buddy(&pb.Buddy{}), "stops typing to echo"},
		{"conv_message", message("echo", &pb.ConversationMessage{Message: proto.String("a\nb"), Replaces: proto.String("7")}), "writes to echo: a⏎b (corrects 7)"},
		{"attention", message("echo", &pb.ConversationMessage{}), "wants the attention of echo: hello"},
		{"room_subject_changed", message("lobby", &pb.ConversationMessage{}), "sets the topic of lobby: hello"},
		{"join_room", room, "joins the room lobby as al"},
		{"leave_room", room, "leaves the room lobby"},
		{"vcard", &pb.VCard{UserName: user, BuddyName: proto.String("echo"), Id: proto.Int32(1)}, "requests the vCard of echo"},
		{"vcard", &pb.VCard{UserName: user, BuddyName: user, Id: proto.Int32(1), Photo: []byte("png")}, "publishes a vCard"},
		{"reaction", &pb.Reaction{UserName: user, BuddyName: user, Id: proto.String("7"), Emoji: []string{"👍", "🎉"}}, "reacts to the message 7: 👍 🎉"},
		{"reaction", &pb.Reaction{UserName: user, BuddyName: user, Id: proto.String("7")}, "no longer reacts to the message 7"},
		{"retraction", &pb.Retraction{UserName: user, BuddyName: user, Id: proto.String("7")}, "withdraws the message 7"},
		{"displayed", &pb.Displayed{UserName: user, BuddyName: proto.String("echo"), Id: proto.String("7")}, "has read up to the message 7 of echo"},
		{"service_message", &pb.ServiceMessage{UserName: user, Message: proto.String("help")}, "writes to the transport: help"},
		{"answer", &pb.Answer{UserName: user, Id: proto.String("7"), Text: proto.String("hunter2")}, "answers the question"},
		{"answer", &pb.Answer{UserName: user, Id: proto.String("7")}, "does not answer the question"},
		{"query", &pb.BackendConfig{Config: proto.String("status")}, `QUERY config="status"`},
		{"exit", nil, "EXIT"},
	}
	for _, c := range cases {
		f := frame(t, c.typ, c.m)
		f.Direction = simulator.ToBackend
		if got := describe.ByUser(f); got.Text != c.want {
			t.Errorf("%s: %q, not %q", c.typ, got.Text, c.want)
		}
	}
	broken := simulator.Decode(simulator.ToBackend, pb.AppendWrapper(nil, schema.TypeByName("logout").Number, []byte("\xff")))
	if got := describe.ByUser(broken); got.Kind != describe.Internal {
		t.Errorf("a broken frame is %+v", got)
	}
}
