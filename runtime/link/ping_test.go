package link

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
)

// aheadOf sends a number of messages, with a PING after every few of them, and reads
// them as if time passed between two frames. It returns the number of messages that
// were read before each PONG, and the number of all messages that were read.
func aheadOf(t *testing.T, messages, every int) (pongs []int, returned int) {
	t.Helper()
	ours, theirs := tcpPair(t)
	defer ours.Close()
	var sending sync.WaitGroup
	defer sending.Wait()
	sending.Go(func() {
		defer theirs.Close()
		var batch []byte
		for i := range messages {
			batch = appendFrame(batch, tMessage, fmt.Append(nil, i))
			if (i+1)%every == 0 {
				batch = appendFrame(batch, tPing, nil)
			}
		}
		_, _ = theirs.Write(batch)
	})
	frames := newFrames(ours, 0, func() { pongs = append(pongs, returned) })
	for {
		frame, err := frames.Next()
		if err != nil {
			if err != io.EOF || frames.early != 0 {
				t.Errorf("%v, and %d PINGs were not skipped", err, frames.early)
			}
			return pongs, returned
		}
		frames.looked = time.Time{}
		if isPing(frame) {
			pongs = append(pongs, returned)
			continue
		}
		_, payload, err := pb.SplitWrapper(frame)
		if err != nil || string(payload) != fmt.Sprint(returned) {
			t.Fatalf("%v: got %q, want %d", err, payload, returned)
		}
		returned++
	}
}

// TestPingBehindAFloodIsAnsweredEarly checks that each PING is answered long before the
// messages in front of it are read, and only once.
func TestPingBehindAFloodIsAnsweredEarly(t *testing.T) {
	const messages = 50_000
	pongs, returned := aheadOf(t, messages, 10_000)
	if returned != messages || len(pongs) != 5 {
		t.Fatalf("%d messages of %d, and PONGs after %v", returned, messages, pongs)
	}
	if last := pongs[4]; last > messages-2*floodFrames {
		t.Errorf("the last PONG comes after %d of %d messages", last, messages)
	}
}

// TestPongFollowsTheMessagesBeforeItsPing sends few messages before each PING.
func TestPongFollowsTheMessagesBeforeItsPing(t *testing.T) {
	const every = 1000
	pongs, _ := aheadOf(t, 3*every, every)
	if fmt.Sprint(pongs) != "[1000 2000 3000]" {
		t.Errorf("PONGs come after %v", pongs)
	}
}

// quiet is a script that does nothing, and a link that drops messages.
type quiet struct{}

func (quiet) Dispatch(*task.Task, *session.Session, session.Message) error { return nil }
func (quiet) Ended(*session.Session)                                       {}
func (quiet) Early(*session.Session, *schema.Type, []byte) bool            { return false }
func (quiet) Offline(*session.Session) [][]byte                            { return nil }
func (quiet) Send(pb.WrapperMessage_Type, []byte) error                    { return nil }

// BenchmarkPingBehindAFlood measures how long a PONG takes behind a million small
// frames: from their first byte, and from the time when the PING was written.
func BenchmarkPingBehindAFlood(b *testing.B) {
	const user, frames = "absent@localhost", 1_000_000
	marshal := func(m proto.Message) []byte {
		payload, err := proto.Marshal(m)
		if err != nil {
			b.Fatal(err)
		}
		return payload
	}
	login := appendFrame(nil, pb.WrapperMessage_TYPE_LOGIN, marshal(&pb.Login{User: proto.String(user), LegacyName: proto.String("x"), Password: proto.String("")}))
	logout := appendFrame(nil, pb.WrapperMessage_TYPE_LOGOUT, marshal(&pb.Logout{User: proto.String(user), LegacyName: proto.String("x")}))
	for _, kind := range []struct {
		name  string
		frame []byte
		n     int // number of frames
	}{
		{"nothing", nil, 1},
		{"unknown user", appendFrame(nil, tMessage, marshal(&pb.ConversationMessage{UserName: proto.String(user), BuddyName: proto.String("b"), Message: proto.String("x")})), 1},
		{"unknown type", appendFrame(nil, 99, nil), 1},
		{"payload that does not parse", appendFrame(nil, tMessage, []byte{0xff}), 1},
		{"frame that does not parse", []byte{0, 0, 0, 2, 0xff, 0xff}, 1},
		{"LOGIN that does not parse", appendFrame(nil, pb.WrapperMessage_TYPE_LOGIN, []byte{0xff}), 1},
		{"LOGOUT of an unknown user", logout, 1},
		{"LOGIN of one user", login, 1},
		{"LOGIN and LOGOUT of one user", append(login[:len(login):len(login)], logout...), 2},
	} {
		b.Run(kind.name, func(b *testing.B) {
			log := logging.Open(logging.Options{Stderr: devNull(b)})
			defer log.Close()
			var flood []byte
			for range frames / kind.n {
				flood = append(flood, kind.frame...)
			}
			var behind time.Duration
			for b.Loop() {
				b.StopTimer()
				ctx, cancel := context.WithCancel(b.Context())
				s := task.New(task.Options{})
				r := session.New(ctx, session.Options{Scheduler: s, Script: quiet{}, Sender: quiet{}, Log: log,
					LogoutGrace: time.Second, LogoutTimeout: time.Second, MaxQueue: 10_000, MaxQueueBytes: 64 << 20})
				ours, theirs := tcpPair(b)
				l := serveOn(b, ours, theirs, Options{Receive: r.Receive})
				l.peer.ping()
				b.StartTimer()

				l.peer.sendBytes(flood)
				sent := time.Now()
				l.peer.send(tPing, "")
				for typ := tStats; typ != tPong; {
					typ, _ = l.peer.next()
				}
				behind += time.Since(sent)

				b.StopTimer()
				cancel()
				go l.peer.conn.Close()
				l.Close(context.Background())
				l.wait()
				s.Close()
				b.StartTimer()
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1e3/float64(b.N), "ms/flood+PONG")
			b.ReportMetric(float64(behind.Microseconds())/1e3/float64(b.N), "ms/PONG")
		})
	}
}

func devNull(b *testing.B) *os.File {
	f, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return f
}
