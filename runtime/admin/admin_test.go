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

// After an answer to a request that is too large, net/http waits half a second before it closes
// the connection.
func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("net/http.(*conn).closeWriteAndWait"))
}

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
	s.Raw("GET /shout", func(_ http.ResponseWriter, r *admin.Request) error {
		conn, err := r.Upgrade("shout")
		if err != nil {
			return err
		}
		defer conn.Close()
		for lines := bufio.NewScanner(conn); lines.Scan(); {
			fmt.Fprintf(conn, "%s: %s!\n", r.Who, lines.Text())
		}
		return nil
	})
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
		{"/echo", map[string]string{"text": strings.Repeat("x", 1<<20)}, http.StatusRequestEntityTooLarge, "the request is longer than 65536 bytes"},
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

func TestRequestsHaveOneValue(t *testing.T) {
	s, _, _ := start(t, admin.Options{}, nil)
	conn, err := net.Dial("unix", s.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	const body = `{"text":"x"} {}`
	_, _ = fmt.Fprintf(conn, "POST /v1/echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	answer, err := io.ReadAll(conn)
	if err != nil || !strings.Contains(string(answer), "400 Bad Request") || !strings.Contains(string(answer), "more text follows") {
		t.Errorf("%s, %v", answer, err)
	}
}

// TestLongRequestEndsWithItsClientOrItsProcess has a route that waits for the end of its
// context.
func TestLongRequestEndsWithItsClientOrItsProcess(t *testing.T) {
	began, ended := make(chan struct{}), make(chan struct{})
	s, c, _ := start(t, admin.Options{}, func(s *admin.Server) {
		s.Handle("POST /wait", func(r *admin.Request) (any, error) {
			var in struct{}
			if err := r.Decode(&in); err != nil {
				return nil, err
			}
			r.Unhurried()
			began <- struct{}{}
			<-r.Context().Done()
			ended <- struct{}{}
			return nil, nil
		})
	})
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() { failed <- c.Post(ctx, "/wait", struct{}{}, nil) }()
	<-began
	cancel()
	<-ended
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("after the client has left: %v", err)
	}
	go func() { failed <- c.Post(t.Context(), "/wait", struct{}{}, nil) }()
	<-began
	go s.Close()
	<-ended
	if err := <-failed; !errors.Is(err, admin.ErrEnded) {
		t.Errorf("after the process has ended: %v", err)
	}
	if err := c.Post(t.Context(), "/wait", struct{}{}, nil); !errors.Is(err, admin.ErrEnded) {
		t.Errorf("without a process: %v", err)
	}
}

// TestEveryLossOfTheProcessMeansThatItEnded has processes that leave a socket behind, or end at
// each moment of a request.
func TestEveryLossOfTheProcessMeansThatItEnded(t *testing.T) {
	folder := shortFolder(t)
	for n, c := range []struct {
		name   string
		answer string // before the connection ends
		linger bool   // the end is a reset otherwise
	}{
		{"nothing is read", "", false},
		{"at once", "", true},
		{"in the header", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n", true},
		{"in the body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"a", true},
		{"in a part of the body", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"a", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			pid := n + 1
			path := admin.Path(folder, "lua.localhost", pid)
			l, err := net.Listen("unix", path)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					if c.linger {
						_, _ = conn.Read(make([]byte, 1<<20))
						_, _ = io.WriteString(conn, c.answer)
					}
					_ = conn.Close()
				}
			}()
			client := admin.Dial(admin.Socket{Path: path, PID: pid})
			defer client.Close()
			ask := map[string]func() error{
				"get":  func() error { return client.Get(t.Context(), "/status", &struct{}{}) },
				"post": func() error { return client.Post(t.Context(), "/status", strings.Repeat("x", 1<<20), nil) },
				"stream": func() error {
					return client.Stream(t.Context(), "/status", nil, func(json.RawMessage) error { return nil })
				},
				"read": func() error {
					return client.Read(t.Context(), "/status", "text/plain", func(r io.Reader) error { _, err := io.ReadAll(r); return err })
				},
			}
			for name, do := range ask {
				if err := do(); !errors.Is(err, admin.ErrEnded) || err.Error() != fmt.Sprintf("process %d has ended", pid) {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}

// TestSocketHasItsNameWhenItAcceptsConnections looks at the name under which the socket was
// made: until it accepts connections, others would remove a socket that they find.
func TestSocketHasItsNameWhenItAcceptsConnections(t *testing.T) {
	s, _, _ := start(t, admin.Options{}, nil)
	conn, err := net.Dial("unix", s.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	made := conn.RemoteAddr().String()
	if filepath.Dir(made) != filepath.Dir(s.Path()) || strings.HasSuffix(made, ".sock") {
		t.Errorf("the socket was made as %s", made)
	}
}

// TestClientSaysThatAProcessDoesNotAnswer asks a route that waits for its client to leave.
func TestClientSaysThatAProcessDoesNotAnswer(t *testing.T) {
	asked := make(chan struct{})
	_, c, _ := start(t, admin.Options{}, func(s *admin.Server) {
		s.Handle("GET /waits", func(r *admin.Request) (any, error) {
			close(asked)
			<-r.Context().Done()
			return nil, nil
		})
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-asked
		cancel(context.DeadlineExceeded)
	}()
	err := c.Get(ctx, "/waits", nil)
	if want := fmt.Sprintf("process %d does not answer", os.Getpid()); err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "http:") {
		t.Errorf("%v", err)
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

// shortFolder returns a folder whose path has not the name of the test: that of a socket may
// have 107 bytes.
func shortFolder(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

// listen makes a socket that remains when its listener is closed, as after SIGKILL.
func listen(t *testing.T, path string) *net.UnixListener {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// TestSocketsOfProcessesKilledDuringTheStartAreRemoved has processes between making the
// socket and its name. A process that starts now does not accept connections either.
func TestSocketsOfProcessesKilledDuringTheStartAreRemoved(t *testing.T) {
	folder := shortFolder(t)
	begun := func(pid int) string { return admin.Path(folder, jid, pid) + ".new" }
	past := time.Now().Add(-time.Hour)
	for _, path := range []string{begun(1), begun(2), admin.Path(folder, "other.localhost", 1) + ".new"} {
		listen(t, path).Close()
	}
	listen(t, begun(3)) // accepts connections
	for _, path := range []string{begun(1), begun(3)} {
		if err := os.Chtimes(path, past, past); err != nil {
			t.Fatal(err)
		}
	}
	if found, err := admin.Find(folder, jid); len(found) > 0 || err != nil {
		t.Errorf("found %v, %v", found, err)
	}
	for pid, kept := range map[int]bool{1: false, 2: true, 3: true} {
		if _, err := os.Lstat(begun(pid)); (err == nil) != kept {
			t.Errorf("the socket of process %d: %v", pid, err)
		}
	}
	if files, err := os.ReadDir(folder); len(files) != 3 || err != nil {
		t.Errorf("%v, %v", files, err)
	}
}

func TestSocketsOfEndedProcessesAreRemoved(t *testing.T) {
	folder := shortFolder(t)
	dead := admin.Path(folder, jid, 99999999)
	listen(t, dead).Close()
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

func TestRouteTakesTheConnectionForAnotherProtocol(t *testing.T) {
	s, c, _ := start(t, admin.Options{}, nil)
	var who string
	if err := c.Get(t.Context(), "/who", &who); err != nil {
		t.Fatal(err)
	}
	conn, err := c.Upgrade(t.Context(), "/shout", "shout")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	for _, text := range []string{"one", "two"} {
		fmt.Fprintln(conn, text)
		if line, err := in.ReadString('\n'); err != nil || line != who+": "+text+"!\n" {
			t.Errorf("%q, %v", line, err)
		}
		s.Close() // does not end it
	}
}

// TestUpgradeKeepsWhatTheClientHasSentEarly sends the first line with the request.
func TestUpgradeKeepsWhatTheClientHasSentEarly(t *testing.T) {
	s, _, _ := start(t, admin.Options{}, nil)
	conn, err := net.Dial("unix", s.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "GET /v1/shout HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: Shout\r\n\r\nearly\n")
	in := bufio.NewReader(conn)
	res, err := http.ReadResponse(in, nil)
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols || res.Header.Get("Upgrade") != "shout" {
		t.Fatalf("%+v, %v", res, err)
	}
	if line, err := in.ReadString('\n'); err != nil || !strings.HasSuffix(line, ": early!\n") {
		t.Errorf("%q, %v", line, err)
	}
}

func TestUpgradeIsRefused(t *testing.T) {
	_, c, _ := start(t, admin.Options{}, nil)
	for path, status := range map[string]int{"/shout": http.StatusUpgradeRequired, "/none": http.StatusNotFound, "/fails": http.StatusInternalServerError} {
		var failure *admin.Error
		if _, err := c.Upgrade(t.Context(), path, "whisper"); !errors.As(err, &failure) || failure.Status != status || failure.Text == "" {
			t.Errorf("%s: %v", path, err)
		}
	}
	if _, err := c.Upgrade(t.Context(), "/who", "shout"); err == nil {
		t.Error("a route without another protocol is accepted")
	}
}
