package metrics_test

import (
	"bytes"
	"fmt"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"spectrumlua/pb"
	"spectrumlua/runtime/meter"
	"spectrumlua/runtime/metrics"
	"spectrumlua/runtime/session"
)

// text returns metrics as Prometheus reads them.
func text(t testing.TB, families []*dto.MetricFamily, accept string) string {
	t.Helper()
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", accept)
	w := httptest.NewRecorder()
	if err := metrics.Write(w, r, families); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

// expect reports an error unless the text has each of lines.
func expect(t testing.TB, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("the metrics lack %s:\n%s", line, text)
		}
	}
}

// busy fills a snapshot of a backend that works.
func busy(s *metrics.Snapshot) {
	var h meter.Histogram
	h.Add(2 * time.Millisecond)
	*s = metrics.Snapshot{
		Home: "serve", Version: "1.2.3", Started: time.Unix(1_700_000_000, 0), Generation: 2, Loaded: true,
		Loads: metrics.Results{Succeeded: 2, Failed: 1}, Connected: true, Queued: 17, Dropped: 6, Users: 3,
		Sessions: session.Stats{
			States: map[string]int{session.StateOnline: 3}, Retries: 4, Pending: 1, Messages: 5, Bytes: 600,
			Outcomes: session.Outcomes{Logins: 7, Abandoned: 1, Failed: map[pb.ConnectionError]uint64{pb.ConnectionError_CONNECTION_ERROR_AUTHENTICATION_FAILED: 2}},
		},
		Mailboxes: []session.Mailbox{{User: "alice@localhost\xff", Messages: 2, Bytes: 30}},
		Received:  map[string]uint64{"conv_message": 10}, Sent: map[string]uint64{"conv_message": 11},
		Errors: metrics.Errors{Handlers: 1, Others: 2}, Lines: map[string]uint64{"warn": 9},
		Handlers: map[string]meter.Distribution{"conv_message": h.Read()},
		Database: metrics.Database{Queries: h.Read(), Writes: h.Read(), Failures: 3}, MemoryLimit: 1 << 30,
	}
}

func TestRegistryShowsTheBackend(t *testing.T) {
	r := metrics.New(metrics.Options{JID: "echo.localhost", Read: busy})
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	pid := fmt.Sprintf(`jid="echo.localhost",pid="%d"`, os.Getpid())
	got := text(t, families, "")
	expect(t, got,
		`spectrum2_lua_build_info{home="serve",`+pid+`,version="1.2.3"} 1`,
		`spectrum2_lua_processes{jid="echo.localhost"} 1`,
		`spectrum2_lua_start_time_seconds{`+pid+`} 1.7e+09`,
		`spectrum2_lua_peer_connected{`+pid+`} 1`,
		`spectrum2_lua_peer_stanzas_dropped_total{jid="echo.localhost"} 6`,
		`spectrum2_lua_script_loads_total{jid="echo.localhost",result="failure"} 1`,
		`spectrum2_lua_sessions{jid="echo.localhost",state="online"} 3`,
		`spectrum2_lua_sessions{jid="echo.localhost",state="logout"} 0`,
		`spectrum2_lua_login_failures_total{jid="echo.localhost",reason="authentication_failed"} 2`,
		`spectrum2_lua_login_failures_total{jid="echo.localhost",reason="network_error"} 0`,
		`spectrum2_lua_messages_total{direction="sent",jid="echo.localhost",type="conv_message"} 11`,
		`spectrum2_lua_handler_duration_seconds_bucket{handler="conv_message",jid="echo.localhost",le="0.001"} 0`,
		`spectrum2_lua_handler_duration_seconds_bucket{handler="conv_message",jid="echo.localhost",le="0.0025"} 1`,
		`spectrum2_lua_database_duration_seconds_count{jid="echo.localhost",operation="read"} 1`,
		`spectrum2_lua_user_mailbox_messages{jid="echo.localhost",user="alice@localhost?"} 2`,
		`spectrum2_lua_memory_limit_bytes{`+pid+`} 1.073741824e+09`)
	if !regexp.MustCompile(`spectrum2_lua_memory_resident_bytes\{[^}]*\} [1-9]`).MatchString(got) {
		t.Errorf("the resident memory is missing:\n%s", got)
	}
	openMetrics := text(t, families, "application/openmetrics-text;version=1.0.0")
	if !strings.HasSuffix(openMetrics, "# EOF\n") || !strings.Contains(openMetrics, "# TYPE spectrum2_lua_logins counter\n") {
		t.Errorf("this is not OpenMetrics:\n%s", openMetrics)
	}
}

// TestMetricsFollowTheConventions are those of Prometheus for names, and ours for texts.
func TestMetricsFollowTheConventions(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range metrics.All() {
		if !regexp.MustCompile(`^spectrum2_lua_[a-z_]+$`).MatchString(m.Name) || seen[m.Name] {
			t.Errorf("%s is no name, or exists twice", m.Name)
		}
		seen[m.Name] = true
		if (m.Type == metrics.Counter) != strings.HasSuffix(m.Name, "_total") {
			t.Errorf("%s is a %s", m.Name, m.Type)
		}
		if m.Type == metrics.Histogram && !strings.HasSuffix(m.Name, "_seconds") {
			t.Errorf("%s has no unit", m.Name)
		}
		if !strings.HasSuffix(m.Help, ".") || strings.ToUpper(m.Help[:1]) != m.Help[:1] {
			t.Errorf("the help text of %s is no sentence: %s", m.Name, m.Help)
		}
	}
}

func TestParseReadsWhatWriteWrites(t *testing.T) {
	families, err := metrics.New(metrics.Options{JID: "echo.localhost", Read: busy}).Gather()
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("GET", "/metrics", nil)
	r.Header.Set("Accept", metrics.Accept)
	w := httptest.NewRecorder()
	if err := metrics.Write(w, r, families); err != nil {
		t.Fatal(err)
	}
	read, err := metrics.Parse(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := text(t, read, ""), text(t, families, ""); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := metrics.Parse(bytes.NewReader([]byte("\x05garbage"))); err == nil {
		t.Error("garbage has no error")
	}
}

func TestMergeAddsBackends(t *testing.T) {
	one, err := metrics.New(metrics.Options{JID: "echo.localhost", Read: busy}).Gather()
	if err != nil {
		t.Fatal(err)
	}
	before := text(t, one, "")
	got := text(t, metrics.Merge(one, one, nil), "")
	expect(t, got,
		`spectrum2_lua_users{jid="echo.localhost"} 6`,
		`spectrum2_lua_logins_total{jid="echo.localhost"} 14`,
		`spectrum2_lua_handler_duration_seconds_bucket{handler="conv_message",jid="echo.localhost",le="0.0025"} 2`,
		`spectrum2_lua_handler_duration_seconds_count{handler="conv_message",jid="echo.localhost"} 2`)
	if text(t, one, "") != before {
		t.Error("the argument has changed")
	}
	other, err := metrics.New(metrics.Options{JID: "irc.localhost", Read: busy}).Gather()
	if err != nil {
		t.Fatal(err)
	}
	expect(t, text(t, metrics.Merge(one, other), ""), `spectrum2_lua_users{jid="echo.localhost"} 3`, `spectrum2_lua_users{jid="irc.localhost"} 3`)
}

func TestMergeKeepsTheFirstOfTwoTypes(t *testing.T) {
	family := func(typ dto.MetricType, bounds ...float64) []*dto.MetricFamily {
		name, help, one := "x", "X.", 1.0
		f := &dto.MetricFamily{Name: &name, Help: &help, Type: &typ}
		m := &dto.Metric{}
		switch typ {
		case dto.MetricType_GAUGE:
			m.Gauge = &dto.Gauge{Value: &one}
		case dto.MetricType_HISTOGRAM:
			n := uint64(1)
			m.Histogram = &dto.Histogram{SampleCount: &n, SampleSum: &one}
			for _, bound := range bounds {
				m.Histogram.Bucket = append(m.Histogram.Bucket, &dto.Bucket{UpperBound: &bound, CumulativeCount: &n})
			}
		}
		f.Metric = []*dto.Metric{m}
		return []*dto.MetricFamily{f}
	}
	gauge, histogram := family(dto.MetricType_GAUGE), family(dto.MetricType_HISTOGRAM, 1, 2)
	if got := text(t, metrics.Merge(gauge, histogram, gauge), ""); !strings.Contains(got, "\nx 2\n") {
		t.Error(got)
	}
	got := text(t, metrics.Merge(histogram, family(dto.MetricType_HISTOGRAM, 2, 3)), "")
	if strings.Contains(got, `le="1"`) || strings.Contains(got, `le="3"`) || !strings.Contains(got, `x_bucket{le="2"} 2`) {
		t.Errorf("buckets that only one histogram has:\n%s", got)
	}
}
