package session

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
)

// counter is a script that only counts messages, and a sender that drops them.
type counter struct {
	left int // guarded by the script lock
	done chan struct{}
}

func (c *counter) Dispatch(*task.Task, *Session, Message) error {
	if c.left--; c.left == 0 {
		close(c.done)
	}
	return nil
}
func (*counter) Ended(*Session)                            {}
func (*counter) Early(*Session, *schema.Type, []byte) bool { return false }
func (*counter) Offline(*Session) [][]byte                 { return nil }
func (*counter) Send(pb.WrapperMessage_Type, []byte) error { return nil }

func benchmarked(b *testing.B, calls int, run func(receive func(name string, payload []byte), r *Registry)) {
	log, _ := logtest.NewNullLogger()
	s, c := task.New(task.Options{}), &counter{left: calls, done: make(chan struct{})}
	defer s.Close()
	r := New(b.Context(), Options{Scheduler: s, Script: c, Sender: c, Log: log,
		LogoutGrace: time.Second, LogoutTimeout: time.Second, MaxQueue: 1 << 30, MaxQueueBytes: 1 << 20})
	b.ReportAllocs()
	b.ResetTimer()
	run(func(name string, payload []byte) { r.Receive(b.Context(), schema.TypeByName(name), payload, nil) }, r)
	<-c.done
	b.StopTimer()
	ctx, cancel := context.WithTimeout(b.Context(), time.Minute)
	defer cancel()
	r.Exit(ctx, Message{Type: schema.TypeByName("exit")})
}

// BenchmarkReceive measures a message from Receive to the end of Handle.
func BenchmarkReceive(b *testing.B) {
	for _, users := range []int{1, 100} {
		b.Run(fmt.Sprintf("users=%d", users), func(b *testing.B) {
			logins, messages := make([][]byte, users), make([][]byte, users)
			for i := range users {
				user := fmt.Sprintf("user%d@localhost", i)
				logins[i], messages[i] = loginOf(user, "legacy"), sayingOf(user, "hello, world")
			}
			benchmarked(b, users+b.N, func(receive func(string, []byte), _ *Registry) {
				for _, login := range logins {
					receive("login", login)
				}
				for i := range b.N {
					receive("conv_message", messages[i%users])
				}
			})
		})
	}
}

// BenchmarkLife measures a session from LOGIN to its end.
func BenchmarkLife(b *testing.B) {
	login := loginOf("alice@localhost", "legacy")
	logout := mustMarshal(&pb.Logout{User: proto.String("alice@localhost"), LegacyName: proto.String("legacy")})
	benchmarked(b, 2*b.N, func(receive func(string, []byte), r *Registry) {
		for range b.N {
			receive("login", login)
			for r.Find("alice@localhost") == nil {
				runtime.Gosched() // lets the session begin
			}
			receive("logout", logout)
		}
	})
}
