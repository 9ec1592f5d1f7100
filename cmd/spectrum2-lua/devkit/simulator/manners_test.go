package simulator_test

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

// inBubble runs play with a fake backend and a fake clock. No goroutine may remain at
// the end of play.
func inBubble(t *testing.T, m simulator.Manners, play func(t *testing.T, b *simulator.Backend, f *fake)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		b := simulator.Attach(near, simulator.Options{Manners: m})
		defer b.Close()
		defer func() { _ = far.Close() }()
		play(t, b, newFake(t, far))
	})
}

func (f *fake) expect(want string) simulator.Frame {
	f.t.Helper()
	frame := f.next()
	if got := simulator.Describe(frame); got != want {
		f.t.Fatalf("the backend received\n%s, want\n%s", got, want)
	}
	return frame
}

func TestPingsAtOnceAndThenEachInterval(t *testing.T) {
	inBubble(t, simulator.Manners{PingInterval: 20 * time.Second}, func(t *testing.T, b *simulator.Backend, f *fake) {
		start := time.Now()
		for i := range 4 {
			f.expect("→ PING")
			if at := time.Since(start); at != time.Duration(i)*20*time.Second {
				t.Errorf("PING number %d arrived after %v", i, at)
			}
			f.send(typePong, nil)
		}
		if v := b.Violations(); len(v) > 0 {
			t.Error(v)
		}
	})
}

func TestABackendWithoutFramesIsDisconnected(t *testing.T) {
	inBubble(t, simulator.Manners{PingInterval: 20 * time.Second}, func(t *testing.T, b *simulator.Backend, f *fake) {
		f.expect("→ PING")
		f.send(typePong, nil)
		f.expect("→ PING")
		// Any frame keeps the connection open.
		f.send(typeConnected, &pb.Connected{User: proto.String(alice)})
		f.expect("→ PING")
		start := time.Now()
		if _, err := f.read(); err == nil {
			t.Fatal("the connection is still open")
		}
		if took := time.Since(start); took != 20*time.Second {
			t.Errorf("it ended after %v", took)
		}
		<-b.Done()
		if v := b.Violations(); len(v) != 1 || !strings.HasPrefix(v[0].Error(), "no frame arrived since the last PING") {
			t.Error(v)
		}
	})
}

func TestExitIdleStopsABackendWithoutUsers(t *testing.T) {
	inBubble(t, simulator.Manners{PingInterval: 20 * time.Second, ExitIdle: true}, func(t *testing.T, b *simulator.Backend, f *fake) {
		login := func() {
			if _, err := b.Login(alice, "bob", "", map[string]string{}); err != nil {
				t.Error(err)
			}
		}
		f.expect("→ PING")
		f.send(typePong, nil)
		go login()
		f.expect(`→ LOGIN alice@localhost legacy_name="bob" password=*** settings={}`)
		f.expect("→ PING")
		f.send(typePong, nil)
		go func() { _ = b.Logout(alice, "bob") }()
		f.expect(`→ LOGOUT alice@localhost legacy_name="bob"`)
		f.expect("→ EXIT")
	})
}

func TestReloginAnswersDisconnected(t *testing.T) {
	const login = `→ LOGIN alice@localhost legacy_name="bob" password=*** settings={stay="1"}`
	const logout = `→ LOGOUT alice@localhost legacy_name="bob"`
	gone := func(f *fake, reason pb.ConnectionError) {
		f.send(typeDisconnected, &pb.Disconnected{User: proto.String(alice), Error: reason.Enum()})
	}
	const network, other = pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR, pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR
	const final = pb.ConnectionError_CONNECTION_ERROR_INVALID_SETTINGS
	inBubble(t, simulator.Manners{Relogin: true}, func(t *testing.T, b *simulator.Backend, f *fake) {
		// No user is logged in: no answer.
		gone(f, network)
		synctest.Wait()
		send := func() {
			if _, err := b.Login(alice, "bob", "hunter2", map[string]string{"stay": "1"}); err != nil {
				t.Error(err)
			}
		}
		go send()
		first := f.expect(login)
		for range 2 {
			gone(f, network)
			f.expect(logout)
			f.expect(login)
		}
		f.send(typeConnected, &pb.Connected{User: proto.String(alice)})
		for range 3 {
			gone(f, other)
			f.expect(logout)
			again := f.expect(login)
			if string(first.Payload) != string(again.Payload) && !proto.Equal(first.Message, again.Message) {
				t.Error("the LOGIN differs from the first")
			}
		}
		gone(f, network) // the fourth time
		f.expect(logout)
		go send()
		f.expect(login)
		gone(f, final)
		f.expect(logout)
	})
}

func TestEchoBuddiesEchoesOnlyChanges(t *testing.T) {
	buddy := func(alias string, groups ...string) *pb.Buddy {
		return &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("echo"), Alias: proto.String(alias), Group: groups,
			Status: pb.StatusType_STATUS_TYPE_AWAY.Enum()}
	}
	const echo = `→ BUDDY_CHANGED alice@localhost buddy_name="echo" alias="Echo" status=none`
	inBubble(t, simulator.Manners{EchoBuddies: true}, func(t *testing.T, b *simulator.Backend, f *fake) {
		login := func() {
			if _, err := b.Login(alice, "bob", "", nil); err != nil {
				t.Error(err)
			}
		}
		f.send(typeBuddyChanged, buddy("Ghost")) // no user is logged in: no echo
		synctest.Wait()
		go login()
		f.next()
		f.send(typeBuddyChanged, buddy("Echo"))
		f.expect(echo)
		f.send(typeBuddyChanged, buddy("Echo")) // no change: no echo
		f.send(typeBuddyChanged, buddy(""))     // keeps the old alias: no echo
		f.send(typeBuddyChanged, buddy("Echo", "Friends"))
		f.expect(`→ BUDDY_CHANGED alice@localhost buddy_name="echo" alias="Echo" group=["Friends"] status=none`)
		go func() { _ = b.Logout(alice, "bob"); login() }()
		f.next()
		f.next()
		f.send(typeBuddyChanged, buddy("Echo")) // LOGOUT cleared the roster
		f.expect(echo)
	})
}

func TestSpectrumManners(t *testing.T) {
	if m := simulator.SpectrumManners(); m != (simulator.Manners{PingInterval: 20 * time.Second, ExitIdle: true, Relogin: true, EchoBuddies: true, Rejoin: true}) {
		t.Errorf("got %+v", m)
	}
}

func TestRejoinAfterConnected(t *testing.T) {
	const login = `→ LOGIN alice@localhost legacy_name="bob" password=*** settings={stay="1"}`
	join := func(room string) string {
		return `→ JOIN_ROOM alice@localhost nickname="al" room="` + room + `"`
	}
	connected := &pb.Connected{User: proto.String(alice)}
	inBubble(t, simulator.Manners{Relogin: true, Rejoin: true}, func(t *testing.T, b *simulator.Backend, f *fake) {
		u := b.User(alice)
		room := func(typ pb.WrapperMessage_Type, name string) {
			if err := u.Send(typ, &pb.Room{Nickname: proto.String("al"), Room: proto.String(name)}); err != nil {
				t.Error(err)
			}
		}
		go func() {
			if _, err := b.Login(alice, "bob", "hunter2", map[string]string{"stay": "1"}); err != nil {
				t.Error(err)
			}
			for _, name := range []string{"b", "a", "left"} {
				room(pb.WrapperMessage_TYPE_JOIN_ROOM, name)
			}
			room(pb.WrapperMessage_TYPE_LEAVE_ROOM, "left")
		}()
		f.expect(login)
		f.expect(join("b"))
		f.expect(join("a"))
		f.expect(join("left"))
		f.expect(`→ LEAVE_ROOM alice@localhost nickname="al" room="left"`)
		f.send(typeConnected, connected)
		f.expect(join("a"))
		f.expect(join("b"))

		// An automatic login keeps the rooms.
		f.send(typeDisconnected, &pb.Disconnected{User: proto.String(alice), Error: pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR.Enum()})
		f.expect(`→ LOGOUT alice@localhost legacy_name="bob"`)
		f.expect(login)
		f.send(typeConnected, connected)
		f.expect(join("a"))
		f.expect(join("b"))

		// The user's logout clears them.
		go func() { _ = b.Logout(alice, "bob") }()
		f.expect(`→ LOGOUT alice@localhost legacy_name="bob"`)
		go func() {
			if _, err := b.Login(alice, "bob", "hunter2", map[string]string{"stay": "1"}); err != nil {
				t.Error(err)
			}
		}()
		f.expect(login)
		f.send(typeConnected, connected)
		go func() { _ = b.Send(typePing, nil) }()
		f.expect("→ PING")
	})
}

func TestSettleMannersWaitsForTheAnswers(t *testing.T) {
	inBubble(t, simulator.Manners{EchoBuddies: true}, func(t *testing.T, b *simulator.Backend, f *fake) {
		go func() {
			if _, err := b.Login(alice, "bob", "", map[string]string{}); err != nil {
				t.Error(err)
			}
		}()
		f.next()
		f.send(typeBuddyChanged, &pb.Buddy{UserName: proto.String(alice), BuddyName: proto.String("echo")})
		synctest.Wait()
		settled := make(chan error)
		go func() { settled <- b.SettleManners(t.Context()) }()
		synctest.Wait()
		select {
		case err := <-settled:
			t.Fatalf("settled with %v before the echo was read", err)
		default:
		}
		f.next()
		if err := <-settled; err != nil {
			t.Error(err)
		}
	})
}
