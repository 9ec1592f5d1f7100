package examples_test

import (
	"os"
	"testing"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
)

const bob = "bob@localhost"

func TestHello(t *testing.T) {
	st := start(t, "hello.lua")
	st.Login(alice)
	st.Expect("connected", nil)
	var b pb.Buddy
	st.Expect("buddy_changed", &b)
	if b.GetBuddyName() != "hello" || b.GetStatus() != pb.StatusType_STATUS_TYPE_ONLINE {
		t.Errorf("the contact is %v", &b)
	}
	st.Say(alice, "somebody else", "hi")
	st.Say(alice, "hello", "hi there")
	st.ExpectSaid("Hello, legacy! You wrote: hi there")
}

func TestAlarm(t *testing.T) {
	st := start(t, "alarm.lua")
	st.Login(alice)
	st.Expect("connected", nil)
	st.Say(alice, "clock", "tea")
	st.ExpectSaid("What, and in how many minutes? For example: tea 3")
	st.Say(alice, "clock", "tea 0")
	st.ExpectSaid("tea in 0 min.")
	st.ExpectSaid("tea!")
	// A second alarm of the same name takes the place of the first.
	st.Say(alice, "clock", "green tea 1000")
	st.ExpectSaid("green tea in 1000 min.")
	st.Say(alice, "clock", "green tea 0")
	st.ExpectSaid("green tea in 0 min.")
	st.ExpectSaid("green tea!")
}

func TestAdmin(t *testing.T) {
	st := start(t, "admin.lua", "[admin]", "user = "+alice, "greeting = Hello, $jid")
	st.Login(bob)
	var refused pb.Disconnected
	st.Expect("disconnected", &refused)
	if refused.GetUser() != bob || refused.GetError() != pb.ConnectionError_CONNECTION_ERROR_AUTHENTICATION_FAILED {
		t.Errorf("bob receives %v", &refused)
	}
	st.Login(alice)
	var contact pb.Buddy
	st.Expect("buddy_changed", &contact)
	if contact.GetStatusMessage() != "Hello, lua.localhost" {
		t.Errorf("the contact is %v", &contact)
	}
	st.Say(alice, "spectrum", "online_users")
	st.ExpectSaid("There are status, uptime and online_users_count.")
	st.Say(alice, "spectrum", "status")
	st.ExpectQuery("status")
	st.Receive("query", &pb.BackendConfig{Config: proto.String("Running (1 users connected using 1 backends)")})
	st.ExpectSaid("Running (1 users connected using 1 backends)")
	// An answer to who has gone, and one that nobody asked for, are dropped.
	st.Say(alice, "spectrum", "uptime")
	st.ExpectQuery("uptime")
	st.Logout(alice)
	st.Receive("query", &pb.BackendConfig{Config: proto.String("5")})
	st.Receive("query", &pb.BackendConfig{Config: proto.String("6")})
	st.Login(alice)
	st.Expect("connected", nil)
	st.Say(alice, "spectrum", "?")
	st.ExpectSaid("There are status, uptime and online_users_count.")

	script, err := os.ReadFile("admin.lua")
	if err != nil {
		t.Fatal(err)
	}
	nobody := luatest.New(t, string(script))
	if err := nobody.Host.Load(); err == nil || err.Error() != "nobody is named in [admin] user" {
		t.Errorf("without admins: %v", err)
	}
}

// join logs a user in and joins the room of room.lua.
func join(t *testing.T, st *luatest.Fixture, user, nickname string) {
	t.Helper()
	st.Login(user)
	st.Expect("connected", nil)
	st.Receive("join_room", &pb.Room{UserName: &user, Room: proto.String("lobby"), Nickname: &nickname})
}

// participant returns the next participant_changed: its user, its occupant and the change.
func participant(t *testing.T, st *luatest.Fixture) string {
	t.Helper()
	var p pb.Participant
	st.Expect("participant_changed", &p)
	text := p.GetUserName() + ": " + p.GetRoom() + "/" + p.GetNickname()
	if p.GetStatus() == pb.StatusType_STATUS_TYPE_NONE {
		text += " gone"
	}
	for bit, name := range map[pb.ParticipantFlag]string{
		pb.ParticipantFlag_PARTICIPANT_FLAG_ME:             " me",
		pb.ParticipantFlag_PARTICIPANT_FLAG_CONFLICT:       " conflict",
		pb.ParticipantFlag_PARTICIPANT_FLAG_ROOM_NOT_FOUND: " room not found",
	} {
		if p.GetFlag()&int32(bit) != 0 {
			text += name
		}
	}
	return text
}

func expectParticipants(t *testing.T, st *luatest.Fixture, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := participant(t, st); got != w {
			t.Fatalf("got %q, want %q", got, w)
		}
	}
}

func TestRoom(t *testing.T) {
	st := start(t, "room.lua")
	var list pb.RoomList
	st.Expect("room_list", &list)
	if list.User != nil || len(list.GetRoom()) != 1 || list.GetRoom()[0] != "lobby" {
		t.Errorf("the rooms are %v", &list)
	}

	join(t, st, alice, "Ali")
	expectParticipants(t, st, alice+": lobby/Ali me")
	join(t, st, bob, "Ali")
	expectParticipants(t, st, bob+": lobby/Ali gone conflict")
	st.Receive("join_room", &pb.Room{UserName: proto.String(bob), Room: proto.String("cellar"), Nickname: proto.String("Bob")})
	expectParticipants(t, st, bob+": cellar/Bob gone room not found")
	st.Receive("join_room", &pb.Room{UserName: proto.String(bob), Room: proto.String("lobby"), Nickname: proto.String("Bob")})
	expectParticipants(t, st, bob+": lobby/Ali", bob+": lobby/Bob me", alice+": lobby/Bob")

	st.Say(alice, "lobby", "hello all")
	heard := map[string]bool{}
	for range 2 {
		var m pb.ConversationMessage
		st.Expect("conv_message", &m)
		if m.GetBuddyName() != "lobby" || m.GetNickname() != "Ali" || m.GetMessage() != "hello all" || m.GetPm() {
			t.Errorf("got %v", &m)
		}
		heard[m.GetUserName()] = true
	}
	if len(heard) != 2 {
		t.Errorf("only %v heard it", heard)
	}

	st.Say(bob, "lobby/Ali", "psst")
	var private pb.ConversationMessage
	st.Expect("conv_message", &private)
	if private.GetUserName() != alice || private.GetBuddyName() != "lobby" || private.GetNickname() != "Bob" || !private.GetPm() {
		t.Errorf("got %v", &private)
	}

	st.Receive("room_subject_changed", &pb.ConversationMessage{UserName: proto.String(bob), BuddyName: proto.String("lobby"), Message: proto.String("Lua")})
	for range 2 {
		var m pb.ConversationMessage
		st.Expect("room_subject_changed", &m)
		if m.GetMessage() != "Lua" || m.GetNickname() != "Bob" {
			t.Errorf("got %v", &m)
		}
	}

	st.Receive("leave_room", &pb.Room{UserName: proto.String(alice), Room: proto.String("lobby"), Nickname: proto.String("Ali")})
	expectParticipants(t, st, bob+": lobby/Ali gone")
	st.Receive("join_room", &pb.Room{UserName: proto.String(alice), Room: proto.String("lobby"), Nickname: proto.String("Al")})
	expectParticipants(t, st, alice+": lobby/Bob", alice+": lobby/Al me")
	var topic pb.ConversationMessage
	st.Expect("room_subject_changed", &topic)
	if topic.GetUserName() != alice || topic.GetMessage() != "Lua" || topic.GetNickname() != "Bob" {
		t.Errorf("got %v", &topic)
	}
	expectParticipants(t, st, bob+": lobby/Al")
	st.Logout(bob)
	expectParticipants(t, st, alice+": lobby/Bob gone")
}
