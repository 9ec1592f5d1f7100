package session

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"
	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/race"
	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
)

// failingScript is a script whose users cannot log in: the network is down.
type failingScript struct {
	r     *Registry
	ended sync.WaitGroup
}

func (f *failingScript) Dispatch(_ *task.Task, s *Session, m Message) error {
	if s == nil || m.Type.Number != pb.WrapperMessage_TYPE_LOGIN {
		return nil
	}
	code := pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR
	payload, err := proto.Marshal(&pb.Disconnected{User: &s.User, Error: &code, Message: proto.String("connection refused")})
	if err != nil {
		return err
	}
	return f.r.Send(s, pb.WrapperMessage_TYPE_DISCONNECTED, payload)
}

func (f *failingScript) Early(*Session, *schema.Type, []byte) bool { return false }
func (f *failingScript) Offline(*Session) [][]byte                 { return nil }
func (f *failingScript) Ended(*Session)                            { f.ended.Done() }
func (f *failingScript) Send(pb.WrapperMessage_Type, []byte) error { return nil }

// TestRetriesTakeLittleMemory measures users who wait for their network.
func TestRetriesTakeLittleMemory(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector needs memory of its own")
	}
	const users, limit = 10_000, 2500 // bytes; 1,900 on an idle machine, and more if queues grow on a busy one
	log, _ := logtest.NewNullLogger()
	log.SetLevel(0)
	s, f := task.New(task.Options{}), &failingScript{}
	defer s.Close()
	f.r = New(t.Context(), Options{Scheduler: s, Script: f, Sender: f, Log: log, LogoutGrace: time.Second, LogoutTimeout: time.Second,
		LoginDelay: time.Hour, LoginDelayMax: time.Hour, LoginRetries: Unlimited, MaxQueue: 100, MaxQueueBytes: 64 << 20})
	before := heap()
	f.ended.Add(users)
	for i := range users {
		user := fmt.Sprintf("user%d@example.net", i)
		f.r.Receive(t.Context(), schema.TypeByName("login"), mustMarshal(&pb.Login{User: &user, LegacyName: &user, Password: proto.String("a password"),
			Settings: &pb.UserSettings{Value: map[string]string{"enable_transport": "1", "send_headlines": "0", "stay_connected": "0"}}}), nil)
	}
	f.ended.Wait()
	waiting := func() (n int) {
		f.r.mu.Lock()
		defer f.r.mu.Unlock()
		for _, s := range f.r.users {
			if s.state == 0 && s.waits == 1 {
				n++
			}
		}
		return n
	}
	for waiting() < users {
		runtime.Gosched()
	}
	each := (heap() - before) / users
	t.Logf("a user who waits takes %d bytes", each)
	if each > limit {
		t.Errorf("a user who waits takes %d bytes, more than %d", each, limit)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	f.r.Exit(ctx, Message{Type: schema.TypeByName("exit")})
}

// heap returns the bytes of objects that are in use.
func heap() int {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc)
}
