package main

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	dap "github.com/google/go-dap"
)

// debugEditor is an editor that has started `spectrum2-lua debug`.
type debugEditor struct {
	t   *testing.T
	in  *bufio.Reader
	out io.WriteCloser
	seq int
	// seen are the events that nobody has waited for.
	seen []dap.EventMessage
	// output is the output of the program.
	output string
}

// startDebug starts the adapter.
func startDebug(t *testing.T) (*debugEditor, *exec.Cmd) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "spectrum2-lua", "debug")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = out.Close()
		_ = cmd.Wait()
	})
	return &debugEditor{t: t, in: bufio.NewReader(in), out: out}, cmd
}

func (e *debugEditor) send(command string, arguments any) {
	e.t.Helper()
	e.seq++
	e.write(map[string]any{"seq": e.seq, "type": "request", "command": command, "arguments": arguments})
}

func (e *debugEditor) write(m any) {
	e.t.Helper()
	raw, err := json.Marshal(m)
	if err == nil {
		err = dap.WriteBaseMessage(e.out, raw)
	}
	if err != nil {
		e.t.Fatal(err)
	}
}

// until reads messages until accept returns true.
func (e *debugEditor) until(what string, accept func(m dap.Message) bool) {
	e.t.Helper()
	for {
		m, err := dap.ReadProtocolMessage(e.in)
		if err != nil {
			e.t.Fatalf("waiting for %s: %v; the output is:\n%s", what, err, e.output)
		}
		if o, ok := m.(*dap.OutputEvent); ok {
			e.output += o.Body.Output
		}
		if accept(m) {
			return
		}
		if event, ok := m.(dap.EventMessage); ok {
			e.seen = append(e.seen, event)
		}
	}
}

// ask sends a request and returns the answer.
func (e *debugEditor) ask(command string, arguments any) (answer dap.ResponseMessage) {
	e.t.Helper()
	e.send(command, arguments)
	e.until("the answer to "+command, func(m dap.Message) bool {
		r, ok := m.(dap.ResponseMessage)
		if ok && r.GetResponse().RequestSeq == e.seq {
			answer = r
		}
		return answer != nil
	})
	return answer
}

// event waits for an event with a name.
func (e *debugEditor) event(name string) (found dap.EventMessage) {
	e.t.Helper()
	for i, m := range e.seen {
		if m.GetEvent().Event == name {
			e.seen = append(e.seen[:i], e.seen[i+1:]...)
			return m
		}
	}
	e.until("the event "+name, func(m dap.Message) bool {
		event, ok := m.(dap.EventMessage)
		if ok && event.GetEvent().Event == name {
			found = event
		}
		return found != nil
	})
	return found
}

// configure does what editors do after launch.
func (e *debugEditor) configure(path string, line int) {
	e.t.Helper()
	e.event("initialized")
	e.ask("setBreakpoints", map[string]any{"source": map[string]any{"path": path}, "breakpoints": []map[string]any{{"line": line}}})
	e.ask("configurationDone", nil)
}

const debugScript = `local on = {}
function on.login(session) session:connected() end
function on.conv_message(session, m)
  local text = m.message .. "!"
  session:conv_message { buddy_name = "echo", message = text }
end
return on
`

const debugTest = `local test = require "test"
test.case("echo", function(t)
  local alice = t:login()
  alice:say("echo", "hello")
  alice:expect("conv_message", { message = "hello!" }, 2)
end)
`

func writeDebugScript(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{"echo.lua": debugScript, "echo_test.lua": debugTest} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestDebugATest stops a script in a test for longer than the test's limit.
func TestDebugATest(t *testing.T) {
	dir := writeDebugScript(t)
	e, _ := startDebug(t)
	e.ask("initialize", map[string]any{"linesStartAt1": true})
	if r := e.ask("launch", map[string]any{"program": filepath.Join(dir, "echo_test.lua"), "args": []string{"-v"}}); !r.GetResponse().Success {
		t.Fatal(r.GetResponse().Message)
	}
	e.configure(filepath.Join(dir, "echo.lua"), 4)
	stop := e.event("stopped").(*dap.StoppedEvent).Body
	stack := e.ask("stackTrace", map[string]any{"threadId": stop.ThreadId}).(*dap.StackTraceResponse).Body.StackFrames
	if len(stack) != 1 || stack[0].Name != "on.conv_message" || stack[0].Line != 4 {
		t.Errorf("%+v", stack)
	}
	value, ok := e.ask("evaluate", map[string]any{"expression": "spectrum.sleep(2.2) or m.message", "frameId": stack[0].Id}).(*dap.EvaluateResponse)
	if !ok || value.Body.Result != `"hello"` {
		t.Errorf("%+v", value)
	}
	e.ask("continue", map[string]any{"threadId": stop.ThreadId})
	if code := e.event("exited").(*dap.ExitedEvent).Body.ExitCode; code != 0 || !strings.Contains(e.output, "1 passed, 0 failed") {
		t.Errorf("exit code %d, with the output:\n%s", code, e.output)
	}
}

// TestDebugAChat runs the chat where the editor would have its terminal.
func TestDebugAChat(t *testing.T) {
	dir := writeDebugScript(t)
	e, _ := startDebug(t)
	e.ask("initialize", map[string]any{"linesStartAt1": true, "supportsRunInTerminalRequest": true})
	e.send("launch", map[string]any{"program": filepath.Join(dir, "echo.lua"), "cwd": dir})
	launch := e.seq
	var terminal *dap.RunInTerminalRequest
	e.until("runInTerminal", func(m dap.Message) bool {
		r, ok := m.(*dap.RunInTerminalRequest)
		terminal = r
		return ok
	})
	if terminal.Arguments.Cwd != dir || terminal.Arguments.Args[1] != "chat" {
		t.Errorf("%+v", terminal.Arguments)
	}
	chat := exec.CommandContext(t.Context(), "spectrum2-lua", terminal.Arguments.Args[1:]...)
	chat.Stdin = strings.NewReader("/login\n/msg echo hello\n")
	var shown strings.Builder
	chat.Stdout, chat.Stderr = &shown, &shown
	if err := chat.Start(); err != nil {
		t.Fatal(err)
	}
	e.write(map[string]any{"seq": 1000, "type": "response", "command": "runInTerminal", "request_seq": terminal.Seq, "success": true})
	e.until("the answer to launch", func(m dap.Message) bool {
		r, ok := m.(dap.ResponseMessage)
		return ok && r.GetResponse().RequestSeq == launch && r.GetResponse().Success
	})
	e.configure(filepath.Join(dir, "echo.lua"), 5)
	stop := e.event("stopped").(*dap.StoppedEvent).Body
	e.ask("continue", map[string]any{"threadId": stop.ThreadId})
	e.event("terminated")
	if err := chat.Wait(); err != nil || !strings.Contains(shown.String(), "hello!") || !strings.Contains(shown.String(), "Waiting for a debugger at ") {
		t.Errorf("%v:\n%s", err, shown.String())
	}
}

// TestDebugEndsTheTest ends a test that stands at a breakpoint, in each way.
func TestDebugEndsTheTest(t *testing.T) {
	for name, end := range map[string]func(e *debugEditor, adapter *exec.Cmd){
		"disconnect": func(e *debugEditor, _ *exec.Cmd) { e.ask("disconnect", map[string]any{"terminateDebuggee": true}) },
		"terminate":  func(e *debugEditor, _ *exec.Cmd) { e.ask("terminate", nil); e.event("terminated") },
		"the editor vanishes": func(e *debugEditor, _ *exec.Cmd) {
			_ = e.out.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeDebugScript(t)
			e, adapter := startDebug(t)
			e.ask("initialize", map[string]any{"linesStartAt1": true})
			e.ask("launch", map[string]any{"program": filepath.Join(dir, "echo_test.lua")})
			e.configure(filepath.Join(dir, "echo.lua"), 4)
			e.event("stopped")
			end(e, adapter)
			_ = e.out.Close()
			_, _ = io.Copy(io.Discard, e.in)
			if err := adapter.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDebugRefusesWrongLaunches(t *testing.T) {
	e, _ := startDebug(t)
	e.ask("initialize", nil)
	for _, c := range []struct {
		command   string
		arguments map[string]any
		want      string
	}{
		{"launch", map[string]any{}, "program is missing"},
		{"launch", map[string]any{"program": 7}, "the arguments are wrong"},
		{"launch", map[string]any{"program": "x", "mode": "run"}, `mode: "chat" or "test" expected, got "run"`},
		{"launch", map[string]any{"program": "x_test.lua", "args": []string{"--no-such-flag"}}, "has ended with exit code 2"},
		{"attach", map[string]any{"address": "/none/socket"}, `no command listens at address "/none/socket"`},
		{"threads", nil, "launch or attach must come first"},
	} {
		if r := e.ask(c.command, c.arguments).GetResponse(); r.Success || !strings.Contains(r.Message, c.want) {
			t.Errorf("%s %v: %q", c.command, c.arguments, r.Message)
		}
	}
	if !e.ask("disconnect", nil).GetResponse().Success {
		t.Error("disconnect is refused")
	}
}

// TestDebugAttaches connects the adapter to a test that runs.
func TestDebugAttaches(t *testing.T) {
	dir := writeDebugScript(t)
	socket := filepath.Join(dir, "socket")
	cmd := exec.CommandContext(t.Context(), "spectrum2-lua", "test", "--debug", socket, dir)
	notes, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(notes).ReadString('\n')
	if err != nil || !strings.Contains(line, "Waiting for a debugger at "+socket) {
		t.Fatalf("%v: %s", err, line)
	}
	e, _ := startDebug(t)
	e.ask("initialize", map[string]any{"linesStartAt1": true})
	if r := e.ask("attach", map[string]any{"address": socket}).GetResponse(); !r.Success {
		t.Fatal(r.Message)
	}
	e.configure(filepath.Join(dir, "echo.lua"), 4)
	stop := e.event("stopped").(*dap.StoppedEvent).Body
	e.ask("disconnect", map[string]any{"terminateDebuggee": false})
	if err := cmd.Wait(); err != nil {
		t.Errorf("the test that stood in thread %d ends with %v", stop.ThreadId, err)
	}
}
