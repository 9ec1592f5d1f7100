package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/bench/baseline"
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
	o.Sessions, o.Tasks, o.Reload, o.Room, o.Stored = 0, 0, 0, 0, 0 // these need a real script
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
		{"many large messages in flight", Load{10, 64, 256 << 10}},
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
			func(o *Options) { o.Room = -1 }, func(o *Options) { o.Growth = []Load{{}} },
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

func TestReport(t *testing.T) {
	lua := &subject{name: luaName, samples: samples{
		Start: {4, 5, 60}, Rest: {9}, Peak: {25, 30, 35}, Exit: {2, 2, 2},
		Rate: {100_000, 150_000, 200_000}, CPU: {5, 5, 5}, Busy: {0.4, 0.5, 0.6}, TripMedian: {50, 60, 70},
	}}
	other := &subject{name: againstName, samples: samples{Rate: {50_000, 100_000, 200_000}, CPU: {10, 10, 10}}}
	base := &subject{name: baselineName, samples: samples{
		Start: {2, 2, 2}, Rest: {4.5}, Peak: {5, 5, 5}, Exit: {1, 1, 1},
		Rate: {500_000, 500_000, 500_000}, CPU: {1, 1, 1}, Busy: {0.4, 0.6, 0.6}, TripMedian: {50, 50, 50},
	}}
	o := Defaults()
	r := newReport(o, []*subject{lua, other, base}, Scripted{}, nil)
	if got := r.Backends[0].Ratios[Rate]; got != (Spread{3, 0.2, 0.3, 0.4}) {
		t.Errorf("the ratio of the rates is %+v", got)
	}
	if r.Met() {
		t.Error("Met returns true for a rate ratio of 0.3")
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"start to first PONG, ms\n" +
			"  Lua                        5.0        4.0       60.0       2.50    2.00   30.00\n",
		"echoes per second\n" +
			"  Lua                     150000     100000     200000       0.30    0.20    0.40\n" +
			"  other                   100000      50000     200000       0.20    0.10    0.40\n" +
			"  baseline                500000*    500000     500000\n" +
			"  Lua / other              1.500      1.000      2.000\n",
		"\n* WARNING: The load generator used more than 50 % of a processor",
		"CPU per echo, µs\n  Lua                       5.00       5.00       5.00       5.00    5.00    5.00\n",
		"met     start to first PONG                       5.00 ms     aim: at most 8 ms\n",
		"MISSED  echoes per second, ratio to baseline      0.30        aim: at least 0.4\n",
		"MISSED  peak memory                               30.00 MB    aim: at most 28 MB\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	var encoded bytes.Buffer
	if err := r.WriteJSON(&encoded); err != nil {
		t.Fatal(err)
	}
	var decoded struct {
		Backends []struct {
			Figures struct {
				StartMS Spread `json:"start_ms"`
			}
		}
		Verdicts []struct {
			Name string
			Met  bool
		}
	}
	if err := json.Unmarshal(encoded.Bytes(), &decoded); err != nil {
		t.Fatal(err)
	}
	if decoded.Backends[0].Figures.StartMS.Median != 5 || len(decoded.Verdicts) != 7 || decoded.Verdicts[0].Met || !decoded.Verdicts[1].Met {
		t.Errorf("got %+v from\n%s", decoded, encoded.String())
	}
}

func TestReportOfTheScript(t *testing.T) {
	none := []*subject{{name: luaName, samples: samples{}}, {name: baselineName, samples: samples{}}}
	one := func(v float64) Spread { return spread([]float64{v}) }
	r := newReport(Defaults(), none, Scripted{
		Waiting: &Waiting{Sessions: 900, Wanted: 1000, Bytes: 25_100, WithUS: one(60), WithoutUS: one(50), Ratio: one(1.2)},
		Tasks:   &Tasks{N: 300, US: one(3.5)},
		Stores: []Store{
			{Engine: "sqlite", N: 40, Set: one(800), BareSet: one(1000), SetRatio: one(0.8), Get: one(5000), BareGet: one(20000), GetRatio: one(0.25)},
			{Engine: "mysql", N: 40, Set: one(700), BareSet: one(1000), SetRatio: one(0.7), Get: one(5000), BareGet: one(10000), GetRatio: one(0.5)},
		},
		Reload: &Reload{Sessions: 70, PauseMS: one(4), BeforeMS: one(1.5), WholeMS: one(20)},
		Room:   &Room{Participants: 60, EachUS: one(2.5), CPUUS: one(3)},
	}, []Step{
		{Load: Load{10, 5, 64}, Backends: []Measured{
			{luaName, Figures{Rate: one(100_000), CPU: one(8), Busy: one(0.3)}, Figures{Rate: one(0.125), CPU: one(8)}},
			{baselineName, Figures{Rate: one(800_000), CPU: one(1), Busy: one(0.7)}, nil},
		}},
		{Load: Load{5000, 5, 64}, Backends: []Measured{{luaName, Figures{Rate: one(70_000)}, nil}}, IdleBytes: 1900},
		{Load: Load{10, 5, 4000}, Backends: []Measured{{luaName, Figures{Rate: one(1)}, nil}}},
	})
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"\n900 sessions in read_line                  with    without    ratio\n" +
			"  (not 1000: a process may not have more descriptors)\n" +
			"  resident memory for each, kB             25.1\n" +
			"  one message and its echo, µs             60.0       50.0     1.20\n",
		"\n300 tasks that do nothing\n  start to end, µs                         3.50\n",
		"\na reload with 70 sessions                during    without\n" +
			"  longest echo, ms                          4.0        1.5\n" +
			"  signal to last on.reload, ms             20.0\n",
		"\n40 values in a store, sqlite             script     driver    ratio\n" +
			"  set per second                            800       1000     0.80\n" +
			"  get per second                           5000      20000     0.25\n",
		"\na room's message to 60 sessions\n  time for each, µs                        2.50\n  CPU for each, µs                         3.00\n",
		"\n10 users, 64 bytes        median        min        max      ratio     min     max\n" +
			"echoes per second\n" +
			"  Lua                     100000     100000     100000       0.12    0.12    0.12\n" +
			"  baseline                800000*    800000     800000\n",
		"\nmemory for each idle session, kB: 1.90\n",
		"met     a room's message, each                    2.50 µs     aim: at most 3 µs\n",
		"met     memory for an idle session                1.90 kB     aim: at most 2 kB\n",
		"MISSED  rate with most users, ratio to fewest     0.70        aim: at least 0.8\n",
		"met     values stored, ratio to bare driver       0.70        aim: at least 0.5\n",
		"MISSED  values read, ratio to bare driver         0.25        aim: at least 0.5\n",
		"MISSED  memory for a session that waits           25.10 kB    aim: at most 25 kB\n",
		"met     latency, ratio to without them            1.20        aim: at most 1.5\n",
		"MISSED  a task, start to end                      3.50 µs     aim: at most 3 µs\n",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
	var encoded bytes.Buffer
	if err := r.WriteJSON(&encoded); err != nil || !strings.Contains(encoded.String(), `"bytes_each": 25100`) {
		t.Errorf("%v, got\n%s", err, encoded.String())
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

func TestWriteIntoLeavesPagesWithoutMarksUnchanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.md")
	r := newReport(Defaults(), []*subject{{samples: samples{}}, {samples: samples{}}}, Scripted{}, nil)
	for name, test := range map[string]struct{ text, want string }{
		"no marks":                 {"nothing here", "has no line"},
		"marks in the wrong order": {endMark + "\n" + beginMark + "\n", "has no line"},
		"one":                      {"a\n" + beginMark + "\n", "has no line"},
	} {
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		err := r.WriteInto(path)
		if got, _ := os.ReadFile(path); err == nil || !strings.Contains(err.Error(), test.want) || string(got) != test.text {
			t.Errorf("%s: %v, and the file has %q", name, err, got)
		}
	}
	if err := r.WriteInto(path + ".none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
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
		{"a reload", "good" /* which SIGHUP ends */, func(o *Options) { o.Reload = 1 }, `waiting for the answer to "reloaded": `},
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
