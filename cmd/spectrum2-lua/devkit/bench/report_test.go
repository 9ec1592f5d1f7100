package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
		"* WARNING: The load generator used more than 50 % of a processor",
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
	one := func(v float64) Spread { return NewSpread([]float64{v}) }
	r := newReport(Defaults(), none, Scripted{
		Waiting: &Waiting{Sessions: 900, Wanted: 1000, Bytes: 25_100, WithUS: one(60), WithoutUS: one(50), Ratio: one(1.2)},
		Tasks:   &Tasks{N: 300, US: one(3.5)},
		Stores: []Store{
			{Engine: "sqlite", N: 40, Set: one(800), BareSet: one(1000), SetRatio: one(0.8), Get: one(5000), BareGet: one(20000), GetRatio: one(0.25)},
			{Engine: "mysql", N: 40, Set: one(700), BareSet: one(1000), SetRatio: one(0.7), Get: one(5000), BareGet: one(10000), GetRatio: one(0.5)},
		},
		Reload: &Reload{Sessions: 70, PauseMS: one(4), BeforeMS: one(1.5), WholeMS: one(20)},
		Logins: &Logins{Users: 500, PongMS: one(60), WholeMS: one(700), CPUUS: one(20)},
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
		"\n500 logins at once\n  longest PONG meanwhile, ms               60.0\n  until all are connected, ms               700\n  CPU for each, µs                         20.0\n",
		"MISSED  longest PONG during logins                60.00 ms    aim: at most 50 ms\n",
		"met     a room's message, each                    2.50 µs     aim: at most 2.5 µs\n",
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
