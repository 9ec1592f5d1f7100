package exporter

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/internal/live"
)

// counted returns a counter with the value 1 for each server.
func counted(servers ...string) []*dto.MetricFamily {
	f := &dto.MetricFamily{Name: proto.String("x_total"), Help: proto.String("X."), Type: dto.MetricType_COUNTER.Enum()}
	for _, server := range servers {
		f.Metric = append(f.Metric, &dto.Metric{
			Label:   []*dto.LabelPair{{Name: proto.String("jid"), Value: proto.String(jid)}, {Name: proto.String("server"), Value: &server}},
			Counter: &dto.Counter{Value: proto.Float64(1)},
		})
	}
	return []*dto.MetricFamily{f}
}

func TestSeriesOfTheProcessesThatEndedFirstAreDropped(t *testing.T) {
	p := newPast(3)
	p.add(counted("a", "b"))
	p.add(counted("c"))
	if p.trim() {
		t.Error("series were dropped within the limit")
	}
	p.add(counted("a", "d")) // a belongs to the last process now, too
	if !p.trim() || p.dropped[jid] != 1 {
		t.Errorf("dropped: %v", p.dropped)
	}
	expect := func(values map[string]int) {
		t.Helper()
		got := text(t, p.families)
		for server, n := range values {
			line := fmt.Sprintf("\nx_total{jid=%q,server=%q} ", jid, server)
			if n > 0 {
				line += fmt.Sprintln(n)
			}
			if strings.Contains(got, line) != (n > 0) {
				t.Errorf("the value of server %s is not %d:\n%s", server, n, got)
			}
		}
	}
	expect(map[string]int{"a": 2, "b": 0, "c": 1, "d": 1})
	p.add(counted("e", "f", "g", "h")) // more than the limit at once
	if !p.trim() || p.dropped[jid] != 5 || len(p.ended) != 3 {
		t.Errorf("dropped %v, kept %v", p.dropped, p.ended)
	}
	expect(map[string]int{"a": 0, "c": 0, "d": 0, "e": 0, "f": 1, "g": 1, "h": 1})
	p.add(counted("e"))
	p.trim()
	expect(map[string]int{"e": 1, "f": 0, "g": 1, "h": 1})
}

func TestExporterCountsAndReportsTheSeriesThatItDrops(t *testing.T) {
	s := newScene(t)
	b := s.start(1, 5, 2)
	s.expect(map[string]string{"logins_total": "5", "exporter_series_dropped_total": "0"})
	series := 0
	for _, p := range s.known {
		for _, f := range counters(p.families) {
			series += len(f.GetMetric())
		}
	}
	s.past.limit = 1
	b.server.Close()
	s.expect(map[string]string{"logins_total": "", "exporter_series_dropped_total": fmt.Sprint(series - 1)})
	s.expect(map[string]string{"exporter_series_dropped_total": fmt.Sprint(series - 1)})
	if len(s.warnings) != 1 || !strings.Contains(s.warnings[0].Error(), "more than 20000 series") {
		t.Errorf("%v", s.warnings)
	}
}

func TestEachConfigIsReadOnceForAScrape(t *testing.T) {
	s := newScene(t)
	s.write("wrong.cfg", "nonsense\n")
	s.paths = []string{s.folder, filepath.Join(s.folder, "echo.cfg")}
	read := map[string]int{}
	s.load = func(file string) (live.Transport, error) {
		read[filepath.Base(file)]++
		return live.Load(file)
	}
	s.scrape()
	if read["echo.cfg"] != 2 || read["wrong.cfg"] != 1 { // it is named twice
		t.Errorf("%v", read)
	}
}
