package dashboard

import (
	"math"
	"strings"
	"testing"
	"time"

	"spectrumlua/runtime/admin"
)

var noon = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func TestHistoryHasTheMeansOfAnHour(t *testing.T) {
	h := &history{}
	for i := range 3 * slots {
		at := noon.Add(time.Duration(i) * slotTime)
		h.add(at, &sum{users: i, rate: 2, rated: true, handlers: map[string]times{"login": {count: 1}}})
		h.add(at.Add(time.Second), &sum{users: i + 1})
	}
	now := noon.Add(time.Duration(3*slots-1) * slotTime)
	values := h.values(users, now)
	if len(values) != slots || values[slots-1] != float64(3*slots-1)+0.5 || values[0] != float64(2*slots)+0.5 || len(h.slots) > slots+2 {
		t.Errorf("%d slots: %v … %v", len(h.slots), values[0], values[slots-1])
	}
	if v := h.values(rates, now)[slots-1]; v != 2 {
		t.Errorf("the rate is %v", v)
	}
	if v := h.values(latencies, now)[slots-1]; !math.IsNaN(v) {
		t.Errorf("the latency is %v", v)
	}
	if n := h.handlers()["login"].count; n < uint64(slots) || n > uint64(slots)+2 {
		t.Errorf("%d logins in the hour", n)
	}
	if v := h.values(users, now.Add(2*hour)); !math.IsNaN(v[0]) || !math.IsNaN(v[slots-1]) {
		t.Error("old values are shown as new ones")
	}
}

// TestRestartedProcessCountsFromItsStart has a process with the id of an earlier one.
func TestRestartedProcessCountsFromItsStart(t *testing.T) {
	s := &state{transports: map[string]*history{}}
	answer := func(at, started time.Time, received uint64, durations times) {
		s.add(at, []process{{
			Process: admin.Process{JID: "a", PID: 1, Started: started, Received: received}, at: at, times: handlerTimes{"login": durations},
		}}, nil)
	}
	answer(noon, noon, 1000, times{count: 10, sum: time.Minute, bounds: []float64{1}, below: []uint64{10}})
	answer(noon.Add(10*time.Second), noon, 1050, times{count: 12, sum: time.Minute + time.Second, bounds: []float64{1}, below: []uint64{12}})
	h := s.transports["a"]
	if h.last[rates] != 5 || h.last[latencies] != 0.5 {
		t.Errorf("%v", h.last)
	}
	answer(noon.Add(20*time.Second), noon.Add(15*time.Second), 7, times{count: 1, sum: time.Hour})
	if !math.IsNaN(h.last[rates]) || !math.IsNaN(h.last[latencies]) || s.processes[0].rate == s.processes[0].rate {
		t.Errorf("%v", h.last)
	}
	if got := h.handlers()["login"]; got.count != 2 || got.mean() != time.Second/2 {
		t.Errorf("%+v", got)
	}
}

func TestTimesOfHandlersAreReadFromMetrics(t *testing.T) {
	all := timesIn(families(histogram("login", 3, 4, 0.25) + "# TYPE x counter\nx 1\n"))
	if len(all) != 1 {
		t.Fatalf("%v", all)
	}
	if got := all["login"]; got.count != 4 || got.sum != 250*time.Millisecond || got.within(0.5) != 0.01 || got.within(0.95) != 0.1 {
		t.Errorf("%+v", got)
	}
	slow := times{count: 2, bounds: []float64{1}, below: []uint64{1}}
	if got := slow.within(0.95); !math.IsInf(got, 1) {
		t.Errorf("%v", got)
	}
	if before := (times{count: 5}); slow.since(before).count != 0 {
		t.Error("a count that went back counts")
	}
	other := times{count: 1, bounds: []float64{2}, below: []uint64{1}}
	if slow.add(other); slow.count != 2 {
		t.Error("durations with other bounds count")
	}
}

func TestChartHasRoundTicksAndGaps(t *testing.T) {
	h := &history{}
	for i := range slots {
		if i < 100 || i >= 120 && i != 150 {
			h.add(noon.Add(time.Duration(i)*slotTime), &sum{users: 37})
		}
	}
	c := newChart(users, map[string]*history{"a.localhost": h}, noon.Add(time.Duration(slots-1)*slotTime))
	var labels []string
	for _, y := range c.Y {
		labels = append(labels, y.Text)
	}
	if got := strings.Join(labels, " "); got != "0 10 20 30 40" {
		t.Errorf("the axis has %s", got)
	}
	if n := strings.Count(c.Lines[0].Path, "M"); n != 2 {
		t.Errorf("the line has %d parts: %s", n, c.Lines[0].Path)
	}
	expect(t, c.Summary, "a.localhost: now 37, highest 37")
	expect(t, c.Lines[0].Area, "Z")
	h.add(noon.Add(hour), &sum{handled: 2, busy: 10 * time.Millisecond})
	expect(t, newChart(latencies, map[string]*history{"a.localhost": h}, noon.Add(hour)).Summary, "milliseconds", "now 5, highest 5")
	if c := newChart(rates, map[string]*history{}, noon); len(c.Lines) != 0 || len(c.Y) < 2 {
		t.Errorf("%+v", c)
	}
}

func TestNumbersAreShort(t *testing.T) {
	for want, v := range map[string]float64{"0": 0, "1": 1, "0.25": 0.25, "0.005": 0.005, "12.3": 12.34, "9999": 9999, "12.3k": 12345, "1.5M": 1.5e6, "–": math.NaN(), "250k": 250000} {
		if got := number(v); got != want {
			t.Errorf("%v is %q instead of %q", v, got, want)
		}
	}
	for want, least := range map[float64]float64{1: 0.7, 2: 1.1, 5: 4, 10: 6, 0.2: 0.15, 100: 100} {
		if got := tickStep(least, false); math.Abs(got-want) > 1e-9 {
			t.Errorf("the step for %v is %v", least, got)
		}
	}
	for want, d := range map[string]time.Duration{"0 s": -time.Second, "119 s": 119 * time.Second, "5 min": 5 * time.Minute, "47 h": 47 * time.Hour, "3 d": 73 * time.Hour} {
		if got := uptime(d); got != want {
			t.Errorf("%v is %q instead of %q", d, got, want)
		}
	}
}

func TestManyTransportsShareALine(t *testing.T) {
	all := map[string]*history{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g"} {
		h := &history{}
		h.add(noon, &sum{users: int(name[0]), handled: 1, busy: time.Duration(name[0]) * time.Second})
		all[name] = h
	}
	lines := series(users, all, noon)
	if len(lines) != maxSeries || lines[0].Name != "d" || lines[4].Name != others || lines[4].last != 'a'+'b'+'c' || lines[4].values[slots-1] != 'a'+'b'+'c' {
		t.Errorf("%+v", lines)
	}
	if mean := series(latencies, all, noon)[4].last; mean != 'b' {
		t.Errorf("%v is not the mean", mean)
	}
}
