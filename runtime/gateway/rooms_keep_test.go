package gateway_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"

	logins "spectrumlua/runtime/gateway/presence"
)

// usersIn opens the users of a folder, as a process does at its start.
func usersIn(dir string) func(s *scene) {
	return func(s *scene) {
		s.t.Helper()
		file := filepath.Join(dir, "t.cfg")
		if err := os.WriteFile(file, []byte("[service]\njid="+transport+"\nworking_dir="+dir+"\n[lua]\nscript=x.lua\n"), 0o600); err != nil {
			s.t.Fatal(err)
		}
		c, err := config.Load(file, config.Options{})
		if err != nil {
			s.t.Fatal(err)
		}
		_ = s.store.Close()
		if s.store, err = users.Open(s.ctx, c); err != nil {
			s.t.Fatal(err)
		}
	}
}

// kept returns the rooms of alice in the database, after all that was sent before.
func (s *scene) kept() string {
	s.t.Helper()
	s.ask("get", transport, `<ping xmlns="urn:xmpp:ping"/>`) // after all stanzas before it
	all, err := s.store.Rooms(s.ctx, alice)
	if err != nil {
		s.t.Fatal(err)
	}
	text := ""
	for _, r := range all {
		text += fmt.Sprintf("[%s %s %s %s]", r.Address, r.Name, r.Nickname, r.Password)
	}
	return text
}

func (s *scene) keeps(what, want string) {
	s.t.Helper()
	if got := s.kept(); got != want {
		s.t.Errorf("%s: the database has the rooms %q, not %q", what, got, want)
	}
}

// TestRoomsOutliveTheProcess restarts the gateway while alice, who stays connected, is in a
// room.
func TestRoomsOutliveTheProcess(t *testing.T) {
	dir := t.TempDir()
	const stored = "[#room%net.org #room@net.org alice pw]"
	t.Run("before the restart", func(t *testing.T) {
		s := play(t, "[settings]\nstay_connected=1", usersIn(dir))
		s.online()
		s.joins(desktop, "alice", `<x xmlns="http://jabber.org/protocol/muc"><password>pw</password></x>`)
		delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
		s.keeps("before the join is complete", "")
		s.fills()
		s.enters(desktop)
		s.keeps("in the room", stored)
	})
	t.Run("after the restart", func(t *testing.T) {
		s := play(t, "[settings]\nstay_connected=1", usersIn(dir))
		delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
		s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
		if m := delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM); m.GetRoom() != room || m.GetNickname() != "alice" || m.GetPassword() != "pw" {
			t.Fatalf("JOIN_ROOM: %v", m)
		}
		s.fills()
		s.says("carol", "one")
		s.returns(desktop)
		s.joins(desktop, "alice", joinRoom)
		if got := s.bodies(desktop); got != "one" {
			t.Errorf("the client gets %q, not what was said since the restart", got)
		}
		s.nothing(pb.WrapperMessage_TYPE_JOIN_ROOM)
		s.keeps("in the room", stored)
		nick := "alicia"
		s.changes(&pb.Participant{Nickname: proto.String("alice"), Newname: &nick, Flag: proto.Int32(flagMe)})
		s.keeps("with another nickname", "[#room%net.org #room@net.org alicia pw]")
	})
	t.Run("the client joins first", func(t *testing.T) {
		s := play(t, "[settings]\nstay_connected=1", usersIn(dir))
		delivered[*pb.Login](s, pb.WrapperMessage_TYPE_LOGIN)
		s.joins(desktop, "ally", joinRoom)
		s.keeps("before the join", "[#room%net.org #room@net.org alicia pw]")
		s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
		if m := delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM); m.GetNickname() != "ally" {
			t.Errorf("JOIN_ROOM: %v", m)
		}
		s.nothing(pb.WrapperMessage_TYPE_JOIN_ROOM)
	})
}

// TestRoomsThatAreOverAreNotStored ends the stay in a room in all ways.
func TestRoomsThatAreOverAreNotStored(t *testing.T) {
	const stored = "[#room%net.org #room@net.org alice ]"
	for _, c := range []struct {
		name string
		end  func(s *scene)
		want string
	}{
		{"the user leaves", func(s *scene) {
			s.leaves(desktop)
			s.passes(time.Minute)
			delivered[*pb.Room](s, pb.WrapperMessage_TYPE_LEAVE_ROOM)
		}, ""},
		{"the user is kicked", func(s *scene) { s.departs("alice", flagMe|flagKicked, "") }, ""},
		{"the client goes offline", func(s *scene) {
			s.user(`<presence type="unavailable" from="` + desktop + `" to="` + transport + `"/>`)
		}, stored},
		{"the network fails", func(s *scene) {
			s.script(pb.WrapperMessage_TYPE_DISCONNECTED, &pb.Disconnected{User: proto.String(alice), Error: pb.ConnectionError_CONNECTION_ERROR_AUTHENTICATION_FAILED.Enum()})
		}, stored},
		{"the user does not want to stay connected", func(s *scene) { s.sets("stay_connected", "0") }, ""},
		{"the user registers no more", func(s *scene) {
			s.user(`<iq type="set" id="u1" from="` + desktop + `" to="` + transport + `"><query xmlns="jabber:iq:register"><remove/></query></iq>`)
			s.expect("the answer", answer("u1"))
		}, ""},
		{"the next join is refused", func(s *scene) {
			s.script(pb.WrapperMessage_TYPE_DISCONNECTED, &pb.Disconnected{User: proto.String(alice), Error: pb.ConnectionError_CONNECTION_ERROR_AUTHENTICATION_FAILED.Enum()})
			s.returns(phone)
			s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
			delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
			s.departs("alice", flagMe|flagBanned, "")
		}, ""},
		{"the nickname is in use by the last session", func(s *scene) {
			s.script(pb.WrapperMessage_TYPE_DISCONNECTED, &pb.Disconnected{User: proto.String(alice), Error: pb.ConnectionError_CONNECTION_ERROR_AUTHENTICATION_FAILED.Enum()})
			s.returns(phone)
			s.script(pb.WrapperMessage_TYPE_CONNECTED, &pb.Connected{User: proto.String(alice)})
			delivered[*pb.Room](s, pb.WrapperMessage_TYPE_JOIN_ROOM)
			s.departs("alice", flagMe|flagConflict, "")
		}, stored},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := play(t, "[settings]\nstay_connected=1")
			s.inRoom()
			s.keeps("in the room", stored)
			c.end(s)
			s.keeps("after it", c.want)
		})
	}
}

// TestRoomsFollowTheSetting turns stay_connected on while the user is in a room.
func TestRoomsFollowTheSetting(t *testing.T) {
	s := play(t, "")
	s.inRoom()
	s.keeps("by default", "")
	s.sets("stay_connected", "1")
	s.keeps("with stay_connected", "[#room%net.org #room@net.org alice ]")
}

// returns sends the presence of a client, which may be the first one.
func (s *scene) returns(client string) {
	s.t.Helper()
	s.user(`<presence from="` + client + `" to="` + transport + `"/>`)
	s.kept()
}

// sets changes a setting of alice, as the command does.
func (s *scene) sets(name, value string) {
	s.t.Helper()
	if err := s.gateway.For(alice, func(u *router.User) {
		u.Settings[name] = value
		logins.Apply(u)
	}); err != nil {
		s.t.Fatal(err)
	}
}
