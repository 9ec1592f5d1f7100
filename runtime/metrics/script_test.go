package metrics_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"spectrumlua/runtime/metrics"
)

// scripted returns a registry with the metrics of a script, and how often the warning about
// too many series came.
func scripted(users bool) (s *metrics.Script, gather func(t *testing.T) string, warnings *[]string) {
	warnings = new([]string)
	s = metrics.NewScript(users, func(name string) { *warnings = append(*warnings, name) })
	r := metrics.New(metrics.Options{JID: "irc.localhost", Read: func(*metrics.Snapshot) {}, Script: s})
	return s, func(t *testing.T) string {
		t.Helper()
		families, err := r.Gather()
		if err != nil {
			t.Fatal(err)
		}
		return text(t, families, "")
	}, warnings
}

func define(t *testing.T, s *metrics.Script, d metrics.Definition) *metrics.Custom {
	t.Helper()
	if d.Help == "" {
		d.Help = "Help."
	}
	c, err := s.Define(d)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestMetricsOfAScript(t *testing.T) {
	s, gather, _ := scripted(false)
	define(t, s, metrics.Definition{Name: "lines_total", Type: metrics.Counter})
	by := define(t, s, metrics.Definition{Name: "reconnects_total", Type: metrics.Counter, Labels: []string{"server", "a"}})
	by.Add(2, []string{"libera", "x"})
	by.Add(1, []string{"libera", "x"})
	channels := define(t, s, metrics.Definition{Name: "channels", Type: metrics.Gauge, Labels: []string{"server"}})
	channels.Set(5, []string{"libera"})
	channels.Add(-1, []string{"libera"})
	channels.Set(7, []string{"gone"})
	if !channels.Remove([]string{"gone"}) || channels.Remove([]string{"gone"}) {
		t.Error("Remove does not report what it removes")
	}
	lag := define(t, s, metrics.Definition{Name: "lag_seconds", Type: metrics.Histogram, Buckets: []float64{0.1, 1}})
	for _, v := range []float64{0.1, 0.5, 3} {
		lag.Observe(v, nil)
	}
	got := gather(t)
	expect(t, got, `lines_total{jid="irc.localhost"} 0`, `reconnects_total{a="x",jid="irc.localhost",server="libera"} 3`,
		`channels{jid="irc.localhost",server="libera"} 4`, `lag_seconds_bucket{jid="irc.localhost",le="0.1"} 1`,
		`lag_seconds_bucket{jid="irc.localhost",le="1"} 2`, `lag_seconds_count{jid="irc.localhost"} 3`,
		`lag_seconds_sum{jid="irc.localhost"} 3.6`, `spectrum2_lua_script_series_dropped_total{jid="irc.localhost"} 0`)
	if strings.Contains(got, "gone") {
		t.Error("the removed series is still there")
	}
}

func TestWrongDefinitionsAreErrors(t *testing.T) {
	many := make([]string, metrics.MaxLabels+1)
	for i := range many {
		many[i] = fmt.Sprintf("l%d", i)
	}
	for _, c := range []struct {
		d    metrics.Definition
		want string
	}{
		{metrics.Definition{Name: "9", Type: metrics.Gauge}, `"9" is not a name for a metric`},
		{metrics.Definition{Name: strings.Repeat("x", 1000), Type: metrics.Gauge}, `…" is not a name`},
		{metrics.Definition{Name: "spectrum2_lua_users", Type: metrics.Gauge}, "begins with spectrum2_lua_"},
		{metrics.Definition{Name: "lines", Type: metrics.Counter}, "has to end in _total"},
		{metrics.Definition{Name: "lines_total", Type: metrics.Gauge}, "only names of counters"},
		{metrics.Definition{Name: "lines_count", Type: metrics.Gauge}, "ends in _count"},
		{metrics.Definition{Name: "lines", Type: metrics.Gauge, Help: "\xff"}, "needs a help text"},
		{metrics.Definition{Name: "lines", Type: metrics.Gauge, Labels: []string{"a b"}}, `"a b" is not a name for a label`},
		{metrics.Definition{Name: "lines", Type: metrics.Gauge, Labels: []string{"jid"}}, "the label jid exists already"},
		{metrics.Definition{Name: "lines", Type: metrics.Gauge, Labels: []string{"a", "a"}}, "the label a twice"},
		{metrics.Definition{Name: "lines", Type: metrics.Gauge, Labels: many}, "9 labels, but 8"},
		{metrics.Definition{Name: "lines", Type: metrics.Histogram, Buckets: []float64{1, 1}}, "ascending"},
		{metrics.Definition{Name: "lines", Type: metrics.Histogram, Buckets: []float64{math.Inf(1)}}, "ascending"},
		{metrics.Definition{Name: "lines", Type: metrics.Histogram, Buckets: make([]float64, metrics.MaxBuckets+1)}, "51 buckets"},
	} {
		s, _, _ := scripted(false)
		if c.d.Help == "" {
			c.d.Help = "Help."
		}
		if _, err := s.Define(c.d); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s", c.d, err, c.want)
		}
	}
	s, _, _ := scripted(false)
	if _, err := s.Define(metrics.Definition{Name: "lines", Type: metrics.Gauge}); err == nil {
		t.Error("a metric without a help text has no error")
	}
	for i := range metrics.MaxDefined {
		define(t, s, metrics.Definition{Name: fmt.Sprintf("m%d", i), Type: metrics.Gauge, Labels: []string{"a"}})
	}
	if _, err := s.Define(metrics.Definition{Name: "more", Help: "x", Type: metrics.Gauge}); err == nil {
		t.Error("the number of metrics has no limit")
	}
}

func TestMetricsKeepTheirValuesWhenTheyAreDefinedAgain(t *testing.T) {
	s, gather, _ := scripted(false)
	d := metrics.Definition{Name: "lines_total", Type: metrics.Counter, Owner: 1}
	define(t, s, d).Add(3, nil)
	d.Owner, d.Help = 2, "New help."
	define(t, s, d).Add(1, nil)
	expect(t, gather(t), `lines_total{jid="irc.localhost"} 4`, "# HELP lines_total New help.")
	d.Labels = []string{"a"}
	if _, err := s.Define(d); err == nil || !strings.Contains(err.Error(), "lines_total exists already as a counter") {
		t.Errorf("other labels: %v", err)
	}
	// A metric without values, as after a load that failed, may change its type.
	define(t, s, metrics.Definition{Name: "lag", Type: metrics.Gauge, Labels: []string{"a"}, Owner: 2})
	if _, err := s.Define(metrics.Definition{Name: "lag", Help: "x", Type: metrics.Histogram, Owner: 2}); err == nil || !strings.Contains(err.Error(), "a gauge with the labels a") {
		t.Errorf("two types in one script: %v", err)
	}
	define(t, s, metrics.Definition{Name: "lag", Type: metrics.Histogram, Owner: 3})
}

func TestSeriesHaveALimit(t *testing.T) {
	s, gather, warnings := scripted(false)
	c := define(t, s, metrics.Definition{Name: "m", Type: metrics.Gauge, Labels: []string{"n"}})
	for i := range metrics.MaxSeries + 5 {
		c.Set(1, []string{fmt.Sprint(i)})
	}
	c.Set(2, []string{"0"}) // exists
	got := gather(t)
	if n := strings.Count(got, "\nm{"); n != metrics.MaxSeries || len(*warnings) != 1 || (*warnings)[0] != "m" {
		t.Errorf("%d series, warnings %v", n, *warnings)
	}
	expect(t, got, `spectrum2_lua_script_series_dropped_total{jid="irc.localhost"} 5`, `m{jid="irc.localhost",n="0"} 2`)
}

func TestValuesOfLabelsAreCleaned(t *testing.T) {
	for _, c := range []struct {
		users       bool
		value, want string
	}{
		{false, "libera", "libera"}, {false, "alice@example.org/x", "hidden"}, {true, "alice@example.org", "alice@example.org"},
		{false, "@home", "@home"}, {false, "a\xffb", "ab"}, {false, strings.Repeat("é", 100), strings.Repeat("é", 64)}, {false, "", ""},
	} {
		s, gather, _ := scripted(c.users)
		define(t, s, metrics.Definition{Name: "m", Type: metrics.Gauge, Labels: []string{"v"}}).Set(1, []string{c.value})
		expect(t, gather(t), `m{jid="irc.localhost",v="`+c.want+`"} 1`)
	}
}
