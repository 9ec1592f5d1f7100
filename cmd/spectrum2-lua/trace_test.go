package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/record"
)

// following is a command that runs until stop is called, with its output so far.
type following struct {
	*testing.T
	writes chan string
	text   string
	seen   int // the end of the last text that a test waited for
	code   chan int
	stop   context.CancelFunc
}

// Write implements io.Writer.
func (f *following) Write(p []byte) (int, error) {
	f.writes <- string(p)
	return len(p), nil
}

// begin starts a command.
func (s *liveScene) begin(args ...string) *following {
	f := &following{T: s.T, writes: make(chan string, 1000), code: make(chan int, 1)}
	ctx, stop := context.WithCancel(s.Context())
	f.stop = stop
	go func() { f.code <- run(ctx, args, f, f) }()
	s.Cleanup(stop)
	return f
}

// until waits for a line that matches after the previous one, and returns it.
func (f *following) until(pattern string) string {
	f.Helper()
	line := regexp.MustCompile(`(?m)^.*` + pattern + `.*\n`)
	late := time.After(time.Minute)
	for {
		if at := line.FindStringIndex(f.text[f.seen:]); at != nil {
			found := f.text[f.seen:][at[0]:at[1]]
			f.seen += at[1]
			return found
		}
		select {
		case more := <-f.writes:
			f.text += more
		case <-late:
			f.Fatalf("%q does not appear in\n%s", pattern, f.text)
		}
	}
}

// end stops the command and compares its exit code.
func (f *following) end(want int) {
	f.Helper()
	f.stop()
	for {
		select {
		case code := <-f.code:
			if code != want {
				f.Errorf("exit code %d instead of %d:\n%s", code, want, f.text)
			}
			return
		case more := <-f.writes:
			f.text += more
		}
	}
}

// login logs a user in and waits for CONNECTED.
func (s *liveScene) login(user string) *simulator.User {
	s.Helper()
	u, err := s.Spectrum.Login(user, "legacy", "hunter2hunter2", nil)
	if err == nil {
		_, err = u.Expect(s.Context(), pb.WrapperMessage_TYPE_CONNECTED, nil)
	}
	if err != nil {
		s.Fatal(err)
	}
	return u
}

// say sends a message and waits for its echo.
func (s *liveScene) say(u *simulator.User, text string) {
	s.Helper()
	err := u.Say("bob", text)
	if err == nil {
		_, err = u.Expect(s.Context(), pb.WrapperMessage_TYPE_CONV_MESSAGE, nil)
	}
	if err != nil {
		s.Fatal(err)
	}
}

const echoScript = `local on = {}
function on.login(session) session:connected() end
function on.conv_message(session, m) session:conv_message(m) end
function on.raw_xml() end
return on
`

func TestTraceShowsWhatUsersAndScriptDo(t *testing.T) {
	s := openLive(t, echoScript)
	pid := fmt.Sprint(os.Getpid())
	words, texts, frames := s.begin("trace", s.cfg), s.begin("trace", s.cfg, "--bodies", "--user", "alice@localhost"), s.begin("trace", s.cfg, "--frames", "--pid", pid)
	for _, f := range []*following{words, texts, frames} {
		f.until("tracing process " + pid)
	}
	alice, carol := s.login("alice@localhost"), s.login("carol@localhost")
	s.say(carol, "for carol")
	s.say(alice, "my hunter2hunter2 is\nsafe")
	if err := s.Spectrum.Send(pb.WrapperMessage_TYPE_STATUS_CHANGED, &pb.Status{
		UserName: proto.String("alice@localhost"), Status: pb.StatusType_STATUS_TYPE_AWAY.Enum(), StatusMessage: proto.String("tea"),
	}); err != nil {
		t.Fatal(err)
	}
	const stanza = `<message from="alice@localhost/x" to="live.localhost"><body>raw text</body></message>`
	if err := s.Spectrum.SendPayload(pb.WrapperMessage_TYPE_RAW_XML, []byte(stanza)); err != nil {
		t.Fatal(err)
	}
	at := `\d\d:\d\d:\d\d\.\d{3} ` + pid + ` `
	for _, want := range []string{
		"→ alice@localhost logs in as legacy", "← alice@localhost: You are connected.", "→ carol@localhost writes to bob: …", "← carol@localhost: <bob> …",
		"→ alice@localhost writes to bob: …", "← alice@localhost: <bob> …", "→ alice@localhost is away: …", `→ RAW_XML "<message .*<body>…</body>`,
	} {
		words.until("^" + at + want)
	}
	for _, want := range []string{
		"→ alice@localhost writes to bob: my [*]+ is⏎safe", "← alice@localhost: <bob> my [*]+ is⏎safe", "→ alice@localhost is away: tea", "raw text",
	} {
		texts.until("^" + at + ".*" + want)
	}
	for _, want := range []string{
		`→ LOGIN alice@localhost legacy_name="legacy" password=[*]+`, "← CONNECTED alice@localhost", `→ CONV_MESSAGE carol@localhost buddy_name="bob" message="…"`, "→ STATUS_CHANGED", "→ RAW_XML",
	} {
		frames.until("^" + at + want)
	}
	for f, hidden := range map[*following][]string{words: {"hunter2", "tea", "raw text", "for carol"}, texts: {"hunter2", "carol"}, frames: {"hunter2", "tea", "raw text"}} {
		f.end(0)
		for _, text := range hidden {
			if strings.Contains(f.text, text) {
				t.Errorf("the trace shows %q:\n%s", text, f.text)
			}
		}
	}
}

func TestTraceFollowsProcessesThatStartLater(t *testing.T) {
	s := openLive(t, echoScript)
	f := s.begin("trace", s.cfg)
	f.until("tracing process")
	one := s.begin("trace", s.cfg, "--pid", fmt.Sprint(os.Getpid()))
	one.until("tracing process")
	socket := admin.Path(s.folder, "live.localhost", os.Getpid())
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	f.until("the trace of process .* has ended")
	one.until("the trace of process .* has ended")
	one.end(0)
	if _, err := os.Stat(socket); !os.IsNotExist(err) {
		t.Fatal(err)
	}
	s.start()
	f.until("tracing process")
	s.login("alice@localhost")
	f.until("alice@localhost logs in")
	f.end(0)
	s.expect(2, ".*takes one config file, not 0.*", "trace")
	s.expect(1, ".*missing.cfg.*", "trace", filepath.Join(s.folder, "missing.cfg"))
}

// TestTraceMergesProcesses plays a second process of the transport.
func TestTraceMergesProcesses(t *testing.T) {
	s := openLive(t, echoScript)
	other := os.Getppid()
	listener, err := net.Listen("unix", admin.Path(s.folder, "live.localhost", other))
	if err != nil {
		t.Fatal(err)
	}
	begin := make(chan struct{})
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		encoder := record.NewEncoder(nil, false)
		header, err := encoder.Header(record.Header{Time: time.Now(), PID: other})
		stream := admin.NewStream(w)
		if err != nil || stream.Send(json.RawMessage(header)) != nil {
			return
		}
		select {
		case <-begin:
			login, _ := proto.Marshal(&pb.Login{User: proto.String("carol@localhost"), LegacyName: proto.String("carol"), Password: proto.String("x")})
			_ = stream.Send(json.RawMessage(encoder.Message(0, false, pb.WrapperMessage_TYPE_LOGIN, login)))
		case <-r.Context().Done():
		}
		<-r.Context().Done()
	})}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(listener) }()
	defer func() { _ = server.Close(); <-served }()
	f := s.begin("trace", s.cfg)
	f.until(`tracing process \d+`)
	f.until(`tracing process \d+`)
	close(begin)
	f.until(fmt.Sprintf(" %d → carol@localhost logs in as carol", other))
	s.login("alice@localhost")
	f.until(fmt.Sprintf(" %d → alice@localhost logs in as legacy", os.Getpid()))
	f.end(0)
}

// TestStalledTraceDelaysNobody has a client that reads nothing, while more passes than the
// buffers can hold.
func TestStalledTraceDelaysNobody(t *testing.T) {
	s := openLive(t, echoScript)
	conn, err := net.Dial("unix", admin.Path(s.folder, "live.localhost", os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_, _ = io.WriteString(conn, "GET /v1/trace?bodies=1 HTTP/1.1\r\nHost: x\r\n\r\n")
	if _, err := conn.Read(make([]byte, 64)); err != nil { // the trace has begun
		t.Fatal(err)
	}
	alice := s.login("alice@localhost")
	for range 200 {
		s.say(alice, strings.Repeat("x", 60_000))
	}
}

// TestRequestsOfTheSocketAreChecked sends requests that no command sends.
func TestRequestsOfTheSocketAreChecked(t *testing.T) {
	s := openLive(t, echoScript)
	ask := func(request string) (answer string) {
		t.Helper()
		conn, err := net.Dial("unix", admin.Path(s.folder, "live.localhost", os.Getpid()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_, _ = io.WriteString(conn, request)
		buffer := make([]byte, 4096) // enough for an error, and for the first bytes of a trace
		n, err := conn.Read(buffer)
		if err != nil {
			t.Fatal(err)
		}
		return string(buffer[:n])
	}
	expect := func(request, status, text string) {
		t.Helper()
		if answer := ask(request); !strings.HasPrefix(answer, "HTTP/1.1 "+status) || !strings.Contains(answer, text) {
			t.Errorf("%.60q: %s", request, answer)
		}
	}
	get := func(path string) string { return "GET /v1/" + path + " HTTP/1.1\r\nHost: x\r\n\r\n" }
	for _, query := range []string{"bodies=2", "xmpp=yes", "unknown=1"} {
		expect(get("trace?"+query), "400", "unknown parameter")
	}
	for body, text := range map[string]string{`{}`: "missing", `null`: "missing", `{"level":"loud"}`: "loud"} {
		expect(fmt.Sprintf("POST /v1/log/level HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body), "400", text)
	}
	for range 8 {
		expect(get("trace"), "200", "")
	}
	expect(get("trace"), "429", "8 traces run already")
	expect(get("process"), "200", "") // other requests have connections
}
