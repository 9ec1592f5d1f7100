// Package daptest plays an editor that speaks the Debug Adapter Protocol.
package daptest

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/google/go-dap"
)

// patience limits the life of an editor.
const patience = time.Minute

// Object is the arguments of a request.
type Object = map[string]any

// Editor is a client. One goroutine may use it.
type Editor struct {
	Conn io.ReadWriteCloser
	// Output is the text of all output events so far.
	Output string

	t    testing.TB
	in   *bufio.Reader
	seq  int
	seen []dap.Message // that no call has returned
}

// New returns an editor at one side of a connection. The end of the test closes it.
func New(t testing.TB, conn io.ReadWriteCloser) *Editor {
	late := time.AfterFunc(patience, func() { _ = conn.Close() })
	t.Cleanup(func() {
		late.Stop()
		_ = conn.Close()
	})
	return &Editor{Conn: conn, t: t, in: bufio.NewReader(conn)}
}

// stdio is the standard input and output of a command.
type stdio struct {
	io.Reader
	io.WriteCloser
}

// Start starts a command that speaks the protocol on its standard input and output, as an
// editor starts its adapter. The end of the test closes both, and then waits for the command:
// the context of the test must not kill it before.
func Start(t testing.TB, cmd *exec.Cmd) *Editor {
	t.Helper()
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		late := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		_ = cmd.Wait()
	})
	return New(t, stdio{out, in})
}

// Send sends a request and returns its number.
func (e *Editor) Send(command string, arguments any) (seq int) {
	e.t.Helper()
	e.seq++
	e.SendMessage(Object{"seq": e.seq, "type": "request", "command": command, "arguments": arguments})
	return e.seq
}

// SendMessage sends a message of any kind.
func (e *Editor) SendMessage(m any) {
	e.t.Helper()
	raw, err := json.Marshal(m)
	if err == nil {
		err = dap.WriteBaseMessage(e.Conn, raw)
	}
	if err != nil {
		e.t.Fatalf("writing to the adapter: %v", err)
	}
}

// next returns the first message that accept wants, and keeps those before it.
func (e *Editor) next(what string, accept func(m dap.Message) bool) dap.Message {
	e.t.Helper()
	if i := slices.IndexFunc(e.seen, accept); i >= 0 {
		m := e.seen[i]
		e.seen = slices.Delete(e.seen, i, i+1)
		return m
	}
	for {
		m, err := dap.ReadProtocolMessage(e.in)
		if err != nil {
			e.t.Fatalf("waiting for %s: %v; the output is:\n%s", what, err, e.Output)
		}
		if o, ok := m.(*dap.OutputEvent); ok {
			e.Output += o.Body.Output
		}
		if accept(m) {
			return m
		}
		e.seen = append(e.seen, m)
	}
}

// AnswerTo waits for the answer to a request, which may be an error.
func (e *Editor) AnswerTo(seq int) dap.ResponseMessage {
	e.t.Helper()
	return e.next("an answer", func(m dap.Message) bool {
		r, ok := m.(dap.ResponseMessage)
		return ok && r.GetResponse().RequestSeq == seq
	}).(dap.ResponseMessage)
}

// Ask sends a request and returns the answer, which may be an error.
func (e *Editor) Ask(command string, arguments any) dap.ResponseMessage {
	e.t.Helper()
	answer := e.AnswerTo(e.Send(command, arguments))
	if got := answer.GetResponse().Command; got != command {
		e.t.Fatalf("the answer to %s is one to %s", command, got)
	}
	return answer
}

// Answer sends a request that must succeed.
func Answer[T dap.ResponseMessage](e *Editor, command string, arguments any) T {
	e.t.Helper()
	m := e.Ask(command, arguments)
	found, ok := m.(T)
	if !ok {
		e.t.Fatalf("the answer to %s is %+v", command, m)
	}
	return found
}

// Refused sends a request that must fail, and returns the message.
func (e *Editor) Refused(command string, arguments any) string {
	e.t.Helper()
	m, ok := e.Ask(command, arguments).(*dap.ErrorResponse)
	if !ok {
		e.t.Fatalf("%s succeeds", command)
	}
	return m.Message
}

// Next waits for an event or a request of a type.
func Next[T dap.Message](e *Editor) T {
	e.t.Helper()
	var wanted T
	return e.next(fmt.Sprintf("%T", wanted), func(m dap.Message) bool {
		_, ok := m.(T)
		return ok
	}).(T)
}

// End waits for the end of the connection.
func (e *Editor) End() {
	e.t.Helper()
	for {
		switch m, err := dap.ReadProtocolMessage(e.in); {
		case err != nil && !errors.Is(err, io.EOF):
			e.t.Fatalf("waiting for the end of the connection: %v", err)
		case err != nil:
			return
		default:
			e.seen = append(e.seen, m)
		}
	}
}

// Begin does what VS Code does first: it launches or attaches, and sets breakpoints in a
// file.
func (e *Editor) Begin(how string, arguments Object, path string, breakpoints ...Object) []dap.Breakpoint {
	e.t.Helper()
	Answer[*dap.InitializeResponse](e, "initialize", Object{"clientID": "vscode", "adapterID": "spectrum2-lua", "linesStartAt1": true, "columnsStartAt1": true, "pathFormat": "path", "supportsVariablePaging": true, "supportsRunInTerminalRequest": true})
	if m, failed := e.Ask(how, arguments).(*dap.ErrorResponse); failed {
		e.t.Fatalf("%s: %s", how, m.Message)
	}
	return e.Configure(path, breakpoints...)
}

// Configure does what VS Code does after the answer to launch or attach.
func (e *Editor) Configure(path string, breakpoints ...Object) []dap.Breakpoint {
	e.t.Helper()
	Next[*dap.InitializedEvent](e)
	set := e.Break(path, breakpoints...)
	Answer[*dap.SetExceptionBreakpointsResponse](e, "setExceptionBreakpoints", Object{"filters": []string{"uncaught"}})
	Answer[*dap.ConfigurationDoneResponse](e, "configurationDone", nil)
	Answer[*dap.ThreadsResponse](e, "threads", nil)
	return set
}

// Break sets the breakpoints of a file.
func (e *Editor) Break(path string, breakpoints ...Object) []dap.Breakpoint {
	e.t.Helper()
	return Answer[*dap.SetBreakpointsResponse](e, "setBreakpoints", Object{"source": Object{"path": path}, "breakpoints": breakpoints}).Body.Breakpoints
}

// Stack returns the calls of a thread, as VS Code asks for them.
func (e *Editor) Stack(thread int) []dap.StackFrame {
	e.t.Helper()
	first := Answer[*dap.StackTraceResponse](e, "stackTrace", Object{"threadId": thread, "startFrame": 0, "levels": 1}).Body
	rest := Answer[*dap.StackTraceResponse](e, "stackTrace", Object{"threadId": thread, "startFrame": 1, "levels": 20}).Body
	if first.TotalFrames != len(first.StackFrames)+len(rest.StackFrames) {
		e.t.Errorf("%d frames, not %d", len(first.StackFrames)+len(rest.StackFrames), first.TotalFrames)
	}
	return append(first.StackFrames, rest.StackFrames...)
}

// Continue continues a thread.
func (e *Editor) Continue(thread int) {
	e.t.Helper()
	Answer[*dap.ContinueResponse](e, "continue", Object{"threadId": thread})
}
