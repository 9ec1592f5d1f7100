package exporter

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/metrics"
	"spectrumlua/runtime/session"
)

const jid = "echo.localhost"

// scene is an exporter with processes that tests play.
type scene struct {
	*testing.T
	*Exporter
	folder   string
	clock    time.Time
	warnings []error
}

func newScene(t *testing.T) *scene {
	s := &scene{T: t, folder: t.TempDir(), clock: time.Unix(0, 0)}
	s.write("echo.cfg", s.config())
	s.Exporter = New([]string{filepath.Join(s.folder, "echo.cfg")}, func(err error) { s.warnings = append(s.warnings, err) })
	s.now = func() time.Time { return s.clock }
	return s
}

// config returns the config of a transport whose sockets are in the folder.
func (s *scene) config() string {
	return "[service]\njid=" + jid + "\nworking_dir=" + s.folder + "\n[lua]\nscript=echo.lua\n"
}

// write writes a file in the folder.
func (s *scene) write(name, text string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

// backend is a process that has an admin socket. Its numbers can change.
type backend struct {
	started int64
	logins  atomic.Uint64
	users   atomic.Int64
	broken  atomic.Bool
	server  *admin.Server
}

// start makes the admin socket of a process that has started at a time in Unix seconds.
func (s *scene) start(started int64, logins uint64, users int64) *backend {
	s.Helper()
	b := &backend{started: started}
	b.logins.Store(logins)
	b.users.Store(users)
	registry := metrics.New(metrics.Options{JID: jid, Read: func(out *metrics.Snapshot) {
		out.Started, out.Users = time.Unix(b.started, 0), int(b.users.Load())
		out.Sessions = session.Stats{Outcomes: session.Outcomes{Logins: b.logins.Load()}}
	}})
	log := logrus.New()
	log.SetLevel(logrus.PanicLevel)
	b.server = admin.New(admin.Options{Folder: s.folder, JID: jid, Log: log})
	b.server.Raw("GET /metrics", func(w http.ResponseWriter, r *admin.Request) error {
		if b.broken.Load() {
			return errors.New("broken")
		}
		families, err := registry.Gather()
		if err != nil {
			return err
		}
		return metrics.Write(w, r.Request, families)
	})
	if err := b.server.Listen(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(b.server.Close)
	return b
}

// scrape lets time pass and returns the metrics as text.
func (s *scene) scrape() string {
	s.Helper()
	s.clock = s.clock.Add(time.Second)
	return text(s.T, s.Gather(s.Context()))
}

func text(t *testing.T, families []*dto.MetricFamily) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := metrics.Write(w, httptest.NewRequest("GET", "/", nil), families); err != nil {
		t.Fatal(err)
	}
	return w.Body.String()
}

// expect compares values of the next scrape, by the names without prefix.
func (s *scene) expect(values map[string]string) {
	s.Helper()
	got := s.scrape()
	for name, want := range values {
		line := fmt.Sprintf("\nspectrum2_lua_%s{jid=%q} %s\n", name, jid, want)
		if has := strings.Contains(got, line); has != (want != "") && want != "" {
			s.Errorf("the metrics lack%s%s", line, got)
		}
		if want == "" && strings.Contains(got, "\nspectrum2_lua_"+name+"{") {
			s.Errorf("the metrics have %s:\n%s", name, got)
		}
	}
}

func TestCountersOfEndedProcessesStay(t *testing.T) {
	s := newScene(t)
	s.expect(map[string]string{"processes": "0", "exporter_failures_total": "0", "logins_total": "", "users": ""})
	b := s.start(1, 5, 2)
	s.expect(map[string]string{"processes": "1", "logins_total": "5", "users": "2"})
	b.logins.Store(7)
	s.expect(map[string]string{"logins_total": "7"})
	b.server.Close()
	s.expect(map[string]string{"processes": "0", "logins_total": "7", "users": ""})
	s.expect(map[string]string{"logins_total": "7"}) // it counts only once
	b = s.start(2, 1, 1)
	s.expect(map[string]string{"processes": "1", "logins_total": "8", "users": "1"})
	// The next process has the process id of this one, and nobody looked in between.
	b.server.Close()
	s.start(3, 2, 4)
	s.expect(map[string]string{"processes": "1", "logins_total": "10", "users": "4"})
	if len(s.warnings) > 0 {
		t.Errorf("%v", s.warnings)
	}
}

func TestProcessThatDoesNotAnswerKeepsItsCounters(t *testing.T) {
	s := newScene(t)
	b := s.start(1, 5, 2)
	s.expect(map[string]string{"logins_total": "5", "users": "2"})
	b.broken.Store(true)
	s.expect(map[string]string{"logins_total": "5", "users": "", "processes": "0", "exporter_failures_total": "1"})
	if len(s.warnings) != 1 || !strings.Contains(s.warnings[0].Error(), "broken") {
		t.Errorf("%v", s.warnings)
	}
	b.broken.Store(false)
	b.logins.Store(6)
	s.expect(map[string]string{"logins_total": "6", "users": "2", "exporter_failures_total": "1"})
}

func TestProcessesOfAnUnreadableConfigAreNotForgotten(t *testing.T) {
	s := newScene(t)
	s.start(1, 5, 0)
	s.expect(map[string]string{"logins_total": "5"})
	s.write("echo.cfg", "nonsense\n")
	if got := s.scrape(); !strings.Contains(got, "spectrum2_lua_logins_total{jid=\"echo.localhost\"} 5\n") || len(s.warnings) == 0 {
		t.Errorf("warnings %v:\n%s", s.warnings, got)
	}
	if Check(s.paths) == nil {
		t.Error("Check accepts the config")
	}
}

func TestProcessThatEndsBesideAnUnreadableConfigHasNoGauges(t *testing.T) {
	s := newScene(t)
	b := s.start(1, 5, 2)
	s.write("other.cfg", "nonsense\n")
	s.paths = append(s.paths, filepath.Join(s.folder, "other.cfg"))
	s.expect(map[string]string{"logins_total": "5", "users": "2"})
	b.server.Close()
	s.expect(map[string]string{"logins_total": "5", "users": "", "processes": "0"})
	if len(s.warnings) == 0 {
		t.Error("nothing warns of the config")
	}
}

func TestFolderStandsForTheConfigsWithAScript(t *testing.T) {
	s := newScene(t)
	s.start(1, 5, 2)
	s.paths = []string{s.folder}
	if err := os.Rename(filepath.Join(s.folder, "echo.cfg"), filepath.Join(s.folder, "echo.cfg.example")); err != nil {
		t.Fatal(err)
	}
	s.write("other.cfg", "[service]\njid=other.localhost\nbackend=/usr/bin/other\n")
	if got := s.scrape(); strings.Contains(got, "jid=") || len(s.warnings) > 0 {
		t.Errorf("warnings %v; the metrics of transports without a script:\n%s", s.warnings, got)
	}
	if got := s.EmptyFolders([]string{s.folder, filepath.Join(s.folder, "other.cfg")}); !slices.Equal(got, []string{s.folder}) {
		t.Errorf("folders without a transport: %q", got)
	}
	s.write("added.cfg", s.config())
	if got := s.EmptyFolders(s.paths); got != nil {
		t.Errorf("folders without a transport: %q", got)
	}
	s.expect(map[string]string{"logins_total": "5", "users": "2", "processes": "1"})
	s.write("wrong.cfg", "nonsense\n")
	s.expect(map[string]string{"logins_total": "5", "users": "2"})
	if len(s.warnings) == 0 || !strings.Contains(s.warnings[0].Error(), "wrong.cfg") || Check(s.paths) != nil {
		t.Errorf("warnings %v, Check %v", s.warnings, Check(s.paths))
	}
}

func TestPollsFollowEachOtherAtADistance(t *testing.T) {
	s := newScene(t)
	b := s.start(1, 5, 0)
	s.expect(map[string]string{"logins_total": "5"})
	b.logins.Store(6)
	if got := text(t, s.Gather(t.Context())); !strings.Contains(got, `logins_total{jid="echo.localhost"} 5`) {
		t.Errorf("a scrape without a distance asks again:\n%s", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s.clock = s.clock.Add(time.Hour)
	s.Exporter.Run(ctx, time.Hour) // returns at once
	if got := text(t, s.Gather(ctx)); !strings.Contains(got, `logins_total{jid="echo.localhost"} 5`) {
		t.Errorf("the exporter asks after its end:\n%s", got)
	}
}
