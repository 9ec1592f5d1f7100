package backend_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-dap"
	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/luabind/backend"
	"spectrumlua/luabind/debugger/dap/daptest"
	"spectrumlua/pb"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/logging"
)

const alice, bob = "alice@localhost", "bob@localhost"

// debugScript stops at line 4 in the tests.
const debugScript = `local on = {}
function on.login(session) session:connected() end
function on.conv_message(session, m)
  local text = m.message .. "!"
  session:conv_message { buddy_name = m.buddy_name, message = text }
end
function on.logout()
  print("on.logout has run")
end
return on
`

// debugScene is a running backend with an admin socket that lets debuggers attach.
type debugScene struct {
	*testing.T
	*harness.Harness
	folder string
	ended  bool

	mu  sync.Mutex
	log []string
}

func openDebug(t *testing.T, lines ...string) *debugScene {
	t.Helper()
	s := &debugScene{T: t, folder: t.TempDir()}
	silent, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	logger := logging.Open(logging.Options{Stderr: silent})
	t.Cleanup(func() { _ = logger.Close(); _ = silent.Close() })
	s.write(debugScript)
	cfg := filepath.Join(s.folder, "live.cfg")
	text := "[service]\njid = live.localhost\n[lua]\nscript = script.lua\n" + strings.Join(lines, "\n") + "\n"
	if err := os.WriteFile(cfg, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.Harness, err = harness.Open(t.Context(), harness.Options{
		Path: cfg, WorkingDir: s.folder, Spectrum: simulator.Options{},
		Admin: &backend.Admin{Home: admin.HomeSpectrum, Logger: logger},
		Log: func(l harness.Line) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.log = append(s.log, l.Text)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.end)
	return s
}

// end ends the backend, which must not take longer than usual.
func (s *debugScene) end() {
	s.Helper()
	if s.ended {
		return
	}
	s.ended = true
	if err := s.Close(); err != nil {
		s.Error(err)
	}
	s.logged("stopping did not end", 0)
}

// logged compares the number of lines of the log with a text.
func (s *debugScene) logged(text string, want int) {
	s.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	count := 0
	for _, line := range s.log {
		if strings.Contains(line, text) {
			count++
		}
	}
	if count != want {
		s.Errorf("the log has %q %d times, not %d:\n%s", text, count, want, strings.Join(s.log, "\n"))
	}
}

func (s *debugScene) script() string { return filepath.Join(s.folder, "script.lua") }

func (s *debugScene) write(text string) {
	s.Helper()
	if err := os.WriteFile(s.script(), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

func (s *debugScene) client() *admin.Client {
	s.Helper()
	found, err := admin.Find(s.folder, "live.localhost")
	if err != nil || len(found) != 1 {
		s.Fatalf("the sockets are %v, %v", found, err)
	}
	c := admin.Dial(found[0])
	s.Cleanup(c.Close)
	return c
}

// connect connects to the debugger of the process.
func (s *debugScene) connect() (io.ReadWriteCloser, error) {
	s.Helper()
	return s.client().Upgrade(s.Context(), "/debug", admin.DebugProtocol)
}

// editor connects an editor. It sets a breakpoint at line 4.
func (s *debugScene) editor() *daptest.Editor {
	s.Helper()
	conn, err := s.connect()
	if err != nil {
		s.Fatal(err)
	}
	e := daptest.New(s.T, conn)
	e.Begin("attach", nil, s.script(), daptest.Object{"line": 4})
	return e
}

// refused tries to connect a debugger, and compares the status and the message.
func (s *debugScene) refused(status int, parts ...string) {
	s.Helper()
	conn, err := s.connect()
	if err == nil {
		_ = conn.Close()
		s.Fatal("the debugger is accepted")
	}
	failure, ok := err.(*admin.Error)
	if !ok || failure.Status != status || slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(failure.Text, part) }) {
		s.Errorf("the error is %v, want %d with %q", err, status, parts)
	}
}

// free waits until another debugger could attach.
func (s *debugScene) free() {
	s.Helper()
	for {
		var p admin.Process
		if err := s.client().Get(s.Context(), "/process", &p); err != nil {
			s.Fatal(err)
		}
		if p.Debugger == "" {
			return
		}
	}
}

func (s *debugScene) login(jid string) *simulator.User {
	s.Helper()
	u, err := s.Spectrum.Login(jid, "legacy", "secret", nil)
	if err != nil {
		s.Fatal(err)
	}
	if _, err := u.Expect(s.Context(), pb.WrapperMessage_TYPE_CONNECTED, nil); err != nil {
		s.Fatal(err)
	}
	return u
}

func (s *debugScene) say(u *simulator.User, text string) {
	s.Helper()
	if err := u.Say("echo", text); err != nil {
		s.Fatal(err)
	}
}

// answered waits for an answer of the script.
func (s *debugScene) answered(u *simulator.User, text string) {
	s.Helper()
	_, err := u.Expect(s.Context(), pb.WrapperMessage_TYPE_CONV_MESSAGE, func(m proto.Message) bool {
		return m.(*pb.ConversationMessage).GetMessage() == text
	})
	if err != nil {
		s.Fatal(err)
	}
}

// stops waits until a user stands at the line.
func (s *debugScene) stops(e *daptest.Editor, line int) (thread int) {
	s.Helper()
	stop := daptest.Next[*dap.StoppedEvent](e).Body
	if frames := e.Stack(stop.ThreadId); stop.Reason != "breakpoint" || len(frames) == 0 || frames[0].Line != line || frames[0].Source.Path != s.script() {
		s.Fatalf("%+v: %+v", stop, frames)
	}
	return stop.ThreadId
}

func TestDebuggerStopsOnlyTheUserAtTheBreakpoint(t *testing.T) {
	s := openDebug(t, "debug = 1")
	a, b := s.login(alice), s.login(bob)
	e := s.editor()
	s.say(a, "stop")
	thread := s.stops(e, 4)
	e.Break(s.script())
	for range 3 {
		s.say(b, "go")
		s.answered(b, "go!")
	}
	if err := s.Spectrum.Ping(t.Context()); err != nil {
		t.Errorf("no PONG while a user stands at a breakpoint: %v", err)
	}
	frame := e.Stack(thread)[0]
	for text, want := range map[string]string{"session.user": `"` + alice + `"`, "m.message": `"stop"`} {
		if got := daptest.Answer[*dap.EvaluateResponse](e, "evaluate", daptest.Object{"expression": text, "frameId": frame.Id}).Body.Result; got != want {
			t.Errorf("%s is %s", text, got)
		}
	}
	s.say(a, "next")
	e.Continue(thread)
	s.answered(a, "stop!")
	s.answered(a, "next!")
}

// TestEverybodyContinuesWithoutTheDebugger ends the debugger in each way while two users
// stand at its breakpoint.
func TestEverybodyContinuesWithoutTheDebugger(t *testing.T) {
	s := openDebug(t, "debug = 1")
	a, b := s.login(alice), s.login(bob)
	for n, leave := range []func(e *daptest.Editor){
		func(e *daptest.Editor) { daptest.Answer[*dap.DisconnectResponse](e, "disconnect", nil); e.End() },
		func(e *daptest.Editor) { e.Ask("disconnect", daptest.Object{"terminateDebuggee": true}); e.End() },
		func(e *daptest.Editor) {
			daptest.Answer[*dap.TerminateResponse](e, "terminate", nil)
			daptest.Next[*dap.TerminatedEvent](e) // for the editor, not the process
			_ = e.Conn.Close()
		},
		func(e *daptest.Editor) { _ = e.Conn.Close() },
		func(e *daptest.Editor) { _, _ = io.WriteString(e.Conn, "GET / HTTP/1.1\r\n\r\n"); e.End() },
	} {
		if s.Scheduler().Hooked() {
			t.Error("the scripts have a hook, though nobody debugs")
		}
		e := s.editor()
		if !s.Scheduler().Hooked() {
			t.Error("the scripts have no hook")
		}
		s.say(a, "one")
		s.stops(e, 4)
		s.say(b, "two")
		s.stops(e, 4)
		leave(e)
		s.answered(a, "one!")
		s.answered(b, "two!")
		s.free()
		s.say(a, "three")
		s.answered(a, "three!")
		s.logged("an admin attaches a debugger", n+1)
		s.logged("the debugger is detached", n+1)
	}
}

func TestProcessHasOneDebugger(t *testing.T) {
	s := openDebug(t, "debug = 1")
	e := s.editor()
	var p admin.Process
	if err := s.client().Get(t.Context(), "/process", &p); err != nil || p.Debugger == "" {
		t.Fatalf("%v: nobody debugs", err)
	}
	s.refused(409, "another debugger is attached", p.Debugger)
	_ = e.Conn.Close()
	s.free()
	s.editor()
}

func TestConfigMustAllowDebuggers(t *testing.T) {
	const restart = "restart the transport"
	openDebug(t).refused(403, "live.cfg:4", `add the line "debug = 1" after it`, restart)
	openDebug(t, "admin = 1", "debug = 0").refused(403, "live.cfg:6: set debug to 1", restart)
	s := openDebug(t, "debug = 1")
	err := s.client().Get(t.Context(), "/debug", nil)
	if failure, ok := err.(*admin.Error); !ok || failure.Status != 426 {
		t.Errorf("without the header Upgrade: %v", err)
	}
	s.editor() // the request before does not count
}

// TestHandlerAtABreakpointHasNoTimeout stands for longer than handler_timeout.
func TestHandlerAtABreakpointHasNoTimeout(t *testing.T) {
	s := openDebug(t, "debug = 1", "handler_timeout = 0.5")
	a := s.login(alice)
	e := s.editor()
	s.say(a, "stop")
	thread := s.stops(e, 4)
	frame := e.Stack(thread)[0]
	daptest.Answer[*dap.EvaluateResponse](e, "evaluate", daptest.Object{"expression": "spectrum.sleep(0.7)", "frameId": frame.Id})
	e.Continue(thread)
	s.answered(a, "stop!")
}

// TestReloadSetsBreakpointsAgain attaches when the file on disk is newer than the script
// that runs.
func TestReloadSetsBreakpointsAgain(t *testing.T) {
	s := openDebug(t, "debug = 1")
	a := s.login(alice)
	s.write("-- one line more\n" + debugScript)
	conn, err := s.connect()
	if err != nil {
		t.Fatal(err)
	}
	e := daptest.New(t, conn)
	set := e.Begin("attach", nil, s.script(), daptest.Object{"line": 5})
	if len(set) != 1 || set[0].Verified || !strings.Contains(set[0].Message, "reload the script") {
		t.Errorf("%+v", set)
	}
	s.say(a, "old")
	s.answered(a, "old!")
	for _, c := range []struct {
		text string
		line int
	}{{"-- one line more\n" + debugScript, 5}, {"-- one line more\n" + strings.Replace(debugScript, "m)\n", "m)\n\n", 1), 6}} {
		s.write(c.text)
		if err := s.client().Post(t.Context(), "/reload", nil, nil); err != nil {
			t.Fatal(err)
		}
		moved := daptest.Next[*dap.BreakpointEvent](e).Body
		if moved.Reason != "changed" || moved.Breakpoint.Id != set[0].Id || !moved.Breakpoint.Verified || moved.Breakpoint.Line != c.line {
			t.Errorf("%+v", moved)
		}
		s.say(a, "new")
		e.Continue(s.stops(e, c.line))
		s.answered(a, "new!")
	}
}

func TestUserAtABreakpointLogsOut(t *testing.T) {
	s := openDebug(t, "debug = 1", "logout_grace = 60")
	a, b := s.login(alice), s.login(bob)
	e := s.editor()
	s.say(a, "stop")
	thread := s.stops(e, 4)
	if err := a.Logout("legacy"); err != nil {
		t.Fatal(err)
	}
	if got := daptest.Next[*dap.ContinuedEvent](e).Body.ThreadId; got != thread {
		t.Errorf("thread %d continues", got)
	}
	for daptest.Next[*dap.ThreadEvent](e).Body.ThreadId != thread { // logins end, too
	}
	s.login(alice)
	s.say(b, "stop")
	s.stops(e, 4)
}

// TestProcessEndsWhileAUserStandsAtABreakpoint ends the process by EXIT, with breakpoints in
// on.conv_message and on.logout, and with a client that does not read.
func TestProcessEndsWhileAUserStandsAtABreakpoint(t *testing.T) {
	for name, stalls := range map[string]bool{"a client that reads": false, "a client that stalls": true} {
		t.Run(name, func(t *testing.T) {
			s := openDebug(t, "debug = 1", "exit_timeout = 60")
			a := s.login(alice)
			e := s.editor()
			e.Break(s.script(), daptest.Object{"line": 4}, daptest.Object{"line": 8})
			s.say(a, "stop")
			s.stops(e, 4)
			if stalls {
				for range 600 { // the answers fill the socket, and the queue by half
					e.Send("threads", nil)
				}
			}
			s.end()                // which waits for ten seconds
			s.answered(a, "stop!") // the handler has continued
			s.logged("on.logout has run", 1)
			if !stalls {
				daptest.Next[*dap.TerminatedEvent](e)
				e.End()
			}
		})
	}
}
