package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/creack/pty"
	"github.com/google/go-dap"

	"spectrumlua/luabind/debugger/dap/daptest"
)

// startDebug starts the adapter.
func startDebug(t *testing.T, args ...string) (*daptest.Editor, *exec.Cmd) {
	t.Helper()
	cmd := exec.Command("spectrum2-lua", append([]string{"debug"}, args...)...)
	return daptest.Start(t, cmd), cmd
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
	e.Ask("initialize", daptest.Object{"linesStartAt1": true})
	if r := e.Ask("launch", daptest.Object{"program": filepath.Join(dir, "echo_test.lua"), "args": []string{"-v"}}); !r.GetResponse().Success {
		t.Fatal(r.GetResponse().Message)
	}
	e.Configure(filepath.Join(dir, "echo.lua"), daptest.Object{"line": 4})
	stop := daptest.Next[*dap.StoppedEvent](e).Body
	stack := e.Ask("stackTrace", daptest.Object{"threadId": stop.ThreadId}).(*dap.StackTraceResponse).Body.StackFrames
	if len(stack) != 1 || stack[0].Name != "on.conv_message" || stack[0].Line != 4 {
		t.Errorf("%+v", stack)
	}
	value, ok := e.Ask("evaluate", daptest.Object{"expression": "spectrum.sleep(2.2) or m.message", "frameId": stack[0].Id}).(*dap.EvaluateResponse)
	if !ok || value.Body.Result != `"hello"` {
		t.Errorf("%+v", value)
	}
	e.Ask("continue", daptest.Object{"threadId": stop.ThreadId})
	if code := daptest.Next[*dap.ExitedEvent](e).Body.ExitCode; code != 0 || !strings.Contains(e.Output, "1 passed, 0 failed") {
		t.Errorf("exit code %d, with the output:\n%s", code, e.Output)
	}
}

// TestDebugStopsTheLimitsOfATest stops a script for longer than each of them.
func TestDebugStopsTheLimitsOfATest(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"limits.lua": `local net = require "spectrum.net"
local on = {}
function on.login(session) session:connected() end
function on.conv_message(_, m)
  local first = assert(net.connect(m.message))
  local second = assert(net.connect(m.message))
  first:write("a line\r\n")
  second:write("a line\r\nanother line\r\n")
end
return on
`, "limits_test.lua": `local test = require "test"
test.case("limits", function(t)
  local count, seen = 0, 0
  local peer = t:serve(function(conn)
    count = count + 1
    if count == 1 then
      conn:expect_line("a line", 3)
    else
      conn:find_line("another line", 3)
    end
    seen = seen + 1
  end)
  t:login():say("echo", peer.address)
  t.eventually(function() return seen == 2 end, 3)
end)
`} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e, _ := startDebug(t)
	e.Begin("launch", daptest.Object{"program": filepath.Join(dir, "limits_test.lua"), "args": []string{"-v"}}, filepath.Join(dir, "limits.lua"), daptest.Object{"line": 7})
	e.Ask("setExceptionBreakpoints", daptest.Object{"filters": []string{}})
	stop := daptest.Next[*dap.StoppedEvent](e).Body
	frame := e.Stack(stop.ThreadId)[0]
	daptest.Answer[*dap.EvaluateResponse](e, "evaluate", daptest.Object{"expression": "spectrum.sleep(3.3)", "frameId": frame.Id})
	e.Continue(stop.ThreadId)
	if code := daptest.Next[*dap.ExitedEvent](e).Body.ExitCode; code != 0 {
		t.Errorf("exit code %d, with the output:\n%s", code, e.Output)
	}
}

// TestDebugAChat runs the chat where the editor would have its terminal.
func TestDebugAChat(t *testing.T) {
	dir := writeDebugScript(t)
	e, _ := startDebug(t)
	e.Ask("initialize", daptest.Object{"linesStartAt1": true, "supportsRunInTerminalRequest": true})
	launch := e.Send("launch", daptest.Object{"program": filepath.Join(dir, "echo.lua"), "cwd": dir})
	terminal := daptest.Next[*dap.RunInTerminalRequest](e)
	if terminal.Arguments.Cwd != dir || !slices.Contains(terminal.Arguments.Args, "chat") {
		t.Errorf("%+v", terminal.Arguments)
	}
	chat := exec.CommandContext(t.Context(), "spectrum2-lua", terminal.Arguments.Args[1:]...)
	chat.Stdin = strings.NewReader("/login\n/msg echo hello\n")
	var shown strings.Builder
	chat.Stdout, chat.Stderr = &shown, &shown
	if err := chat.Start(); err != nil {
		t.Fatal(err)
	}
	e.SendMessage(daptest.Object{"seq": 1000, "type": "response", "command": "runInTerminal", "request_seq": terminal.Seq, "success": true})
	if r := e.AnswerTo(launch).GetResponse(); !r.Success {
		t.Fatal(r.Message)
	}
	e.Configure(filepath.Join(dir, "echo.lua"), daptest.Object{"line": 5})
	stop := daptest.Next[*dap.StoppedEvent](e).Body
	e.Ask("continue", daptest.Object{"threadId": stop.ThreadId})
	daptest.Next[*dap.TerminatedEvent](e)
	if err := chat.Wait(); err != nil || !strings.Contains(shown.String(), "hello!") || !strings.Contains(shown.String(), "Waiting for a debugger at ") {
		t.Errorf("%v:\n%s", err, shown.String())
	}
}

// TestDebugEndsTheTest ends a test that stands at a breakpoint, in each way. The folder of
// the socket has gone by then: an editor may kill the adapter.
func TestDebugEndsTheTest(t *testing.T) {
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	for name, end := range map[string]func(e *daptest.Editor, adapter *exec.Cmd){
		"disconnect": func(e *daptest.Editor, _ *exec.Cmd) { e.Ask("disconnect", daptest.Object{"terminateDebuggee": true}) },
		"terminate":  func(e *daptest.Editor, _ *exec.Cmd) { e.Ask("terminate", nil); daptest.Next[*dap.TerminatedEvent](e) },
		"the editor vanishes": func(e *daptest.Editor, _ *exec.Cmd) {
			_ = e.Conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := writeDebugScript(t)
			e, adapter := startDebug(t)
			e.Ask("initialize", daptest.Object{"linesStartAt1": true})
			e.Ask("launch", daptest.Object{"program": filepath.Join(dir, "echo_test.lua")})
			e.Configure(filepath.Join(dir, "echo.lua"), daptest.Object{"line": 4})
			daptest.Next[*dap.StoppedEvent](e)
			if left, err := filepath.Glob(filepath.Join(temporary, "spectrum2-lua-debug-*")); len(left) > 0 || err != nil {
				t.Errorf("while the test runs there are %q, %v", left, err)
			}
			end(e, adapter)
			_ = e.Conn.Close()
			e.End()
			if err := adapter.Wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestDebugRefusesWrongLaunches(t *testing.T) {
	dir := writeDebugScript(t)
	e, _ := startDebug(t)
	e.Ask("initialize", nil)
	for _, c := range []struct {
		command   string
		arguments daptest.Object
		want      string
	}{
		{"launch", daptest.Object{}, "program is missing"},
		{"launch", daptest.Object{"program": 7}, "the arguments are wrong"},
		{"launch", daptest.Object{"program": "x", "mode": "run"}, `mode: "chat" or "test" expected, got "run"`},
		{"launch", daptest.Object{"program": "x.lua", "cwd": dir}, "launch: program: stat " + filepath.Join(dir, "x.lua")},
		{"launch", daptest.Object{"program": "x.lua", "cwd": "/none"}, "launch: cwd: stat /none: no such file"},
		{"launch", daptest.Object{"program": "echo_test.lua", "cwd": filepath.Join(dir, "echo.lua")}, "is not a folder"},
		{"launch", daptest.Object{"program": "echo_test.lua", "cwd": dir, "args": []string{"--no-such-flag"}}, "has ended with exit code 2"},
		{"attach", daptest.Object{"address": "/none/socket"}, `no command listens at address "/none/socket"`},
		{"threads", nil, "launch or attach must come first"},
	} {
		if r := e.Ask(c.command, c.arguments).GetResponse(); r.Success || !strings.Contains(r.Message, c.want) {
			t.Errorf("%s %v: %q", c.command, c.arguments, r.Message)
		}
	}
	if !e.Ask("disconnect", nil).GetResponse().Success {
		t.Error("disconnect is refused")
	}
}

// TestDebugSaysThatAChatDoesNotStart has chats that end at once in the terminal. The editor
// does not tell their process, as VS Code does not.
func TestDebugSaysThatAChatDoesNotStart(t *testing.T) {
	dir := writeDebugScript(t)
	if err := os.WriteFile(filepath.Join(dir, "wrong.cfg"), []byte("[lua]\nscrpt = echo.lua\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, launch := range []daptest.Object{
		{"program": "echo.lua", "cwd": dir, "args": []string{"--no-such-flag"}},
		{"program": "echo.lua", "cwd": dir, "args": []string{"--password-file", "/none"}},
		{"program": "wrong.cfg", "cwd": dir},
	} {
		e, _ := startDebug(t)
		e.Ask("initialize", daptest.Object{"supportsRunInTerminalRequest": true})
		asked := e.Send("launch", launch)
		terminal := daptest.Next[*dap.RunInTerminalRequest](e)
		e.SendMessage(daptest.Object{"seq": 1000, "type": "response", "command": "runInTerminal", "request_seq": terminal.Seq, "success": true})
		chat := exec.CommandContext(t.Context(), "spectrum2-lua", terminal.Arguments.Args[1:]...)
		chat.Dir = dir
		if err := chat.Run(); err == nil {
			t.Fatalf("%v: the chat does not fail", launch)
		}
		if r := e.AnswerTo(asked).GetResponse(); r.Success || r.Message != "launch: the command has ended: see the terminal" {
			t.Errorf("%v: %+v", launch, r)
		}
		e.Ask("disconnect", nil)
		e.End()
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
	e.Ask("initialize", daptest.Object{"linesStartAt1": true})
	if r := e.Ask("attach", daptest.Object{"address": socket}).GetResponse(); !r.Success {
		t.Fatal(r.Message)
	}
	e.Configure(filepath.Join(dir, "echo.lua"), daptest.Object{"line": 4})
	stop := daptest.Next[*dap.StoppedEvent](e).Body
	e.Ask("disconnect", daptest.Object{"terminateDebuggee": false})
	if err := cmd.Wait(); err != nil {
		t.Errorf("the test that stood in thread %d ends with %v", stop.ThreadId, err)
	}
}

// TestDebugReportsMistakesBeforeItWaits has commands that an editor could not debug.
func TestDebugReportsMistakesBeforeItWaits(t *testing.T) {
	dir := writeDebugScript(t)
	for name, text := range map[string]string{"wrong.cfg": "[lua]\nscrpt = echo.lua\n", "missing.cfg": "[service]\njid = x.localhost\n[lua]\nscript = missing.lua\n", "folder.cfg": "[service]\njid = x.localhost\n[lua]\nscript = .\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ command, file, want string }{
		{"chat", "wrong.cfg", `[lua] has no key "scrpt"; did you mean script?`},
		{"chat", "missing.cfg", "missing.lua: no such file or directory ([lua] script names the file"},
		{"chat", "folder.cfg", "is a folder; [lua] script must name a file"},
		{"test", "echo.lua", "echo.lua is not a test"},
		{"test", "none_test.lua", "none_test.lua: no such file or directory"},
		{"test", t.TempDir(), "no *_test.lua in "},
	} {
		cmd := exec.CommandContext(t.Context(), "spectrum2-lua", c.command, "--debug", filepath.Join(dir, "socket"), c.file)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err == nil || !strings.Contains(string(out), c.want) || strings.Contains(string(out), "Waiting") {
			t.Errorf("%s %s: %v:\n%s", c.command, c.file, err, out)
		}
	}
}

// TestDebugSaysOnATerminalThatAnEditorStartsIt has a person who starts it.
func TestDebugSaysOnATerminalThatAnEditorStartsIt(t *testing.T) {
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = master.Close(), slave.Close() }()
	cmd := exec.CommandContext(t.Context(), "spectrum2-lua", "debug")
	cmd.Stdin = slave
	notes, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(notes).ReadString('\n'); err != nil || !strings.HasPrefix(line, "An editor starts this command") {
		t.Errorf("%v: %s", err, line)
	}
	if _, err := master.WriteString("\x04"); err != nil { // Ctrl-D
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
