package simulator_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

func text(s string) func(proto.Message) bool {
	return simulator.Like(&pb.ConversationMessage{Message: proto.String(s)})
}

func TestExpectTakesTheFirstMatchAndLeavesTheRest(t *testing.T) {
	b, f := greeted(t, simulator.Options{})
	for _, s := range []string{"one", "two", "two", "three"} {
		f.send(typeConvMessage, conv(s))
	}
	three := b.Expect(typeConvMessage, text("three"))
	two := b.Expect(typeConvMessage, text("two"))
	again := b.Expect(typeConvMessage, text("two"))
	one := b.Expect(typeConvMessage, nil)
	if one.Seq >= two.Seq || two.Seq >= again.Seq || again.Seq >= three.Seq {
		t.Errorf("frames are numbered %d %d %d %d", one.Seq, two.Seq, again.Seq, three.Seq)
	}
	if got := one.Message.(*pb.ConversationMessage).GetMessage(); got != "one" {
		t.Errorf("the remaining text is %q", got)
	}
	if one.User != alice || one.Direction != simulator.FromBackend || one.Time.IsZero() {
		t.Errorf("got %+v", one)
	}
}

func TestExpectWaitsForTheFrame(t *testing.T) {
	b, f := greeted(t, simulator.Options{})
	go f.serve(func(frame simulator.Frame) { f.send(typeConvMessage, conv("other")); f.send(frame.Type, frame.Message) })
	alice := b.User(alice)
	alice.Say("echo", "hello")
	alice.Expect(typeConvMessage, text("hello"))
	b.Exit()
}

func TestExpectationsReportWhyTheyFail(t *testing.T) {
	expired, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("no time left"))
	tests := []struct {
		name string
		ctx  context.Context
		do   func(context.Context, *simulator.Backend) error
		is   error
		want []string
	}{
		{"no frame in time", t.Context(), func(ctx context.Context, b *simulator.Backend) error {
			_, err := b.Expect(ctx, typeConvMessage, text("bye"))
			return err
		}, context.DeadlineExceeded, []string{"expected CONV_MESSAGE that matches: context deadline exceeded", `← CONV_MESSAGE alice@localhost buddy_name="echo" message="hello"`, "→ PING"}},
		{"the context ends", expired, func(ctx context.Context, b *simulator.Backend) error {
			_, err := b.User("carol@localhost").Expect(ctx, typeConnected, nil)
			return err
		}, nil, []string{"expected CONNECTED for carol@localhost: no time left"}},
		{"another frame is next", t.Context(), func(ctx context.Context, b *simulator.Backend) error {
			_, err := b.ExpectNext(ctx, typeConnected, nil)
			return err
		}, nil, []string{`expected CONNECTED next, but got ← CONV_MESSAGE alice@localhost`}},
		{"no next frame", t.Context(), func(ctx context.Context, b *simulator.Backend) error {
			_, err := b.User("carol@localhost").ExpectNext(ctx, typeConnected, nil)
			return err
		}, context.DeadlineExceeded, []string{`expected CONNECTED for carol@localhost: context deadline`}},
		{"Never, and the frame arrives", t.Context(), func(ctx context.Context, b *simulator.Backend) error {
			return b.Never(ctx, func(context.Context) error { return nil }, typeConvMessage, nil)
		}, nil, []string{"expected no CONV_MESSAGE, but got ← CONV_MESSAGE"}},
		{"Never, and the barrier fails", t.Context(), func(ctx context.Context, b *simulator.Backend) error {
			return b.Never(ctx, b.Ping, typeConnected, nil)
		}, context.DeadlineExceeded, []string{"waiting for the barrier, expecting no CONNECTED: expected PONG: context deadline"}},
		{"the backend does not stop", t.Context(), func(ctx context.Context, b *simulator.Backend) error { return b.Exit(ctx) },
			context.DeadlineExceeded, []string{"expected the end of the connection: context deadline", "→ EXIT"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, f := greeted(t, simulator.Options{})
			f.send(typeConvMessage, conv("hello"))
			// Frames arrive in order: after the next one, these have arrived.
			f.send(typeStats, &pb.Stats{Res: proto.Int32(0), InitRes: proto.Int32(0), Shared: proto.Int32(0), Id: proto.String("1")})
			b.Expect(typeStats, nil)
			// Only failing expectations take this long.
			ctx, cancel := context.WithTimeout(test.ctx, 30*time.Millisecond)
			defer cancel()
			err := test.do(ctx, b.Backend)
			if err == nil {
				t.Fatal("no error")
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("the error does not wrap %v", test.is)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got the error\n%v\nwithout %q", err, want)
				}
			}
		})
	}
}

func TestExpectTakesFramesAfterTheConnectionEnded(t *testing.T) {
	b, f := greeted(t, simulator.Options{})
	f.send(typeConvMessage, conv("last words"))
	_ = f.conn.Close()
	b.Expect(typeConvMessage, text("last words"))
	_, err := b.Backend.Expect(t.Context(), typeConvMessage, nil)
	if !errors.Is(err, simulator.ErrEnded) || !strings.Contains(err.Error(), "the connection has ended (EOF)") {
		t.Errorf("got %v", err)
	}
	<-b.Done() // Done closes, too
}

func TestExpectNextSkipsPongAndStats(t *testing.T) {
	b, f := greeted(t, simulator.Options{})
	f.send(typePong, nil)
	f.send(typeConvMessage, conv("hello"))
	b.ExpectNext(typeConvMessage, text("hello"))
	b.ExpectNext(typePong, nil)
}

func TestNeverWaitsForItsBarrier(t *testing.T) {
	b, f := greeted(t, simulator.Options{})
	go f.serve(func(frame simulator.Frame) { f.send(frame.Type, frame.Message) })
	user := b.User(alice)
	user.Say("echo", "hello")
	user.Never(user.EchoBarrier("echo"), typeConvMessage, text("bye"))
	b.Never(b.QueryBarrier("status"), typeConnected, nil)
	b.Never(b.Backend.Ping, typeConnected, nil)
	b.Never(b.Backend.Exit, typeConnected, nil)
	user.Expect(typeConvMessage, text("hello"))
	if n := b.Discard(); n != 0 {
		t.Errorf("%d frames remain, although the barriers take their own", n)
	}
}

// TestPingWaitsForItsOwnPong pings twice: the first PONG does not end the second Ping.
func TestPingWaitsForItsOwnPong(t *testing.T) {
	b, f := greeted(t, simulator.Options{})
	b.Send(typePing, nil)
	done := make(chan error, 1)
	go func() { done <- b.Backend.Ping(t.Context()) }()
	f.next()
	f.next()
	f.send(typePong, nil)
	f.send(typeConvMessage, conv("between"))
	b.Expect(typeConvMessage, nil)
	select {
	case err := <-done:
		t.Fatalf("the second Ping ended with the first PONG: %v", err)
	default:
	}
	f.send(typePong, nil)
	if err := <-done; err != nil {
		t.Error(err)
	}
	if n := b.Discard(); n != 0 {
		t.Errorf("%d frames remain", n)
	}
}

func TestKeptFramesAreLimited(t *testing.T) {
	b, f := greeted(t, simulator.Options{KeepFrames: 10})
	for i := range 100 {
		f.send(typeConvMessage, conv(fmt.Sprint(i)))
	}
	b.Expect(typeConvMessage, text("99"))
	frames, forgotten := b.Frames()
	if len(frames) != 10 || forgotten != 92 || frames[9].Seq != 102 {
		t.Errorf("kept %d frames, the last is number %d, dropped %d", len(frames), frames[9].Seq, forgotten)
	}

	b, f = greeted(t, simulator.Options{KeepBytes: 10_000})
	for range 10 {
		f.send(typeConvMessage, conv(strings.Repeat("a", 3000)))
	}
	f.send(typeConvMessage, conv(strings.Repeat("a", 20_000)))
	f.send(typeConnected, &pb.Connected{User: proto.String(alice)})
	b.Expect(typeConnected, nil)
	if frames, _ := b.Frames(); len(frames) != 1 {
		t.Errorf("kept %d frames", len(frames))
	}
}

func TestLikeComparesOnlyTheSetFields(t *testing.T) {
	got := conv("hello")
	got.Id = proto.String("7")
	tests := []struct {
		name string
		want proto.Message
		ok   bool
	}{
		{"no set field", &pb.ConversationMessage{}, true},
		{"same", &pb.ConversationMessage{Message: proto.String("hello"), Id: proto.String("7")}, true},
		{"another value", &pb.ConversationMessage{Message: proto.String("hello"), Id: proto.String("8")}, false},
		{"a default value that is absent", &pb.ConversationMessage{Pm: proto.Bool(false)}, false},
		{"another type", &pb.Connected{}, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if ok := simulator.Like(test.want)(got); ok != test.ok {
				t.Errorf("got %v", ok)
			}
			if simulator.Like(test.want)(nil) {
				t.Error("Like accepts a nil message")
			}
		})
	}
	only := simulator.Match(func(m *pb.ConversationMessage) bool { return m.GetId() == "7" })
	if !only(got) || only(&pb.Connected{}) || only(nil) {
		t.Error("Match accepts other types")
	}
}

func TestTimeoutLimitsEachWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		b := simulator.Attach(near, simulator.Options{})
		start := time.Now()
		_, err := b.Expect(t.Context(), typePong, nil)
		if took := time.Since(start); took != simulator.DefaultTimeout {
			t.Errorf("the wait took %v: %v", took, err)
		}
		if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "expected PONG: not within 10s: ") {
			t.Errorf("got %v", err)
		}
		b.Close()
		_ = far.Close()
	})
}
