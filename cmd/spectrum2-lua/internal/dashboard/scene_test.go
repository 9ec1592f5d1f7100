package dashboard

import (
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/sirupsen/logrus"
	"go.uber.org/goleak"

	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/metrics"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// backend is a process that plays a backend: its admin socket answers what the fields say.
type backend struct {
	t      *testing.T
	folder string
	file   string
	jid    string
	server *admin.Server

	mu       sync.Mutex
	process  admin.Process
	failures []admin.Failure
	lines    []logging.Line
	metrics  string
	broken   string // the error of POST /reload
	asked    map[string]int
	levels   []string
}

// newBackend makes a config and, if run is true, a socket of this process.
func newBackend(t *testing.T, jid string, run bool) *backend {
	t.Helper()
	b := &backend{t: t, folder: t.TempDir(), jid: jid, asked: map[string]int{}}
	b.file = filepath.Join(b.folder, "transport.cfg")
	text := "[service]\njid = " + jid + "\nworking_dir = " + b.folder + "\n[lua]\nscript = a.lua\n"
	if err := os.WriteFile(b.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	b.process = admin.Process{
		Version: "0.2.0", PID: os.Getpid(), JID: jid, Home: admin.HomeServe, Script: "/x/a.lua", Generation: 1, Started: time.Now(),
	}
	if run {
		b.start()
	}
	return b
}

func (b *backend) start() {
	b.t.Helper()
	log := logrus.New()
	log.SetOutput(io.Discard)
	b.server = admin.New(admin.Options{Folder: b.folder, JID: b.jid, Log: log})
	b.route("GET /process", func(*admin.Request) (any, error) { return b.process, nil })
	b.route("GET /errors", func(*admin.Request) (any, error) { return b.failures, nil })
	b.route("GET /log", func(*admin.Request) (any, error) { return b.lines, nil })
	b.route("POST /reload", func(*admin.Request) (any, error) {
		if b.broken != "" {
			return nil, &admin.Error{Status: http.StatusConflict, Text: b.broken}
		}
		b.process.Generation++
		return b.process, nil
	})
	b.route("POST /log/level", func(r *admin.Request) (any, error) {
		var wanted admin.LogLevel
		if err := r.Decode(&wanted); err != nil {
			return nil, err
		}
		b.process.LogLevel = wanted.Level
		b.levels = append(b.levels, wanted.Level)
		return nil, nil
	})
	b.server.Raw("GET /metrics", func(w http.ResponseWriter, r *admin.Request) error {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.metrics == "" {
			return &admin.Error{Status: http.StatusNotFound, Text: "unknown"}
		}
		return metrics.Write(w, r.Request, families(b.metrics))
	})
	if err := b.server.Listen(); err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(b.server.Close)
}

// route adds a route that holds mu.
func (b *backend) route(pattern string, h admin.Handler) {
	b.server.Handle(pattern, func(r *admin.Request) (any, error) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.asked[pattern]++
		return h(r)
	})
}

// change changes what the process answers.
func (b *backend) change(f func(b *backend)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f(b)
}

// count returns how often a route was asked.
func (b *backend) count(pattern string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.asked[pattern]
}

// browser is a client of a dashboard.
type browser struct {
	*testing.T
	*Dashboard
	*http.Client
	server *httptest.Server
}

// open makes a dashboard for backends. It samples only on demand.
func open(t *testing.T, o Options, all ...*backend) *browser {
	t.Helper()
	for _, b := range all {
		o.Files = append(o.Files, b.file)
	}
	d := New(o)
	server := httptest.NewServer(d.handler())
	t.Cleanup(server.Close)
	d.guard.listen(server.Listener.Addr())
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, d, &http.Client{Jar: jar}, server}
}

// enter opens the page with the token.
func (b *browser) enter() string {
	b.Helper()
	status, body := b.get("/?" + tokenKey + "=" + b.token)
	if status != http.StatusOK {
		b.Fatalf("%d: %s", status, body)
	}
	return body
}

func (b *browser) get(path string) (status int, body string) {
	b.Helper()
	res, err := b.Get(b.server.URL + path)
	if err != nil {
		b.Fatal(err)
	}
	return res.StatusCode, text(b, res)
}

func text(t testing.TB, res *http.Response) string {
	t.Helper()
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

// press sends a form.
func (b *browser) press(path string, values url.Values, headers ...string) (status int, body string) {
	b.Helper()
	req, err := http.NewRequest(http.MethodPost, b.server.URL+path, strings.NewReader(values.Encode()))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.Do(req)
	if err != nil {
		b.Fatal(err)
	}
	return res.StatusCode, text(b, res)
}

// expect compares a text with parts that it must have, and with parts after "!" that it
// must not have.
func expect(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		unwanted, not := strings.CutPrefix(part, "!")
		if not && strings.Contains(text, unwanted) {
			t.Errorf("there is %q in:\n%s", unwanted, text)
		}
		if !not && !strings.Contains(text, part) {
			t.Errorf("there is no %q in:\n%s", part, text)
		}
	}
}

// histogram returns metrics with the durations of a handler.
func histogram(handler string, below10ms, count int, seconds float64) string {
	const name = timesMetric
	return fmt.Sprintf(`# TYPE other gauge
other 1
# TYPE %[1]s histogram
%[1]s_bucket{handler=%[2]q,le="0.01"} %[3]d
%[1]s_bucket{handler=%[2]q,le="0.1"} %[4]d
%[1]s_bucket{handler=%[2]q,le="+Inf"} %[4]d
%[1]s_sum{handler=%[2]q} %[5]g
%[1]s_count{handler=%[2]q} %[4]d
`, name, handler, below10ms, count, seconds)
}

// families parses metrics in Prometheus' text format.
func families(text string) (all []*dto.MetricFamily) {
	for d := expfmt.NewDecoder(strings.NewReader(text), expfmt.NewFormat(expfmt.TypeTextPlain)); ; {
		f := new(dto.MetricFamily)
		if d.Decode(f) != nil {
			return all
		}
		all = append(all, f)
	}
}
