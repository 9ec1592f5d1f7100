package dap

import (
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	dap "github.com/google/go-dap"
	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/luabind/debugger"
	"spectrumlua/luabind/debugger/dap/daptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience limits each wait of a test.
const patience = time.Minute

// scenario is a script with a debugger that an editor is connected to.
type scenario struct {
	*luatest.Fixture
	*daptest.Editor
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
	s.connect(t, t.Context(), func() { close(s.ended) })
	return s
}

func (s *scenario) connect(t *testing.T, ctx context.Context, terminate func()) {
	ours, its := net.Pipe()
	s.Editor = daptest.New(t, ours)
	ready := s.ready
	go func() {
		s.served <- Serve(ctx, its, Options{Debugger: s.d, Ready: func() { close(ready) }, Terminate: terminate})
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

// TestSequenceOfVSCode plays a whole session.
func TestSequenceOfVSCode(t *testing.T) {
	s := start(t)
	set := s.Begin("launch", daptest.Object{"program": "x"}, s.path(), daptest.Object{"line": 8}, daptest.Object{"line": 3, "condition": "m.message == 'stop'"}, daptest.Object{"line": 12, "logMessage": "said {said}"}, daptest.Object{"line": 100})
	if len(set) != 4 || !set[0].Verified || set[0].Line != 8 || !set[1].Verified || !set[2].Verified || set[3].Verified || set[3].Message == "" {
		t.Errorf("%+v", set)
	}
	wait(t, "ready", s.ready)
	s.Say(alice, "echo", "stop")
	stop := daptest.Next[*dap.StoppedEvent](s.Editor).Body
	if stop.Reason != "breakpoint" || stop.AllThreadsStopped || len(stop.HitBreakpointIds) != 1 || stop.HitBreakpointIds[0] != set[0].Id {
		t.Errorf("%+v", stop)
	}
	threads := daptest.Answer[*dap.ThreadsResponse](s.Editor, "threads", nil).Body.Threads
	if last := threads[len(threads)-1]; last.Id != stop.ThreadId || last.Name != alice+" on.conv_message" {
		t.Errorf("%+v", threads)
	}
	frames := s.Stack(stop.ThreadId)
	if len(frames) != 1 || frames[0].Line != 8 || frames[0].Source.Path != s.path() || frames[0].Source.Name != "script.lua" {
		t.Errorf("%+v", frames)
	}
	scopes := daptest.Answer[*dap.ScopesResponse](s.Editor, "scopes", daptest.Object{"frameId": frames[0].Id}).Body.Scopes
	if len(scopes) != 4 || scopes[0].Name != "Locals" || scopes[0].Expensive || !scopes[3].Expensive {
		t.Errorf("%+v", scopes)
	}
	locals := daptest.Answer[*dap.VariablesResponse](s.Editor, "variables", daptest.Object{"variablesReference": scopes[0].VariablesReference}).Body.Variables
	list := locals[len(locals)-1]
	if list.Name != "list" || list.NamedVariables != 1 || list.IndexedVariables != 2 {
		t.Fatalf("%+v", locals)
	}
	items := daptest.Answer[*dap.VariablesResponse](s.Editor, "variables", daptest.Object{"variablesReference": list.VariablesReference, "filter": "indexed", "start": 1, "count": 1}).Body.Variables
	if len(items) != 1 || items[0].Name != "[2]" || items[0].Value != "2" {
		t.Errorf("%+v", items)
	}
	if v := daptest.Answer[*dap.SetVariableResponse](s.Editor, "setVariable", daptest.Object{"variablesReference": list.VariablesReference, "name": "[2]", "value": "#m.message"}).Body; v.Value != "4" {
		t.Errorf("%+v", v)
	}
	for _, c := range [][3]string{{"hover", "m.message", `"stop"`}, {"watch", "list[2] + 1", "5"}, {"repl", "list.name = 'y'", ""}, {"repl", "list.name", `"y"`}} {
		if got := daptest.Answer[*dap.EvaluateResponse](s.Editor, "evaluate", daptest.Object{"expression": c[1], "frameId": frames[0].Id, "context": c[0]}).Body.Result; got != c[2] {
			t.Errorf("%s: %s is %s", c[0], c[1], got)
		}
	}
	if got := s.Refused("evaluate", daptest.Object{"expression": "error('x')", "frameId": frames[0].Id, "context": "hover"}); !strings.HasPrefix(got, "only names") {
		t.Error(got)
	}
	thread := daptest.Object{"threadId": stop.ThreadId}
	daptest.Answer[*dap.StepInResponse](s.Editor, "stepIn", thread)
	if stop := daptest.Next[*dap.StoppedEvent](s.Editor).Body; stop.Reason != "breakpoint" { // its condition is true
		t.Errorf("%+v", stop)
	}
	daptest.Answer[*dap.NextResponse](s.Editor, "next", thread)
	daptest.Next[*dap.StoppedEvent](s.Editor)
	if frames := s.Stack(stop.ThreadId); len(frames) != 2 || frames[0].Line != 4 || frames[0].Name != "text" || frames[1].Line != 8 {
		t.Errorf("%+v", frames)
	}
	daptest.Answer[*dap.StepOutResponse](s.Editor, "stepOut", thread)
	if stop := daptest.Next[*dap.StoppedEvent](s.Editor).Body; stop.Reason != "step" || s.Stack(stop.ThreadId)[0].Line != 9 {
		t.Errorf("%+v", stop)
	}
	daptest.Answer[*dap.ContinueResponse](s.Editor, "continue", thread)
	output := daptest.Next[*dap.OutputEvent](s.Editor).Body
	if output.Output != "said stop!\n" || output.Line != 12 || output.Source.Path != s.path() {
		t.Errorf("%+v", output)
	}
	s.ExpectSaid("stop!")
	if e := daptest.Next[*dap.ThreadEvent](s.Editor).Body; e.Reason != "exited" || e.ThreadId != stop.ThreadId {
		t.Errorf("%+v", e)
	}
	if got := s.Refused("continue", thread); !strings.Contains(got, "does not exist any more") {
		t.Error(got)
	}
	daptest.Answer[*dap.DisconnectResponse](s.Editor, "disconnect", daptest.Object{"terminateDebuggee": false})
	if err := wait(t, "the end", s.served); err != nil {
		t.Error(err)
	}
	s.Say(alice, "echo", "free")
	s.ExpectSaid("free!")
}

func TestErrorsPauseAndTerminate(t *testing.T) {
	s := start(t)
	s.Begin("attach", nil, s.path(), daptest.Object{"line": 3})
	s.Say(alice, "echo", "fail")
	stop := daptest.Next[*dap.StoppedEvent](s.Editor).Body
	thread := daptest.Object{"threadId": stop.ThreadId}
	daptest.Answer[*dap.PauseResponse](s.Editor, "pause", thread) // it stands already
	daptest.Answer[*dap.ContinueResponse](s.Editor, "continue", thread)
	stop = daptest.Next[*dap.StoppedEvent](s.Editor).Body
	if stop.Reason != "exception" || stop.Text != "script.lua:10: oops" || s.Stack(stop.ThreadId)[0].Line != 10 {
		t.Errorf("%+v", stop)
	}
	info := daptest.Answer[*dap.ExceptionInfoResponse](s.Editor, "exceptionInfo", thread).Body
	if info.Description != "script.lua:10: oops" || info.BreakMode != "unhandled" || !strings.Contains(info.Details.StackTrace, "script.lua:10: ") {
		t.Errorf("%+v", info)
	}
	daptest.Answer[*dap.SetExceptionBreakpointsResponse](s.Editor, "setExceptionBreakpoints", daptest.Object{"filters": []string{"raised"}})
	daptest.Answer[*dap.ContinueResponse](s.Editor, "continue", thread)
	daptest.Answer[*dap.SetBreakpointsResponse](s.Editor, "setBreakpoints", daptest.Object{"source": daptest.Object{"path": s.path()}, "breakpoints": []daptest.Object{}})
	s.Say(alice, "echo", "fail")
	stop = daptest.Next[*dap.StoppedEvent](s.Editor).Body
	thread = daptest.Object{"threadId": stop.ThreadId}
	if info := daptest.Answer[*dap.ExceptionInfoResponse](s.Editor, "exceptionInfo", thread).Body; info.BreakMode != "always" {
		t.Errorf("with the filter of all errors: %+v", info)
	}
	daptest.Answer[*dap.TerminateResponse](s.Editor, "terminate", nil)
	wait(t, "the end of the program", s.ended)
	s.ExpectLog("error in on.conv_message")
}

func TestEditorSeesAReload(t *testing.T) {
	s := start(t)
	s.Begin("attach", nil, s.path(), daptest.Object{"line": 8})
	s.Say(alice, "echo", "old")
	old := daptest.Next[*dap.StoppedEvent](s.Editor).Body.ThreadId
	s.Write("script.lua", "-- a new line\n"+strings.Replace(script, "  local said = text(m)", "\n  local said = text(m)", 1))
	if err := s.Host.Load(); err != nil {
		t.Fatal(err)
	}
	frame := s.Stack(old)[0]
	if frame.Source.Path != "" || frame.Source.SourceReference == 0 || frame.Line != 8 {
		t.Fatalf("%+v", frame)
	}
	text := daptest.Answer[*dap.SourceResponse](s.Editor, "source", daptest.Object{"sourceReference": frame.Source.SourceReference, "source": frame.Source}).Body
	if text.Content != script {
		t.Errorf("%+v", text)
	}
	if got := daptest.Answer[*dap.SetBreakpointsResponse](s.Editor, "setBreakpoints", daptest.Object{"source": frame.Source, "breakpoints": []daptest.Object{{"line": 1}}}).Body.Breakpoints; len(got) != 1 || got[0].Verified || got[0].Message == "" {
		t.Errorf("%+v", got)
	}
	s.Refused("source", daptest.Object{"sourceReference": 12345})
}

func TestLinesMayStartAtZero(t *testing.T) {
	s := start(t)
	c := daptest.Answer[*dap.InitializeResponse](s.Editor, "initialize", daptest.Object{"linesStartAt1": false}).Body
	if !c.SupportsConfigurationDoneRequest || !c.SupportsConditionalBreakpoints || !c.SupportsLogPoints || len(c.ExceptionBreakpointFilters) != 2 {
		t.Errorf("the capabilities are %+v", c)
	}
	daptest.Answer[*dap.AttachResponse](s.Editor, "attach", nil)
	set := daptest.Answer[*dap.SetBreakpointsResponse](s.Editor, "setBreakpoints", daptest.Object{"source": daptest.Object{"path": s.path()}, "breakpoints": []daptest.Object{{"line": 7}}}).Body.Breakpoints
	if !set[0].Verified || set[0].Line != 7 {
		t.Errorf("%+v", set)
	}
	s.Say(alice, "echo", "x")
	stop := daptest.Next[*dap.StoppedEvent](s.Editor).Body
	if line := s.Stack(stop.ThreadId)[0].Line; line != 7 {
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
			s.Begin("attach", nil, s.path(), daptest.Object{"line": 8})
			s.Say(alice, "echo", "stands")
			daptest.Next[*dap.StoppedEvent](s.Editor)
			go func() { _, _ = io.WriteString(s.Conn, text) }()
			if err := wait(t, "the end", s.served); !errors.Is(err, ErrGarbage) {
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
	s.Begin("attach", nil, s.path(), daptest.Object{"line": 8})
	s.Say(alice, "echo", "stands")
	daptest.Next[*dap.StoppedEvent](s.Editor)
	_ = s.Conn.Close()
	_ = wait(t, "the end", s.served)
	s.ExpectSaid("stands!")
}

func TestRequestsThatAreWrongAreRefused(t *testing.T) {
	s := start(t)
	if got := s.Refused("threads", nil); got != "threads: launch or attach must come first" {
		t.Error(got)
	}
	s.Begin("attach", nil, s.path())
	for command, arguments := range map[string]daptest.Object{
		"stackTrace": {"threadId": 99}, "scopes": {"frameId": 99}, "variables": {"variablesReference": 99},
		"next": {"threadId": 99}, "stepIn": {"threadId": 99}, "stepOut": {"threadId": 99}, "pause": {"threadId": 99},
		"exceptionInfo": {"threadId": 99}, "setVariable": {"variablesReference": 99, "name": "x", "value": "1"},
		"evaluate": {"expression": "x", "frameId": 99}, "restart": {}, "gotoTargets": {}, "noSuchCommand": {},
	} {
		if got := s.Refused(command, arguments); got == "" {
			t.Errorf("%s: the error has no text", command)
		}
	}
	other := *s
	other.served, other.ready = make(chan error, 1), make(chan struct{})
	other.connect(t, t.Context(), nil)
	daptest.Answer[*dap.InitializeResponse](other.Editor, "initialize", nil)
	if got := other.Refused("attach", nil); got != debugger.ErrAttached.Error() {
		t.Error(got)
	}
}

func TestEndOfTheProgramTerminatesTheClient(t *testing.T) {
	s := start(t)
	_ = s.Conn.Close()
	_ = wait(t, "the end", s.served)
	ctx, cancel := context.WithCancel(t.Context())
	s.ready = make(chan struct{})
	s.connect(t, ctx, nil)
	s.Begin("attach", nil, s.path())
	cancel()
	daptest.Next[*dap.TerminatedEvent](s.Editor)
	if err := wait(t, "the end", s.served); err != nil {
		t.Error(err)
	}
}

// TestDisconnectThatEndsTheProgramIsAnswered has a client that waits for the end of the program
// first.
func TestDisconnectThatEndsTheProgramIsAnswered(t *testing.T) {
	s := start(t)
	_ = s.Conn.Close()
	_ = wait(t, "the end", s.served)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	seen := make(chan struct{})
	s.ready = make(chan struct{})
	s.connect(t, ctx, func() { cancel(); <-seen })
	s.Begin("attach", nil, s.path())
	request := s.Send("disconnect", daptest.Object{"terminateDebuggee": true})
	daptest.Next[*dap.TerminatedEvent](s.Editor)
	close(seen)
	if _, ok := s.AnswerTo(request).(*dap.DisconnectResponse); !ok {
		t.Error("disconnect fails")
	}
	if err := wait(t, "the end", s.served); err != nil {
		t.Error(err)
	}
}

// TestQueueDropsOutputsThatNobodyReads fills the queue of a client that does not read.
func TestQueueDropsOutputsThatNobodyReads(t *testing.T) {
	q := newQueue()
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

// TestClientThatStallsIsDisconnected has clients that do not read, or do not attach.
func TestClientThatStallsIsDisconnected(t *testing.T) {
	for name, c := range map[string]struct {
		patience time.Duration
		send     func(e *daptest.Editor)
		limit    time.Duration
	}{
		"it does not read": {0, func(e *daptest.Editor) {
			threads := &dap.ThreadsRequest{Request: dap.Request{ProtocolMessage: dap.ProtocolMessage{Seq: 1, Type: "request"}, Command: "threads"}}
			for dap.WriteProtocolMessage(e.Conn, threads) == nil { // until the pipe is closed
			}
		}, writeTimeout},
		"it does not attach":      {3 * time.Second, func(*daptest.Editor) {}, 3 * time.Second},
		"it does only initialize": {3 * time.Second, func(e *daptest.Editor) { e.Ask("initialize", nil) }, 3 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, its := net.Pipe()
				e := daptest.New(t, ours)
				began := time.Now()
				served := make(chan error, 1)
				go func() {
					served <- Serve(t.Context(), its, Options{Debugger: debugger.New(), Patience: c.patience})
				}()
				go c.send(e)
				<-served
				if took := time.Since(began); took != c.limit {
					t.Errorf("the client is disconnected after %v", took)
				}
				_ = ours.Close()
			})
		})
	}
}
