package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench/baseline"
	"spectrumlua/cmd/spectrum2-lua/devkit/race"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
	"spectrumlua/runtime/wire"
)

// roleVariable makes the test's own executable play a backend. Its first argument names
// the role.
const roleVariable = "BENCH_TEST_BACKEND"

// peerRole makes the executable play the network of the sessions instead of a backend.
const peerRole = "peer"

// roles holds a correct backend, and backends with one fault each.
var roles = map[string]func(conn net.Conn) int{
	"good": func(conn net.Conn) int {
		if err := baseline.Serve(conn); err != nil {
			return 1
		}
		return 0
	},
	"bad exit": func(conn net.Conn) int { _ = baseline.Serve(conn); return 7 },
	"refuses": func(conn net.Conn) int {
		return answer(conn, pb.WrapperMessage_TYPE_LOGIN, pb.WrapperMessage_TYPE_DISCONNECTED, &pb.Disconnected{
			User: proto.String("user00000@localhost"), Error: pb.ConnectionError_CONNECTION_ERROR_INVALID_SETTINGS.Enum(), Message: proto.String("no script"),
		})
	},
	"other text": func(conn net.Conn) int {
		return answer(conn, pb.WrapperMessage_TYPE_CONV_MESSAGE, pb.WrapperMessage_TYPE_CONV_MESSAGE, &pb.ConversationMessage{
			UserName: proto.String("user00000@localhost"), BuddyName: proto.String(baseline.Contact), Message: proto.String("hm"),
		})
	},
	"dies at login": func(conn net.Conn) int {
		return answer(conn, pb.WrapperMessage_TYPE_LOGIN, 0, nil)
	},
	"dies": func(conn net.Conn) int {
		return answer(conn, pb.WrapperMessage_TYPE_CONV_MESSAGE, 0, nil)
	},
}

// answer is a backend that answers messages of the type to with message. If message is nil,
// it ends when it receives one. It handles other types as baseline.Serve does.
func answer(conn net.Conn, to, with pb.WrapperMessage_Type, message proto.Message) int {
	var b baseline.Backend
	frames := wire.NewReader(conn, 0)
	for {
		frame, err := frames.Next()
		if err != nil {
			return 0
		}
		if typ, _, _ := pb.SplitWrapper(frame); typ == to {
			if message == nil {
				fmt.Fprintln(os.Stderr, "oh no")
				return 7
			}
			_ = b.Send(with, message)
		} else if exit, err := b.Handle(frame); exit || err != nil {
			return 0
		}
		_, _ = conn.Write(b.Out)
		b.Out = b.Out[:0]
	}
}

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) == "" {
		goleak.VerifyTestMain(m)
		return
	}
	if os.Args[1] == peerRole {
		if err := Peer(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	conn, err := baseline.Dial(os.Args)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(111)
	}
	signal.Ignore(syscall.SIGHUP) // as backends do, for which it is no reason to end
	os.Exit(roles[os.Args[1]](conn))
}

// quick returns options for a short run.
func quick(t *testing.T, role string) Options {
	t.Helper()
	t.Setenv(roleVariable, "1")
	t.Setenv("GORACE", "atexit_sleep_ms=0") // a second for each process otherwise
	o := Defaults()
	o.Backend = Backend{Path: os.Args[0], Leading: []string{role}}
	o.Baseline = Backend{Path: os.Args[0], Leading: []string{"good"}}
	o.Config = "x.cfg"
	o.Peer = Backend{Path: os.Args[0], Leading: []string{peerRole}}
	o.Starts, o.Rounds, o.Round, o.Questions, o.Pauses, o.Settle = 2, 2, 20*time.Millisecond, 10, 1, 0
	o.Sessions, o.Tasks, o.Reload, o.Room, o.Stored, o.Logins = 0, 0, 0, 0, 0, 0 // these need a real script
	o.Growth = nil
	return o
}

func TestRunMeasuresBothBackends(t *testing.T) {
	tests := []struct {
		name string
		load Load
	}{
		{"the default load", Defaults().Load},
		{"one user with one message", Load{1, 1, 0}},
		// The messages exceed the socket buffers, so that both ends write at the same time.
		{"many large messages in flight", Load{10, 64, race.Reduce(256, 64) << 10}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := quick(t, "good")
			o.Load = test.load
			var progress []string
			o.Progress = func(text string) { progress = append(progress, text) }
			r, err := Run(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range r.Backends {
				for _, row := range leading {
					f := row.figure
					want := o.Rounds
					if f == Rest {
						want = 1
					}
					if s := m.Figures[f]; s.N != want || s.Min <= 0 || s.Min > s.Median || s.Median > s.Max {
						t.Errorf("%s: %s is %+v", m.Name, f, s)
					}
					if s := m.Ratios[f]; m.Name != baselineName && (s.N != want || s.Min <= 0) {
						t.Errorf("%s: the ratio of %s is %+v", m.Name, f, s)
					}
				}
			}
			if len(r.Backends) != 2 || len(r.Verdicts) != 8 || len(progress) != 4 {
				t.Errorf("backends %v, verdicts %v, progress %q", r.Backends, r.Verdicts, progress)
			}
		})
	}
}

func TestRunReportsWhyABackendFails(t *testing.T) {
	tests := []struct {
		role string
		want []string
	}{
		{"bad exit", []string{"Lua: the backend ended with exit code 7"}},
		{"refuses", []string{"Lua: user00000@localhost may not log in: CONNECTION_ERROR_INVALID_SETTINGS", "no script"}},
		{"other text", []string{"Lua: this is no echo", "hm"}},
		{"dies", []string{"Lua: ", "oh no"}},
	}
	for _, test := range tests {
		t.Run(test.role, func(t *testing.T) {
			_, err := Run(t.Context(), quick(t, test.role))
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, without %q", err, want)
				}
			}
		})
	}
	t.Run("no executable", func(t *testing.T) {
		o := quick(t, "good")
		o.Backend.Path = "no/such/file"
		if _, err := Run(t.Context(), o); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("got %v", err)
		}
	})
	t.Run("nothing to measure", func(t *testing.T) {
		for _, spoil := range []func(*Options){
			func(o *Options) { o.Load.Users = 0 }, func(o *Options) { o.Load.InFlight = 0 }, func(o *Options) { o.Rounds = 0 },
			func(o *Options) { o.Starts = -1 }, func(o *Options) { o.Pauses = -1 }, func(o *Options) { o.Sessions = -1 }, func(o *Options) { o.Tasks = -1 }, func(o *Options) { o.Reload = -1 }, func(o *Options) { o.Stored = -1 },
			func(o *Options) { o.Room = -1 }, func(o *Options) { o.Logins = -1 }, func(o *Options) { o.Growth = []Load{{}} },
		} {
			o := quick(t, "good")
			spoil(&o)
			if _, err := Run(t.Context(), o); err == nil {
				t.Error("no error")
			}
		}
	})
	t.Run("interrupted", func(t *testing.T) {
		o := quick(t, "good")
		o.Round = time.Hour
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		o.Progress = func(text string) {
			if text == "round 1 of 2" {
				// The first backend is warmed up for half an hour next.
				time.AfterFunc(20*time.Millisecond, func() { cancel(why) })
			}
		}
		if _, err := Run(ctx, o); !errors.Is(err, why) {
			t.Errorf("got %v", err)
		}
	})
}

func TestRunMeasuresLogins(t *testing.T) {
	o := quick(t, "good")
	o.Logins = 50
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	l := r.Logins
	// The logins of one round may be over before its first PONG.
	if l == nil || l.Users != 50 || l.PongMS.N != o.Rounds || l.PongMS.Max <= 0 || l.CPUUS.Min <= 0 || l.WholeMS.Min <= 0 {
		t.Errorf("got %+v", l)
	}
	o.Progress = func(string) {}
	for role, want := range map[string]string{"refuses": "may not log in", "bad exit": "exit code 7", "dies at login": "logging in, after 0 users"} {
		o.Backend.Leading = []string{role}
		s, err := simulator.Listen(simulator.IPv4, simulator.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := measureLogins(t.Context(), s, o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, without %q", role, err, want)
		}
		s.Close()
	}
}

func TestRunMeasuresEachStepOfGrowth(t *testing.T) {
	o := quick(t, "good")
	o.Growth = []Load{{3, 2, 10}, {idleUsers, 2, 10}}
	r, err := Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range r.Growth {
		if s.Load != o.Growth[i] || s.Backends[0].Figures[Rate].N != o.Rounds || s.Backends[0].Ratios[Rate].N != o.Rounds {
			t.Errorf("got %+v of %+v", s, o.Growth[i])
		}
	}
	if len(r.Growth) != 2 || len(r.Verdicts) != 10 {
		t.Errorf("%d steps, verdicts %+v", len(r.Growth), r.Verdicts)
	}
}

func TestMeasureScriptReportsWhyTheScriptFails(t *testing.T) {
	for _, test := range []struct {
		name  string
		role  string
		spoil func(*Options)
		want  string
	}{
		{"a login", "refuses", func(o *Options) { o.Sessions = 5 }, "user00000@localhost may not log in"},
		{"a task", "good", func(o *Options) { o.Tasks = 7 }, `the answer to "tasks 7" is "tasks 7", not "done"`},
		{"a room", "refuses", func(o *Options) { o.Room = 2 }, "a room: user00000@localhost may not log in"},
		{"a store", "good", func(o *Options) { o.Stored = 3 }, `the answer to "set 3" is "set 3", not "done"`},
		{"nobody waits", "good", func(o *Options) { o.Sessions = 5 }, `the answer to "waiting" is "waiting", not "1"`},
		{"a reload", "good", func(o *Options) { o.Reload = 1 }, `the answer to "reloaded" is "reloaded", not a number up to 1`},
		{"an end at a reload", "dies", func(o *Options) { o.Reload = 1 }, `waiting for the answer to "reloaded": `},
		{"no peer", "good", func(o *Options) { o.Tasks, o.Peer.Path = 7, "no/such/file" }, "the peer: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := quick(t, test.role)
			test.spoil(&o)
			if err := o.check(); err != nil {
				t.Fatal(err)
			}
			s, err := simulator.Listen(simulator.IPv4, simulator.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if _, err := measureScript(t.Context(), s, o); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, without %q", err, test.want)
			}
		})
	}
}

func TestPeerClosesConnectionsWhenItsInputEnds(t *testing.T) {
	quick(t, peerRole) // sets the environment
	address, stop, err := startPeer(t.Context(), Backend{Path: os.Args[0], Leading: []string{peerRole}})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := stop(); err != nil {
		t.Error(err)
	}
	if n, err := conn.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes", n)
	}
}
