package admin_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"go.uber.org/goleak"

	"spectrumlua/runtime/admin"
)

const jid = "echo.localhost"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start starts a server in a folder of its own.
func start(t *testing.T, o admin.Options, add func(s *admin.Server)) (*admin.Server, *admin.Client, *logtest.Hook) {
	t.Helper()
	log, hook := logtest.NewNullLogger()
	if o.Folder == "" {
		o.Folder = t.TempDir()
	}
	o.JID, o.Log = jid, log
	s := admin.New(o)
	s.Handle("GET /who", func(r *admin.Request) (any, error) { return r.Who, nil })
	s.Handle("POST /echo", func(r *admin.Request) (any, error) {
		var in struct{ Text string }
		err := r.Decode(&in)
		return in.Text, err
	})
	s.Handle("GET /fails", func(*admin.Request) (any, error) { return nil, errors.New("why") })
	s.Handle("GET /panics", func(*admin.Request) (any, error) { panic("at the disco") })
	if add != nil {
		add(s)
	}
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	found, err := admin.Find(o.Folder, jid)
	if err != nil || len(found) != 1 || found[0].PID != os.Getpid() || found[0].Path != s.Path() {
		t.Fatalf("found %v, %v", found, err)
	}
	c := admin.Dial(found[0])
	t.Cleanup(c.Close)
	return s, c, hook
}

func TestRequestsReachTheirRoutes(t *testing.T) {
	s, c, _ := start(t, admin.Options{}, nil)
	if info, err := os.Stat(s.Path()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	var who, text string
	if err := c.Get(t.Context(), "/who", &who); err != nil || who == "" {
		t.Errorf("%q, %v", who, err)
	}
	if err := c.Post(t.Context(), "/echo", map[string]string{"text": "ä"}, &text); err != nil || text != "ä" {
		t.Errorf("%q, %v", text, err)
	}
	for _, bad := range []struct {
		path   string
		in     any
		status int
		text   string
	}{
		{"/fails", nil, http.StatusInternalServerError, "why"},
		{"/unknown", nil, http.StatusNotFound, "/v1/unknown is unknown: the tool and the backend have different versions"},
		{"/echo", map[string]string{"txt": "x"}, http.StatusBadRequest, `unknown field "txt"`},
		{"/echo", map[string]string{"text": strings.Repeat("x", 1<<20)}, http.StatusBadRequest, "too large"},
	} {
		var failed *admin.Error
		err := c.Get(t.Context(), bad.path, nil)
		if bad.in != nil {
			err = c.Post(t.Context(), bad.path, bad.in, nil)
		}
		if !errors.As(err, &failed) || failed.Status != bad.status || !strings.Contains(failed.Text, bad.text) {
			t.Errorf("%s: %v", bad.path, err)
		}
	}
}

func TestPanicOfARouteEndsOnlyItsConnection(t *testing.T) {
	_, c, hook := start(t, admin.Options{}, nil)
	if err := c.Get(t.Context(), "/panics", nil); err == nil {
		t.Error("the request succeeds")
	}
	if e := hook.LastEntry(); e == nil || !strings.Contains(e.Message, "at the disco") || e.Level != logrus.ErrorLevel {
		t.Errorf("%v", e)
	}
	if err := c.Get(t.Context(), "/who", nil); err != nil {
		t.Error(err)
	}
}

func TestOtherUsersAreRefusedAndLoggedOnce(t *testing.T) {
	_, c, hook := start(t, admin.Options{Allowed: func(uid int) bool { return uid != os.Getuid() }}, nil)
	for range 3 {
		var failed *admin.Error
		if err := c.Get(t.Context(), "/who", nil); !errors.As(err, &failed) || failed.Status != http.StatusForbidden {
			t.Errorf("%v", err)
		}
	}
	if n := len(hook.AllEntries()); n != 1 || !strings.Contains(hook.LastEntry().Message, "refused") || hook.LastEntry().Data["by"] == "" {
		t.Errorf("%d lines: %v", n, hook.LastEntry())
	}
}

func TestSocketsOfEndedProcessesAreRemoved(t *testing.T) {
	folder := t.TempDir()
	dead := admin.Path(folder, jid, 99999999)
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false) // as after SIGKILL
	_ = l.Close()
	other := admin.Path(folder, "other.localhost", 1)
	for _, path := range []string{other, filepath.Join(folder, "lua-x"+strings.TrimPrefix(filepath.Base(other), "lua-1"))} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start(t, admin.Options{Folder: folder}, nil)
	if _, err := os.Lstat(dead); !os.IsNotExist(err) {
		t.Errorf("the socket of the ended process remains: %v", err)
	}
	if _, err := os.Lstat(other); err != nil {
		t.Error(err)
	}
}

func TestCloseRemovesTheSocket(t *testing.T) {
	s, c, _ := start(t, admin.Options{}, nil)
	s.Close()
	if _, err := os.Lstat(s.Path()); !os.IsNotExist(err) {
		t.Errorf("%v", err)
	}
	if err := c.Get(t.Context(), "/who", nil); err == nil || !strings.Contains(err.Error(), "has ended") {
		t.Errorf("%v", err)
	}
	if found, err := admin.Find(filepath.Dir(s.Path()), jid); len(found) > 0 || err != nil {
		t.Errorf("%v, %v", found, err)
	}
	if found, err := admin.Find(filepath.Join(t.TempDir(), "missing"), jid); len(found) > 0 || err != nil {
		t.Errorf("%v, %v", found, err)
	}
}

func TestLongFolderHasASocketToo(t *testing.T) {
	folder := filepath.Join(t.TempDir(), strings.Repeat("long/", 30))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	s, c, _ := start(t, admin.Options{Folder: folder}, nil)
	if err := c.Get(t.Context(), "/who", nil); err != nil {
		t.Error(err)
	}
	s.Close()
	if left, _ := os.ReadDir(folder); len(left) > 0 {
		t.Errorf("%v", left)
	}
}

// TestBadClientsHarmNobody sends garbage, a long line and nothing, and asks as another
// client then.
func TestBadClientsHarmNobody(t *testing.T) {
	s, c, _ := start(t, admin.Options{}, nil)
	for name, text := range map[string]string{
		"garbage": "\x00\xff\x16\x03garbage\r\n\r\n", "a long line": "GET /v1/" + strings.Repeat("x", 1<<20),
		"a long header": "GET /v1/who HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 1<<20), "half a request": "GET /v1/who HTT",
		"a body that does not arrive": "POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
	} {
		conn, err := net.Dial("unix", s.Path())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, _ = io.WriteString(conn, text) // the server may have closed the connection
		if err := c.Get(t.Context(), "/who", nil); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStreamReachesItsClientUntilThatLeaves(t *testing.T) {
	left := make(chan error, 1)
	_, c, _ := start(t, admin.Options{}, func(s *admin.Server) {
		s.Raw("GET /count", func(w http.ResponseWriter, r *admin.Request) error {
			stream := admin.NewStream(w)
			for i := 0; ; i++ {
				if err := stream.Send(i); err != nil {
					left <- err
					return nil
				}
			}
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	next := 0
	err := c.Stream(ctx, "/count", nil, func(value json.RawMessage) error {
		if string(value) != fmt.Sprint(next) {
			return fmt.Errorf("%s instead of %d", value, next)
		}
		if next++; next == 1000 {
			cancel()
		}
		return nil
	})
	if err != nil || next < 1000 {
		t.Errorf("%d, %v", next, err)
	}
	if err := <-left; err == nil {
		t.Error("the stream has no error")
	}
}

// TestStreamStopsAtAClientThatReadsNothing fills the buffers of the socket.
func TestStreamStopsAtAClientThatReadsNothing(t *testing.T) {
	left := make(chan error, 1)
	s, _, _ := start(t, admin.Options{}, func(s *admin.Server) {
		s.Raw("GET /fill", func(w http.ResponseWriter, _ *admin.Request) error {
			stream := admin.NewStream(w)
			admin.Hurry(stream, time.Millisecond)
			for {
				if err := stream.Send(strings.Repeat("x", 1<<16)); err != nil {
					left <- err
					return nil
				}
			}
		})
	})
	conn, err := net.Dial("unix", s.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /v1/fill HTTP/1.1\r\nHost: x\r\n\r\n")
	if err := <-left; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("%v", err)
	}
	_, _ = bufio.NewReader(conn).ReadString('\n')
}

// deadlines is the writer of an answer that notes its deadlines.
type deadlines struct {
	http.ResponseWriter
	read, write time.Time
}

func (d *deadlines) Header() http.Header                 { return http.Header{} }
func (d *deadlines) SetReadDeadline(at time.Time) error  { d.read = at; return nil }
func (d *deadlines) SetWriteDeadline(at time.Time) error { d.write = at; return nil }

// TestLongAnswersHaveNoDeadlineForTheRequest is about the deadline of reading, which would
// end the context of a request that is being answered.
func TestLongAnswersHaveNoDeadlineForTheRequest(t *testing.T) {
	w := &deadlines{read: time.Now(), write: time.Now()}
	admin.NewStream(w)
	if !w.read.IsZero() {
		t.Error("a stream has a deadline for reading")
	}
	w = &deadlines{read: time.Now(), write: time.Now()}
	admin.RequestOf(w).Unhurried()
	if !w.read.IsZero() || !w.write.IsZero() {
		t.Errorf("%+v", w)
	}
}
