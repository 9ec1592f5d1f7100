//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
	"spectrumlua/runtime/wire"
)

// An ircLoad is an IRC backend under load. The simulator plays Spectrum, so that the
// measurement does not include Spectrum. The program runs in the chroot, which has its
// libraries.
type ircLoad struct {
	name    string
	prefix  string // the prefix of its users' nicks and rooms
	process *simulator.Process
	conn    net.Conn

	writing   sync.Mutex
	pongs     atomic.Int64
	online    atomic.Int64 // CONNECTED
	joined    atomic.Int64 // users who have joined their room
	delivered atomic.Int64 // messages of rooms to users
	lost      atomic.Pointer[error]
}

// descriptors is the limit of open files for a program under load.
const descriptors = "--nofile=8192:8192"

// launchIRC starts a bed's backend and waits for its first PONG.
func launchIRC(ctx context.Context, s *simulator.Spectrum, b *bed, name, prefix string) *ircLoad {
	b.t.Helper()
	cmd := b.command("prlimit", descriptors, "--", b.inside("backend"))
	process, conn, err := s.LaunchConn(ctx, cmd.Path, b.inside("transport.cfg"), simulator.ProcessOptions{
		Leading: cmd.Args[1:], Env: cmd.Env,
	})
	if err != nil {
		b.t.Fatalf("%s: %v", name, err)
	}
	l := &ircLoad{name: name, prefix: prefix, process: process, conn: conn}
	b.t.Cleanup(func() {
		_ = conn.Close()
		process.Kill()
	})
	go l.read()
	l.send(b, pb.WrapperMessage_TYPE_PING, nil)
	l.await(b, "PONG", &l.pongs, 1)
	return l
}

// read counts the messages of the backend.
func (l *ircLoad) read() {
	frames := wire.NewReader(l.conn, 0)
	for {
		frame, err := frames.Next()
		if err != nil {
			l.lost.Store(&err)
			return
		}
		typ, payload, err := pb.SplitWrapper(frame)
		if err != nil {
			continue
		}
		switch typ {
		case pb.WrapperMessage_TYPE_PONG:
			l.pongs.Add(1)
		case pb.WrapperMessage_TYPE_CONNECTED:
			l.online.Add(1)
		case pb.WrapperMessage_TYPE_CONV_MESSAGE:
			l.delivered.Add(1)
		case pb.WrapperMessage_TYPE_PARTICIPANT_CHANGED:
			var p pb.Participant
			if proto.Unmarshal(payload, &p) == nil && strings.HasPrefix(p.GetUserName(), p.GetNickname()+"@") {
				l.joined.Add(1)
			}
		}
	}
}

func (l *ircLoad) send(b *bed, typ pb.WrapperMessage_Type, payload proto.Message) {
	b.t.Helper()
	var bytes []byte
	if payload != nil {
		var err error
		if bytes, err = proto.Marshal(payload); err != nil {
			b.t.Fatal(err)
		}
	}
	frame := pb.AppendWrapper(nil, typ, bytes)
	l.writing.Lock()
	defer l.writing.Unlock()
	if _, err := l.conn.Write(append(wire.AppendHeader(nil, len(frame)), frame...)); err != nil {
		b.t.Fatalf("%s: %v", l.name, err)
	}
}

// await waits until a counter reaches want.
func (l *ircLoad) await(b *bed, what string, count *atomic.Int64, want int64) {
	b.t.Helper()
	const most = 2 * time.Minute
	for end := time.Now().Add(most); count.Load() < want; time.Sleep(time.Millisecond) {
		if err := l.lost.Load(); err != nil {
			b.t.Fatalf("%s: %v, waiting for %s; it has said:\n%s", l.name, *err, what, l.process.Output())
		}
		if time.Now().After(end) {
			b.t.Fatalf("%s: %d of %d %s after %v", l.name, count.Load(), want, what, most)
		}
	}
}

func (l *ircLoad) user(n int) (jid, nick string) {
	nick = fmt.Sprintf("%s%d", l.prefix, n)
	return nick + "@bench.localhost", nick
}

// enter logs users in, each into a room of their own, ten at a time: the queue of ngIRCd's
// listening socket holds ten connections, and a client that finds it full retries after a
// second.
func (l *ircLoad) enter(b *bed, from, to int) {
	b.t.Helper()
	const together = 8
	for ; from < to; from += together {
		end := min(from+together, to)
		for n := from; n < end; n++ {
			jid, nick := l.user(n)
			l.send(b, pb.WrapperMessage_TYPE_LOGIN, &pb.Login{
				User: proto.String(jid), LegacyName: proto.String(nick), Password: proto.String(""),
			})
		}
		l.await(b, "users online", &l.online, int64(end))
		for n := from; n < end; n++ {
			l.join(b, n, fmt.Sprintf("#%s%d", l.prefix, n))
		}
		l.await(b, "users in their rooms", &l.joined, int64(end))
	}
}

func (l *ircLoad) join(b *bed, n int, room string) {
	b.t.Helper()
	jid, nick := l.user(n)
	l.send(b, pb.WrapperMessage_TYPE_JOIN_ROOM, &pb.Room{
		UserName: proto.String(jid), Nickname: proto.String(nick), Room: proto.String(room),
	})
}

// rss returns the resident memory after a pause.
func (l *ircLoad) rss(b *bed) int64 {
	b.t.Helper()
	time.Sleep(2 * time.Second)
	bytes, err := l.process.RSS()
	if err != nil {
		b.t.Fatal(err)
	}
	return bytes
}

func (l *ircLoad) cpu(b *bed) time.Duration {
	b.t.Helper()
	used, err := l.process.CPU()
	if err != nil {
		b.t.Fatal(err)
	}
	return used
}

// loadBed returns a bed without Spectrum and Prosody.
func loadBed(t *testing.T, ours bool) *bed {
	t.Helper()
	config := bedConfig{jid: "bench.localhost", server: true}
	if ours {
		config.file, config.files = "scripts/irc.lua", ircModules(t)
	} else {
		config.inChroot = libcommuni
	}
	return prepareBed(t, config)
}
