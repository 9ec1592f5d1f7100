package simulator_test

import (
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator/simtest"
	"spectrumlua/pb"
)

func TestSendWritesTheseBytes(t *testing.T) {
	tests := []struct {
		name string
		send func(*simulator.Backend) error
		want string
	}{
		{"no payload", func(b *simulator.Backend) error { return b.Send(typePing, nil) }, "\x00\x00\x00\x02\x08\x09"},
		{"payload", func(b *simulator.Backend) error {
			return b.Send(typeConnected, &pb.Connected{User: proto.String("a")})
		}, "\x00\x00\x00\x07\x08\x01\x12\x03\x0a\x01a"},
		{"empty payload", func(b *simulator.Backend) error { return b.Send(typeConnected, &pb.Connected{}) }, "\x00\x00\x00\x04\x08\x01\x12\x00"},
		{"payload of any bytes", func(b *simulator.Backend) error { return b.SendPayload(99, []byte("x")) }, "\x00\x00\x00\x05\x08\x63\x12\x01x"},
		{"frame of any bytes", func(b *simulator.Backend) error { return b.SendFrame([]byte("xyz")) }, "\x00\x00\x00\x03xyz"},
		{"empty frame", func(b *simulator.Backend) error { return b.SendFrame(nil) }, "\x00\x00\x00\x00"},
		{"any bytes", func(b *simulator.Backend) error { return b.SendBytes([]byte("\x00\x00")) }, "\x00\x00"},
		{"logout", func(b *simulator.Backend) error { return b.Logout("a", "b") }, "\x00\x00\x00\x0a\x08\x04\x12\x06\x0a\x01a\x12\x01b"},
		{"message", func(b *simulator.Backend) error { return b.User("a").Say("b", "c") }, "\x00\x00\x00\x0d\x08\x08\x12\x09\x0a\x01a\x12\x01b\x1a\x01c"},
		{"message with the user's name added", func(b *simulator.Backend) error {
			return b.User("a").Send(typeBuddyChanged, &pb.Buddy{BuddyName: proto.String("b")})
		}, "\x00\x00\x00\x0a\x08\x06\x12\x06\x0a\x01a\x12\x01b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, f := connect(t, simulator.Options{})
			if err := test.send(b.Backend); err != nil {
				t.Fatal(err)
			}
			if err := b.CloseWrite(); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(f.conn)
			if err != nil || string(got) != test.want {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestSendRejectsWrongMessages(t *testing.T) {
	b, _ := connect(t, simulator.Options{})
	user := b.Backend.User(alice)
	for name, err := range map[string]error{
		"a type without a user":       user.Send(typeQuery, &pb.BackendConfig{}),
		"a type with a list of users": user.Send(pb.WrapperMessage_TYPE_BUDDIES, &pb.Buddies{}),
		"an unknown type":             user.Send(99, &pb.Connected{}),
		"another type's payload":      user.Send(typeBuddyChanged, &pb.Connected{}),
		"a missing payload":           user.Send(typeBuddyChanged, nil),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	b.Close()
	if err := b.Backend.Send(typePing, nil); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := b.Backend.Ping(t.Context()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if !errors.Is(b.Err(), net.ErrClosed) {
		t.Errorf("the connection ended with %v", b.Err())
	}
}

func TestTraceSeesBothDirectionsInOrder(t *testing.T) {
	var lines []string
	b, f := connect(t, simulator.Options{Trace: func(f simulator.Frame) { lines = append(lines, simulator.Describe(f)) }})
	served := make(chan struct{})
	go func() {
		defer close(served)
		f.serve(func(frame simulator.Frame) {
			f.send(typeConnected, &pb.Connected{User: proto.String(frame.User)})
		})
	}()
	b.Ping()
	b.Login(alice, "bob", "hunter2").ExpectNext(typeConnected, nil)
	b.Exit()
	<-served
	b.Close()
	want := []string{"→ PING", "← PONG",
		`→ LOGIN alice@localhost legacy_name="bob" password=*** settings={enable_transport="1" send_headlines="0" stay_connected="0"}`,
		"← CONNECTED alice@localhost", "→ EXIT"}
	if len(lines) != len(want) {
		t.Fatalf("got %q", lines)
	}
	for i := range want {
		if lines[i] != want[i] {
			t.Errorf("got %s, want %s", lines[i], want[i])
		}
	}
}

// TestStopReadingBlocksTheBackend checks that a backend cannot write more than the buffers
// hold while Spectrum does not read.
func TestStopReadingBlocksTheBackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		b := simulator.Attach(near, simulator.Options{})
		defer b.Close()
		f := newFake(t, far)
		f.send(typePong, nil)
		b.StopReading()
		b.StopReading()
		written := false
		go func() {
			f.send(typePong, nil)
			written = true
		}()
		synctest.Wait()
		if n := b.Received(); written || n != 1 {
			t.Errorf("written: %v, received: %d frames", written, n)
		}
		b.Resume()
		b.Resume()
		synctest.Wait()
		if n := b.Received(); !written || n != 2 {
			t.Errorf("written: %v, received: %d frames", written, n)
		}
		// Repeated stops lose no frame.
		for range 100 {
			b.StopReading()
			b.Resume()
			f.send(typePong, nil)
		}
		synctest.Wait()
		if n := b.Received(); n != 102 {
			t.Errorf("received %d frames", n)
		}
	})
}

func TestCloseEndsAStoppedReader(t *testing.T) {
	b, f := greeted(t, simulator.Options{})
	b.StopReading()
	f.send(typePong, nil)
	b.Close()
	b.Close()
	<-b.Done()
}

func TestCloseEndsABlockedSend(t *testing.T) {
	b, _ := simtest.Pipe(t, simulator.Options{})
	sent := make(chan error, 1)
	go func() { sent <- b.Backend.Send(typePing, nil) }()
	b.Close()
	if err := <-sent; err == nil {
		t.Error("Send succeeded, although the backend read nothing")
	}
}

func TestCloseWriteFailsOnAPipe(t *testing.T) {
	b, _ := simtest.Pipe(t, simulator.Options{})
	if err := b.CloseWrite(); err == nil {
		t.Error("CloseWrite of a pipe succeeded")
	}
}
