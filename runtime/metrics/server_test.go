package metrics_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"go.uber.org/goleak"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/metrics"
)

// After an answer to a request that is too large, net/http waits half a second before it closes
// the connection.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

// listen starts a server.
func listen(t *testing.T, gather metrics.Gather) (s *metrics.Server, hook *logtest.Hook) {
	t.Helper()
	log, hook := logtest.NewNullLogger()
	s, err := metrics.Listen("127.0.0.1:0", gather, log)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, hook
}

// ask sends a request and returns its status, its type and its body.
func ask(t *testing.T, s *metrics.Server, method, path string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.Address()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answer, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, answer.Header, string(body)
}

func TestServerAnswersOnlyGetMetrics(t *testing.T) {
	s, _ := listen(t, metrics.New(metrics.Options{JID: "echo.localhost", Read: busy}).Gather)
	status, header, body := ask(t, s, "GET", "/metrics")
	if status != http.StatusOK || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%d, %v", status, header)
	}
	expect(t, body, `spectrum2_lua_users{jid="echo.localhost"} 3`)
	for request, want := range map[string]int{"GET /": 404, "GET /metrics/": 404, "POST /metrics": 405, "HEAD /metrics": 405, "GET /debug/pprof": 404} {
		method, path, _ := strings.Cut(request, " ")
		if status, _, _ := ask(t, s, method, path); status != want {
			t.Errorf("%s: %d, want %d", request, status, want)
		}
	}
}

func TestErrorOfCollectingIsLoggedOnce(t *testing.T) {
	s, hook := listen(t, func() ([]*dto.MetricFamily, error) { return nil, errors.New("why") })
	for range 3 {
		if status, _, body := ask(t, s, "GET", "/metrics"); status != http.StatusInternalServerError || strings.Contains(body, "why") {
			t.Errorf("%d: %s", status, body)
		}
	}
	if n := len(hook.AllEntries()); n != 1 || hook.LastEntry().Level != logrus.ErrorLevel || hook.LastEntry().Message != "metrics: why" {
		t.Errorf("%d lines: %v", n, hook.LastEntry())
	}
}

// TestBadClientsDoNotStopTheServer sends garbage, a long line and half a request, and
// scrapes then.
func TestBadClientsDoNotStopTheServer(t *testing.T) {
	s, hook := listen(t, metrics.New(metrics.Options{JID: "echo.localhost", Read: busy}).Gather)
	for name, garbage := range map[string]string{
		"garbage": "\x16\x03\x01\xff\x00\r\n\r\n", "a long line": "GET /" + strings.Repeat("x", 1<<20),
		"a long header":  "GET /metrics HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 1<<20),
		"half a request": "GET /metr", "nothing": "", "HTTP/2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", s.Address())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, garbage) // the server may have closed the connection
		if status, _, _ := ask(t, s, "GET", "/metrics"); status != http.StatusOK {
			t.Errorf("after %s: %d", name, status)
		}
	}
	for _, e := range hook.AllEntries() {
		if e.Level < logrus.DebugLevel {
			t.Errorf("the log has %s", e.Message)
		}
	}
}

func TestListenSaysWhyItFails(t *testing.T) {
	s, _ := listen(t, func() ([]*dto.MetricFamily, error) { return nil, nil })
	if _, err := metrics.Listen(s.Address(), nil, logrus.New()); err == nil || err.Error() != "listening on "+s.Address()+": bind: address already in use" {
		t.Errorf("%v", err)
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for lines, want := range map[string]string{
		"":                           `{"" false}`,
		"listen=9150":                `{"127.0.0.1:9150" false}`,
		"listen=:9150":               `{"[::]:9150" false}`,
		"listen=[::1]:9150\nusers=1": `{"[::1]:9150" true}`,
		"listen=x":                   "m.cfg:4: [metrics] listen: it has to be a port or host:port, such as 127.0.0.1:9150 or [::]:9150",
		"users=maybe":                "m.cfg:4: [metrics] users has to be 1, true, yes, on, 0, false, no or off",
		"port=1":                     "m.cfg:4: [metrics] port: [metrics] has no such key; the keys are listen, users",
		"user=1":                     "m.cfg:4: [metrics] user: [metrics] has no such key; did you mean users?",
	} {
		c, err := config.Parse("/m.cfg", []byte("[service]\njid=a.localhost\n[metrics]\n"+lines+"\n"), config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := metrics.ReadSettings(c)
		got := fmt.Sprintf("{%q %v}", s.Listen, s.Users)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, want) {
			t.Errorf("%q: %s, want %s", lines, got, want)
		}
	}
}

// many returns metrics with a number of series.
func many(b *testing.B, n int) metrics.Gather {
	b.Helper()
	read := func(s *metrics.Snapshot) {
		busy(s)
		s.Received = make(map[string]uint64, n)
		for i := range n {
			s.Received[fmt.Sprintf("type_%d", i)] = uint64(i)
		}
	}
	return metrics.New(metrics.Options{JID: "echo.localhost", Read: read}).Gather
}

// BenchmarkScrape measures a scrape of 10,000 series, from the request to the last byte.
func BenchmarkScrape(b *testing.B) {
	s, err := metrics.Listen("127.0.0.1:0", many(b, 10_000), logrus.New())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for b.Loop() {
		answer, err := http.Get("http://" + s.Address() + "/metrics")
		if err != nil {
			b.Fatal(err)
		}
		n, err := io.Copy(io.Discard, answer.Body)
		if err != nil || n < 100_000 {
			b.Fatal(n, err)
		}
		_ = answer.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	if took := b.Elapsed() / time.Duration(b.N); took > time.Second {
		b.Errorf("a scrape takes %v", took)
	}
}
