package luabind_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"google.golang.org/protobuf/proto"

	"spectrumlua/luabind"
	"spectrumlua/pb"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
)

// echoes counts the messages of a script and drops them.
type echoes struct{ sent chan struct{} }

func (e *echoes) Send(typ pb.WrapperMessage_Type, _ []byte) error {
	if typ == pb.WrapperMessage_TYPE_CONV_MESSAGE {
		e.sent <- struct{}{}
	}
	return nil
}

func (e *echoes) Full() bool { return false }

func (e *echoes) WaitCapacity(context.Context) error { return nil }

// BenchmarkEcho measures a message and its echo without frames and sockets: from
// session.Receive to the sender.
func BenchmarkEcho(b *testing.B) {
	bench := newEchoBench(b, 1)
	b.ReportAllocs()
	b.ResetTimer()
	bench.run(b.N)
}

// inFlight is the number of messages that an echoBench sends before it waits for them.
const inFlight = 256

// echoBench is a host whose script sends each message back.
type echoBench struct {
	b         *testing.B
	host      *luabind.Host
	scheduler *task.Scheduler
	sent      *echoes
	payloads  [][]byte // one for each user
}

// configIn returns the config of a transport with the script script.lua in a folder.
func configIn(tb testing.TB, dir string) (*config.Config, config.Settings) {
	tb.Helper()
	cfg, err := config.Parse(dir+"/test.cfg", []byte("[service]\njid=lua.localhost\n[lua]\nscript=script.lua\n"), config.Options{
		Overrides: []config.Override{{Key: "service.working_dir", Value: dir}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	settings, err := cfg.Settings()
	if err != nil {
		tb.Fatal(err)
	}
	return cfg, settings
}

// exit ends the sessions of a host, as Spectrum does.
func exit(h *luabind.Host) {
	h.Sessions().Exit(context.Background(), session.Message{Type: schema.TypeByNumber(pb.WrapperMessage_TYPE_EXIT)})
}

// newEchoBench returns a host with users.
func newEchoBench(b *testing.B, users int) *echoBench {
	b.Helper()
	dir := b.TempDir()
	cfg, settings := configIn(b, dir)
	err := os.WriteFile(dir+"/script.lua", []byte(`
local on = {}
function on.login(session) session:connected() end
function on.conv_message(session, m)
  session:conv_message { buddy_name = m.buddy_name, message = m.message }
end
return on`), 0o600)
	if err != nil {
		b.Fatal(err)
	}
	logger := logrus.New()
	logger.SetLevel(logrus.ErrorLevel)
	e := &echoBench{b: b, scheduler: task.New(task.Options{Run: settings.HandlerTimeout}), sent: &echoes{sent: make(chan struct{}, inFlight)}}
	b.Cleanup(e.scheduler.Close)
	e.host = luabind.New(b.Context(), luabind.Options{Config: cfg, Settings: settings, Scheduler: e.scheduler, Link: e.sent, Log: logger})
	if err := e.host.Load(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { exit(e.host) })
	for n := range users {
		user := fmt.Sprintf("user%d@localhost", n)
		login := e.encode(&pb.Login{User: &user, LegacyName: proto.String("alice"), Password: proto.String("")})
		e.host.Sessions().Receive(b.Context(), schema.TypeByName("login"), login, nil)
		e.payloads = append(e.payloads, e.encode(&pb.ConversationMessage{
			UserName: &user, BuddyName: proto.String("echo"), Message: proto.String(strings.Repeat("x", 64)),
		}))
	}
	return e
}

func (e *echoBench) encode(m proto.Message) []byte {
	payload, err := proto.Marshal(m)
	if err != nil {
		e.b.Fatal(err)
	}
	return payload
}

// run sends n messages of alternating users and waits for their echoes.
func (e *echoBench) run(n int) {
	typ := schema.TypeByName("conv_message")
	waiting := 0
	for i := range n {
		e.host.Sessions().Receive(e.b.Context(), typ, e.payloads[i%len(e.payloads)], nil)
		if waiting++; waiting == inFlight {
			for ; waiting > 0; waiting-- {
				<-e.sent.sent
			}
		}
	}
	for ; waiting > 0; waiting-- {
		<-e.sent.sent
	}
}

// processorTime returns the processor time of the process.
func processorTime(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkLooking compares the processor time of messages of 1,000 users without observers,
// while the time with the script lock is measured, and while a profile is taken. The modes
// alternate, and each metric is a median of ratios, so that other load matters little.
func BenchmarkLooking(b *testing.B) {
	const users, messages, lease = 1000, 20000, time.Hour
	e := newEchoBench(b, users)
	modes := []func() (stop func()){
		func() func() { return func() {} },
		func() func() { // also idle, for the noise
			return func() {}
		},
		func() func() {
			e.scheduler.Measure(lease)
			return func() {
				e.scheduler.Measure(0) // expires at once
				time.Sleep(time.Millisecond)
			}
		},
		func() func() {
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				_, _ = e.host.Profile(ctx, time.Hour, 100)
			}()
			return func() {
				cancel()
				<-ended
			}
		},
	}
	e.run(messages)
	ratios := make([][]float64, len(modes))
	for round := 0; b.Loop(); round++ {
		costs := make([]float64, len(modes))
		for i := range modes {
			mode := (i + round) % len(modes)
			stop := modes[mode]()
			before := processorTime(b)
			e.run(messages)
			costs[mode] = float64(processorTime(b) - before)
			stop()
		}
		for mode, cost := range costs {
			ratios[mode] = append(ratios[mode], cost/costs[0])
		}
	}
	for mode, name := range []string{"", "%noise", "%measured", "%profiled"} {
		if name != "" {
			b.ReportMetric(100*(median(ratios[mode])-1), name)
		}
	}
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
