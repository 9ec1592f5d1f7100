package dap

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	dap "github.com/google/go-dap"
	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/luabind/debugger"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience limits each wait of a test.
const patience = time.Minute

// editor is a client that plays an editor.
type editor struct {
	t    *testing.T
	conn net.Conn
	in   *bufio.Reader
	seq  int
	// events are those that arrived before the answer to a request.
	events []dap.EventMessage
}

func newEditor(t *testing.T, conn net.Conn) *editor {
	_ = conn.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { _ = conn.Close() })
	return &editor{t: t, conn: conn, in: bufio.NewReader(conn)}
}

func (e *editor) send(command string, arguments any) {
	e.t.Helper()
	e.seq++
	raw, err := json.Marshal(map[string]any{"seq": e.seq, "type": "request", "command": command, "arguments": arguments})
	if err == nil {
		err = dap.WriteBaseMessage(e.conn, raw)
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

func (e *editor) read() dap.Message {
	e.t.Helper()
	m, err := dap.ReadProtocolMessage(e.in)
	if err != nil {
		e.t.Fatalf("reading: %v", err)
	}
	return m
}

// ask sends a request and returns the answer, which may be an error.
func (e *editor) ask(command string, arguments any) dap.ResponseMessage {
	e.t.Helper()
	e.send(command, arguments)
	for {
		switch m := e.read().(type) {
		case dap.ResponseMessage:
			if r := m.GetResponse(); r.RequestSeq != e.seq || r.Command != command {
				e.t.Fatalf("the answer to %s %d is %+v", command, e.seq, r)
			}
			return m
		case dap.EventMessage:
			e.events = append(e.events, m)
		}
	}
}

// event waits for an event of a type.
func event[T dap.EventMessage](e *editor) T {
	e.t.Helper()
	for i, m := range e.events {
		if found, ok := m.(T); ok {
			e.events = append(e.events[:i], e.events[i+1:]...)
			return found
		}
	}
	for {
		m := e.read()
		if found, ok := m.(T); ok {
			return found
		}
		if other, ok := m.(dap.EventMessage); ok {
			e.events = append(e.events, other)
		}
	}
}

// answer sends a request that must succeed.
func answer[T dap.ResponseMessage](e *editor, command string, arguments any) T {
	e.t.Helper()
	m := e.ask(command, arguments)
	found, ok := m.(T)
	if !ok {
		e.t.Fatalf("%s: %+v", command, m)
	}
	return found
}

// refused sends a request that must fail, and returns the message.
func (e *editor) refused(command string, arguments any) string {
	e.t.Helper()
	m, ok := e.ask(command, arguments).(*dap.ErrorResponse)
	if !ok {
		e.t.Fatalf("%s succeeds", command)
	}
	return m.Message
}

type object = map[string]any

// begin does what VS Code does first. Lines are breakpoints of the file.
func (e *editor) begin(how string, arguments object, path string, breakpoints ...object) *dap.SetBreakpointsResponse {
	e.t.Helper()
	c := answer[*dap.InitializeResponse](e, "initialize", object{"clientID": "vscode", "adapterID": "spectrum2-lua", "linesStartAt1": true, "columnsStartAt1": true, "pathFormat": "path", "supportsVariablePaging": true, "supportsRunInTerminalRequest": true}).Body
	if !c.SupportsConfigurationDoneRequest || !c.SupportsConditionalBreakpoints || !c.SupportsLogPoints || len(c.ExceptionBreakpointFilters) != 2 {
		e.t.Errorf("the capabilities are %+v", c)
	}
	if m, failed := e.ask(how, arguments).(*dap.ErrorResponse); failed {
		e.t.Fatal(m.Message)
	}
	event[*dap.InitializedEvent](e)
	set := answer[*dap.SetBreakpointsResponse](e, "setBreakpoints", object{"source": object{"path": path}, "breakpoints": breakpoints, "sourceModified": false})
	answer[*dap.SetExceptionBreakpointsResponse](e, "setExceptionBreakpoints", object{"filters": []string{"uncaught"}})
	answer[*dap.ConfigurationDoneResponse](e, "configurationDone", nil)
	answer[*dap.ThreadsResponse](e, "threads", nil)
	return set
}

// scenario is a script with a debugger that an editor is connected to.
type scenario struct {
	*luatest.Fixture
	*editor
	d      *debugger.Debugger
	served chan error
	ready  chan struct{}
	ended  chan struct{} // closed by Terminate
}

const alice = "alice@localhost"

const script = `local on = {}
local function text(m)
  local said = m.message
  return said .. "!"
end
function on.conv_message(session, m)
  local list = { 1, 2, name = "x" }
  local said = text(m)
  if m.message == "fail" then
    error("oops")
  end
  session:conv_message { buddy_name = "echo", message = said }
end
return on
`

func start(t *testing.T) *scenario {
	t.Helper()
	s := &scenario{Fixture: luatest.New(t, script), d: debugger.New(), served: make(chan error, 1), ready: make(chan struct{}), ended: make(chan struct{})}
	s.Host.Debug(s.d)
	if err := s.Host.Load(); err != nil {
		t.Fatal(err)
	}
	s.Login(alice)
	s.connect(t, t.Context())
	return s
}

func (s *scenario) connect(t *testing.T, ctx context.Context) {
	ours, its := net.Pipe()
	s.editor = newEditor(t, ours)
	ready, ended := s.ready, s.ended
	go func() {
		s.served <- Serve(ctx, its, Options{Debugger: s.d, Ready: func() { close(ready) }, Terminate: func() { close(ended) }})
	}()
}

func (s *scenario) path() string { return filepath.Join(s.Dir, "script.lua") }

func wait[T any](t *testing.T, what string, c <-chan T) (v T) {
	t.Helper()
	select {
	case v = <-c:
	case <-time.After(patience):
		t.Fatalf("%s did not come", what)
	}
	return v
}

func (e *editor) stack(thread int) []dap.StackFrame {
	e.t.Helper()
	first := answer[*dap.StackTraceResponse](e, "stackTrace", object{"threadId": thread, "startFrame": 0, "levels": 1}).Body
	rest := answer[*dap.StackTraceResponse](e, "stackTrace", object{"threadId": thread, "startFrame": 1, "levels": 20}).Body
	if first.TotalFrames != len(first.StackFrames)+len(rest.StackFrames) {
		e.t.Errorf("%d frames, not %d", len(first.StackFrames)+len(rest.StackFrames), first.TotalFrames)
	}
	return append(first.StackFrames, rest.StackFrames...)
}

// TestSequenceOfVSCode plays a whole session.
func TestSequenceOfVSCode(t *testing.T) {
	s := start(t)
	set := s.begin("launch", object{"program": "x"}, s.path(), object{"line": 8}, object{"line": 3, "condition": "m.message == 'stop'"}, object{"line": 12, "logMessage": "said {said}"}, object{"line": 100}).Body.Breakpoints
	if len(set) != 4 || !set[0].Verified || set[0].Line != 8 || !set[1].Verified || !set[2].Verified || set[3].Verified || set[3].Message == "" {
		t.Errorf("%+v", set)
	}
	wait(t, "ready", s.ready)
	s.Say(alice, "echo", "stop")
	stop := event[*dap.StoppedEvent](s.editor).Body
	if stop.Reason != "breakpoint" || stop.AllThreadsStopped || len(stop.HitBreakpointIds) != 1 || stop.HitBreakpointIds[0] != set[0].Id {
		t.Errorf("%+v", stop)
	}
	threads := answer[*dap.ThreadsResponse](s.editor, "threads", nil).Body.Threads
	if last := threads[len(threads)-1]; last.Id != stop.ThreadId || last.Name != alice+" on.conv_message" {
		t.Errorf("%+v", threads)
	}
	frames := s.stack(stop.ThreadId)
	if len(frames) != 1 || frames[0].Line != 8 || frames[0].Source.Path != s.path() || frames[0].Source.Name != "script.lua" {
		t.Errorf("%+v", frames)
	}
	scopes := answer[*dap.ScopesResponse](s.editor, "scopes", object{"frameId": frames[0].Id}).Body.Scopes
	if len(scopes) != 4 || scopes[0].Name != "Locals" || scopes[0].Expensive || !scopes[3].Expensive {
		t.Errorf("%+v", scopes)
	}
	locals := answer[*dap.VariablesResponse](s.editor, "variables", object{"variablesReference": scopes[0].VariablesReference}).Body.Variables
	list := locals[len(locals)-1]
	if list.Name != "list" || list.NamedVariables != 1 || list.IndexedVariables != 2 {
		t.Fatalf("%+v", locals)
	}
	items := answer[*dap.VariablesResponse](s.editor, "variables", object{"variablesReference": list.VariablesReference, "filter": "indexed", "start": 1, "count": 1}).Body.Variables
	if len(items) != 1 || items[0].Name != "[2]" || items[0].Value != "2" {
		t.Errorf("%+v", items)
	}
	if v := answer[*dap.SetVariableResponse](s.editor, "setVariable", object{"variablesReference": list.VariablesReference, "name": "[2]", "value": "#m.message"}).Body; v.Value != "4" {
		t.Errorf("%+v", v)
	}
	for _, c := range [][3]string{{"hover", "m.message", `"stop"`}, {"watch", "list[2] + 1", "5"}, {"repl", "list.name = 'y'", ""}, {"repl", "list.name", `"y"`}} {
		if got := answer[*dap.EvaluateResponse](s.editor, "evaluate", object{"expression": c[1], "frameId": frames[0].Id, "context": c[0]}).Body.Result; got != c[2] {
			t.Errorf("%s: %s is %s", c[0], c[1], got)
		}
	}
	if got := s.refused("evaluate", object{"expression": "error('x')", "frameId": frames[0].Id, "context": "hover"}); !strings.HasPrefix(got, "only names") {
		t.Error(got)
	}
	thread := object{"threadId": stop.ThreadId}
	answer[*dap.StepInResponse](s.editor, "stepIn", thread)
	if stop := event[*dap.StoppedEvent](s.editor).Body; stop.Reason != "breakpoint" { // its condition is true
		t.Errorf("%+v", stop)
	}
	answer[*dap.NextResponse](s.editor, "next", thread)
	event[*dap.StoppedEvent](s.editor)
	if frames := s.stack(stop.ThreadId); len(frames) != 2 || frames[0].Line != 4 || frames[0].Name != "text" || frames[1].Line != 8 {
		t.Errorf("%+v", frames)
	}
	answer[*dap.StepOutResponse](s.editor, "stepOut", thread)
	if stop := event[*dap.StoppedEvent](s.editor).Body; stop.Reason != "step" || s.stack(stop.ThreadId)[0].Line != 9 {
		t.Errorf("%+v", stop)
	}
	answer[*dap.ContinueResponse](s.editor, "continue", thread)
	output := event[*dap.OutputEvent](s.editor).Body
	if output.Output != "said stop!\n" || output.Line != 12 || output.Source.Path != s.path() {
		t.Errorf("%+v", output)
	}
	s.ExpectSaid("stop!")
	if e := event[*dap.ThreadEvent](s.editor).Body; e.Reason != "exited" || e.ThreadId != stop.ThreadId {
		t.Errorf("%+v", e)
	}
	if got := s.refused("continue", thread); !strings.Contains(got, "does not exist any more") {
		t.Error(got)
	}
	answer[*dap.DisconnectResponse](s.editor, "disconnect", object{"terminateDebuggee": false})
	if err := wait(t, "the end", s.served); err != nil {
		t.Error(err)
	}
	s.Say(alice, "echo", "free")
	s.ExpectSaid("free!")
}

func TestErrorsPauseAndTerminate(t *testing.T) {
	s := start(t)
	s.begin("attach", nil, s.path(), object{"line": 3})
	s.Say(alice, "echo", "fail")
	stop := event[*dap.StoppedEvent](s.editor).Body
	thread := object{"threadId": stop.ThreadId}
	answer[*dap.PauseResponse](s.editor, "pause", thread) // it stands already
	answer[*dap.ContinueResponse](s.editor, "continue", thread)
	stop = event[*dap.StoppedEvent](s.editor).Body
	if stop.Reason != "exception" || stop.Text != "script.lua:10: oops" || s.stack(stop.ThreadId)[0].Line != 10 {
		t.Errorf("%+v", stop)
	}
	info := answer[*dap.ExceptionInfoResponse](s.editor, "exceptionInfo", thread).Body
	if info.Description != "script.lua:10: oops" || !strings.Contains(info.Details.StackTrace, "script.lua:10: ") {
		t.Errorf("%+v", info)
	}
	answer[*dap.TerminateResponse](s.editor, "terminate", nil)
	wait(t, "the end of the program", s.ended)
	s.ExpectLog("error in on.conv_message")
}

func TestEditorSeesAReload(t *testing.T) {
	s := start(t)
	s.begin("attach", nil, s.path(), object{"line": 8})
	s.Say(alice, "echo", "old")
	old := event[*dap.StoppedEvent](s.editor).Body.ThreadId
	s.Write("script.lua", "-- a new line\n"+strings.Replace(script, "  local said = text(m)", "\n  local said = text(m)", 1))
	if err := s.Host.Load(); err != nil {
		t.Fatal(err)
	}
	frame := s.stack(old)[0]
	if frame.Source.Path != "" || frame.Source.SourceReference == 0 || frame.Line != 8 {
		t.Fatalf("%+v", frame)
	}
	text := answer[*dap.SourceResponse](s.editor, "source", object{"sourceReference": frame.Source.SourceReference, "source": frame.Source}).Body
	if text.Content != script {
		t.Errorf("%+v", text)
	}
	if got := answer[*dap.SetBreakpointsResponse](s.editor, "setBreakpoints", object{"source": frame.Source, "breakpoints": []object{{"line": 1}}}).Body.Breakpoints; len(got) != 1 || got[0].Verified || got[0].Message == "" {
		t.Errorf("%+v", got)
	}
	s.refused("source", object{"sourceReference": 12345})
}

func TestLinesMayStartAtZero(t *testing.T) {
	s := start(t)
	answer[*dap.InitializeResponse](s.editor, "initialize", object{"linesStartAt1": false})
	answer[*dap.AttachResponse](s.editor, "attach", nil)
	set := answer[*dap.SetBreakpointsResponse](s.editor, "setBreakpoints", object{"source": object{"path": s.path()}, "breakpoints": []object{{"line": 7}}}).Body.Breakpoints
	if !set[0].Verified || set[0].Line != 7 {
		t.Errorf("%+v", set)
	}
	s.Say(alice, "echo", "x")
	stop := event[*dap.StoppedEvent](s.editor).Body
	if line := s.stack(stop.ThreadId)[0].Line; line != 7 {
		t.Errorf("line %d", line)
	}
}

// TestWhatIsNotTheProtocolEndsTheClient sends bytes of other programs. A task that the
// client has stopped continues.
func TestWhatIsNotTheProtocolEndsTheClient(t *testing.T) {
	for name, text := range map[string]string{
		"HTTP":            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}",
		"no JSON":         "Content-Length: 5\r\n\r\nhello",
		"no message":      "Content-Length: 2\r\n\r\n[]",
		"too long":        "Content-Length: 1000000000\r\n\r\n",
		"negative":        "Content-Length: -1\r\n\r\n",
		"an endless line": strings.Repeat("x", maxMessage+10_000),
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			s.begin("attach", nil, s.path(), object{"line": 8})
			s.Say(alice, "echo", "stands")
			event[*dap.StoppedEvent](s.editor)
			go func() { _, _ = io.WriteString(s.conn, text) }()
			if err := wait(t, "the end", s.served); !errors.Is(err, errGarbage) {
				t.Errorf("the error is %v", err)
			}
			s.ExpectSaid("stands!")
			if s.d.Attached() {
				t.Error("the client is still attached")
			}
		})
	}
}

func TestEditorThatVanishesContinuesItsTasks(t *testing.T) {
	s := start(t)
	s.begin("attach", nil, s.path(), object{"line": 8})
	s.Say(alice, "echo", "stands")
	event[*dap.StoppedEvent](s.editor)
	_ = s.conn.Close()
	_ = wait(t, "the end", s.served)
	s.ExpectSaid("stands!")
}

func TestRequestsThatAreWrongAreRefused(t *testing.T) {
	s := start(t)
	if got := s.refused("threads", nil); got != "threads: launch or attach must come first" {
		t.Error(got)
	}
	s.begin("attach", nil, s.path())
	for command, arguments := range map[string]object{
		"stackTrace": {"threadId": 99}, "scopes": {"frameId": 99}, "variables": {"variablesReference": 99},
		"next": {"threadId": 99}, "stepIn": {"threadId": 99}, "stepOut": {"threadId": 99}, "pause": {"threadId": 99},
		"exceptionInfo": {"threadId": 99}, "setVariable": {"variablesReference": 99, "name": "x", "value": "1"},
		"evaluate": {"expression": "x", "frameId": 99}, "restart": {}, "gotoTargets": {}, "noSuchCommand": {},
	} {
		if got := s.refused(command, arguments); got == "" {
			t.Errorf("%s: the error has no text", command)
		}
	}
	other := *s
	other.served, other.ready = make(chan error, 1), make(chan struct{})
	other.connect(t, t.Context())
	answer[*dap.InitializeResponse](other.editor, "initialize", nil)
	if got := other.refused("attach", nil); got != debugger.ErrAttached.Error() {
		t.Error(got)
	}
}

func TestEndOfTheProgramTerminatesTheClient(t *testing.T) {
	s := start(t)
	_ = s.conn.Close()
	_ = wait(t, "the end", s.served)
	ctx, cancel := context.WithCancel(t.Context())
	s.ready = make(chan struct{})
	s.connect(t, ctx)
	s.begin("attach", nil, s.path())
	cancel()
	event[*dap.TerminatedEvent](s.editor)
	if err := wait(t, "the end", s.served); err != nil {
		t.Error(err)
	}
}

// TestListen covers both kinds of addresses.
func TestListen(t *testing.T) {
	for name, address := range map[string]string{"TCP": "127.0.0.1:0", "Unix": filepath.Join(t.TempDir(), "socket")} {
		t.Run(name, func(t *testing.T) {
			d := debugger.New()
			reports := make(chan error, 10)
			l, err := Listen(t.Context(), address, Options{Debugger: d}, func(err error) { reports <- err })
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			if name == "Unix" {
				if info, err := os.Stat(address); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("%v: %v", info, err)
				}
			}
			for range 2 {
				conn, err := dial(l.Address())
				if err != nil {
					t.Fatal(err)
				}
				e := newEditor(t, conn)
				e.begin("attach", nil, "/none.lua")
				if err := l.WaitReady(t.Context()); err != nil {
					t.Error(err)
				}
				answer[*dap.DisconnectResponse](e, "disconnect", nil)
				if _, err := dap.ReadProtocolMessage(e.in); !errors.Is(err, io.EOF) {
					t.Errorf("after disconnect: %v", err)
				}
			}
			conn, err := dial(l.Address())
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n")
			if err := wait(t, "the report", reports); !errors.Is(err, errGarbage) {
				t.Error(err)
			}
			_ = conn.Close()
			l.Close()
			if _, err := dial(l.Address()); err == nil {
				t.Error("the address still accepts clients")
			}
		})
	}
	for _, wrong := range []string{"0.0.0.0:0", "example.org:1", "[::]:0", "4711", "nothing"} {
		if l, err := Listen(t.Context(), wrong, Options{}, nil); err == nil {
			l.Close()
			t.Errorf("%s is accepted", wrong)
		}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	l, err := Listen(ctx, "127.0.0.1:0", Options{Debugger: debugger.New()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	why := errors.New("why")
	cancel(why)
	if err := l.WaitReady(ctx); !errors.Is(err, why) {
		t.Error(err)
	}
}

// TestQueueDropsOutputsThatNobodyReads fills the queue of a client that does not read.
func TestQueueDropsOutputsThatNobodyReads(t *testing.T) {
	q := queue{more: make(chan struct{}, 1)}
	output := func() { q.add(&dap.OutputEvent{Body: dap.OutputEventBody{Output: "x\n"}}, true) }
	for range maxOutputs + 3 {
		output()
	}
	q.add(&dap.ThreadsResponse{}, false)
	if len(q.all) != maxOutputs+1 {
		t.Errorf("%d messages are queued", len(q.all))
	}
	if _, ok := q.take(); !ok {
		t.Error("nothing can be taken")
	}
	output()
	last := q.all[len(q.all)-1].(*dap.OutputEvent)
	if last.Body.Output != "(3 lines are missing here)\nx\n" {
		t.Errorf("%q", last.Body.Output)
	}
}
