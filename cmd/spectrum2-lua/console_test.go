package main

import (
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/creack/pty"
	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/internal/live"
	"spectrumlua/pb"
	"spectrumlua/runtime/admin"
)

const consoleScript = `local spectrum = require "spectrum"
local on = {}
state = { count = 1, counted = { inner = 5 }, act = function() state.count = 100 end }
spectrum.data.pages = 3
function begin() spectrum.send("query", { config = "begun" }) end
function on.login(session) session.data.unread = 7 session:connected() end
return on
`

// stdin makes a file the standard input until the end of the test.
func (s *liveScene) stdin(file *os.File) {
	before := os.Stdin
	os.Stdin = file
	s.Cleanup(func() { os.Stdin = before })
}

// input makes a text the standard input.
func (s *liveScene) input(text string) {
	s.Helper()
	s.write("input.lua", text)
	file, err := os.Open(filepath.Join(s.folder, "input.lua"))
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _ = file.Close() })
	s.stdin(file)
}

// query waits for a message of the script.
func (s *liveScene) query(text string) {
	s.Helper()
	_, err := s.Spectrum.Expect(s.Context(), pb.WrapperMessage_TYPE_QUERY, func(m proto.Message) bool {
		query, ok := m.(*pb.BackendConfig)
		return ok && query.GetConfig() == text
	})
	if err != nil {
		s.Fatal(err)
	}
}

func TestConsoleRunsCodeInTheProcess(t *testing.T) {
	s := openLive(t, consoleScript)
	s.login("alice@localhost")
	s.expect(0, "1\t\\{ inner = 5 \\}\n", "console", s.cfg, "-e", "state.count, state.counted")
	s.expect(0, "", "console", s.cfg, "-e", "state.count = 2")
	s.expect(0, "one\ntwo\ta\ufffdb\n2\n", "console", s.cfg, "-e", `print("one\ntwo", "a\27b") return state.count`)
	s.expect(0, "7\talice@localhost\n", "console", s.cfg, "--user", "alice@localhost", "-e", "session.data.unread, session.user")
	s.expect(1, "1\nspectrum2-lua: console:1: broken\ufffd\\[2J\n", "console", s.cfg, "-e", `print(1) error("broken\27[2J")`)
	s.expect(1, "spectrum2-lua: console:1: .*\n", "console", s.cfg, "-e", `x = = 1`)
	s.expect(1, "spectrum2-lua: bob@localhost is not logged in\n", "console", s.cfg, "--user", "bob@localhost", "-e", "1")
	s.expect(2, `spectrum2-lua: --user alice@localhost/phone: a bare JID such as alice@localhost expected\n.*`, "console", s.cfg, "--user", "alice@localhost/phone", "-e", "1")
	s.expect(1, "spectrum2-lua: .* is not valid UTF-8\n", "console", s.cfg, "-e", "\"\xff\"")
	s.expect(0, "4\n", "console", s.cfg, "-e", `#"`+"ä\x00"+`" + 1`)
	s.expect(1, "spectrum2-lua: the code is longer than 61440 bytes\n", "console", s.cfg, "-e", "return 1 --"+strings.Repeat("x", 1<<20))
	s.expect(1, ".*has no process 1; .*", "console", s.cfg, "--pid", "1", "-e", "1")
	code, output := s.command("console", s.cfg, "-e", `for i = 1, 1e5 do print(("x"):rep(100)) end`)
	if code != 0 || len(output) > 70_000 || !strings.HasSuffix(output, "… (more than 65536 bytes are not shown)\n") {
		t.Errorf("exit code %d, %d bytes", code, len(output))
	}
	s.expect(0, "2\n", "console", s.cfg, "--read-only", "-e", "state.count")
	s.expect(1, "spectrum2-lua: console:1: read-only: functions of the script cannot be called\n", "console", s.cfg, "--read-only", "-e", "state.act()")
}

func TestConsoleReadsCodeFromAFile(t *testing.T) {
	s := openLive(t, consoleScript)
	s.input("x = 1\nfor i = 1, 2 do\n  print(i)\nend\n\n= x\nnothing()\n[[a\nb]]\n")
	s.expect(1, "1\n2\n1\na\nb\nline 7: console:1: attempt to call global 'nothing' .*\n", "console", s.cfg)
	s.input("print(1)\nif x then\n")
	s.expect(1, "1\nspectrum2-lua: line 2: the code is unfinished at the end\n", "console", s.cfg)
	s.input("print(1)\n--[[" + strings.Repeat(strings.Repeat("x", 999)+"\n", 70))
	s.expect(1, "1\nspectrum2-lua: line 2: the code is longer than 61440 bytes\n", "console", s.cfg)
	s.input(strings.Repeat("x", 1<<20))
	s.expect(1, "spectrum2-lua: a line is longer than 61440 bytes\n", "console", s.cfg)
	s.input("1\n\"\xff\"\n2\n")
	s.expect(1, "1\nspectrum2-lua: line 2: the code is not valid UTF-8\n", "console", s.cfg)
}

func TestConsoleOfAScriptThatDoesNotLoadShowsItsError(t *testing.T) {
	s := openLive(t, "x = = 1\n")
	s.expect(1, "spectrum2-lua: live.lua:1: .*\n", "console", s.cfg, "-e", "1")
	s.write("live.lua", consoleScript)
	s.expect(0, ".*", "reload", s.cfg)
	s.expect(0, "1\n", "console", s.cfg, "-e", "state.count")
}

func TestHandlerTimeoutStopsALoopInTheConsole(t *testing.T) {
	s := openLive(t, consoleScript, "handler_timeout = 0.2")
	s.expect(1, `spectrum2-lua: .*stopped: it ran for 200ms without waiting \(handler_timeout\)\n`, "console", s.cfg, "-e", "while true do end")
	s.expect(0, "1\n", "console", s.cfg, "-e", "state.count")
}

// TestConfigRestrictsTheConsole also tries requests that the command would not send.
func TestConfigRestrictsTheConsole(t *testing.T) {
	for _, c := range []struct{ value, all, read string }{
		{"1", "", ""},
		{"0", "the console is turned off in the config ([lua] console = 0)", "the console is turned off in the config ([lua] console = 0)"},
		{"read-only", "the console is read-only in the config ([lua] console = read-only): use --read-only", ""},
	} {
		t.Run(c.value, func(t *testing.T) {
			s := openLive(t, consoleScript, "console = "+c.value)
			all, err := live.Of(s.cfg, 0)
			if err != nil {
				t.Fatal(err)
			}
			defer live.Close(all)
			for readOnly, want := range map[bool]string{false: c.all, true: c.read} {
				args := []string{"console", s.cfg, "-e", "state.count"}
				if readOnly {
					args = append(args, "--read-only")
				}
				if want == "" {
					s.expect(0, "1\n", args...)
					continue
				}
				s.expect(1, "spectrum2-lua: "+regexp.QuoteMeta(want)+"\n", args...)
				for path, body := range map[string]any{
					"/eval": admin.Line{Text: "state.count = 9", ReadOnly: readOnly}, "/keys": admin.Keys{ReadOnly: readOnly},
				} {
					if err := all[0].Post(t.Context(), path, body, nil); err == nil || err.Error() != want {
						t.Errorf("%s, read-only %v: %v", path, readOnly, err)
					}
				}
				if !strings.Contains(s.logged(), "WARNING a line of an admin was refused: "+want) {
					t.Errorf("the log lacks the refusal:\n%s", s.logged())
				}
			}
		})
	}
}

func TestLogHasLinesOfTheConsoleWithoutSecrets(t *testing.T) {
	s := openLive(t, consoleScript)
	s.login("alice@localhost") // with the password hunter2hunter2
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s.expect(0, "[*]+\n", "console", s.cfg, "-e", `"hunter2hunter2"`)
	s.expect(1, "x[*]+\nspectrum2-lua: [*]+\n", "console", s.cfg, "-e", `print("xhunter2hunter2") error("hunter2hunter2", 0)`)
	s.expect(0, "", "console", s.cfg, "-e", `state.password = "a new one"`)
	s.expect(1, "(?s).*", "console", s.cfg, "-e", `state.password = "a new one`)
	s.expect(0, "nil\n", "console", s.cfg, "--read-only", "--user", "alice@localhost", "-e", "session.data.none -- \n")
	s.expect(0, "", "console", s.cfg, "-e", "x = '"+strings.Repeat("y", 1000)+"'")
	log := s.logged()
	for _, want := range []string{
		"WARNING an admin runs Lua in the console by=" + me.Username + ` line="***"`,
		"WARNING an admin runs Lua in the console by=" + me.Username + ` line=print("x***") error("***", 0)`,
		`line=state.password = "***"`,
		"INFO alice@localhost: an admin reads in the console by=" + me.Username + " line=session.data.none",
		strings.Repeat("y", 495) + "… (1006 bytes)\n",
	} {
		if !strings.Contains(log, want) {
			t.Errorf("the log lacks %s:\n%s", want, log)
		}
	}
	if strings.Contains(log, "hunter2") || strings.Contains(log, "a new one") || strings.Contains(log, strings.Repeat("y", 500)) {
		t.Errorf("the log has a secret or a long text:\n%s", log)
	}
}

// TestCodeEndsWithItsConsole ends the command while the code waits, and while it computes.
func TestCodeEndsWithItsConsole(t *testing.T) {
	s := openLive(t, consoleScript, "handler_timeout = 600")
	all, err := live.Of(s.cfg, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close(all)
	for _, code := range []string{"begin() spectrum.sleep(1e6)", "begin() while true do end"} {
		f := s.begin("console", s.cfg, "-e", code)
		s.query("begun")
		f.end(1)
		for busy := true; busy; { // the process notices the end soon
			var top admin.Top
			if err := all[0].Get(t.Context(), "/top", &top); err != nil {
				t.Fatal(err)
			}
			busy = top.Locked || top.TaskCount > 0
		}
	}
}

// console opens the prompt on a terminal. The command ends with Ctrl-D.
func (s *liveScene) console(args ...string) (screen *terminalOf, ended chan int) {
	s.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { _, _ = master.Close(), slave.Close() })
	if err := pty.Setsize(master, &pty.Winsize{Rows: 40, Cols: 200}); err != nil {
		s.Fatal(err)
	}
	s.stdin(slave)
	ended = make(chan int, 1)
	go func() { ended <- run(s.Context(), append([]string{"console", s.cfg}, args...), slave, slave) }()
	return newTerminalOf(s.T, master), ended
}

func TestConsoleOnATerminal(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	s := openLive(t, consoleScript)
	s.login("alice@localhost")
	screen, ended := s.console()
	screen.types("lua> ", "1 +\r")
	screen.types(">> ", "41\r")
	screen.types("\r\n42\r\n", "")
	// Completion.
	screen.types("lua> ", "spectrum.data.pa\t\r")
	screen.types("\r\n3\r\n", "")
	screen.types("lua> ", "state.coun\t")
	screen.types("state.count", "\t")
	screen.types("count  counted", "ed.i\t\r")
	screen.types("\r\n5\r\n", "")
	screen.types("lua> ", `session("al`+"\t")
	screen.types("alice@localhost", `").data.u`+"\t\r")
	screen.types("\r\n7\r\n", "")
	screen.types("lua> ", `sessions()[1]:conv_mess`+"\t\x03") // the process does not know the type of a call
	// History, and keys that are typed ahead.
	screen.types("lua> ", "state.count = state.count + 1\rstate.count\r")
	screen.types("\r\n2\r\n", "")
	screen.types("lua> ", "\x1b[A\x1b[A\r")
	screen.types("lua> ", "state.count\r")
	screen.types("\r\n3\r\n", "")
	// Ctrl-C.
	screen.types("lua> ", "x = = 1\x03")
	screen.types("lua> ", "if x then\r")
	screen.types(">> ", "\x03")
	screen.types("lua> ", "begin() spectrum.sleep(1e6)\r")
	s.query("begun")
	screen.types("", "\x03")
	screen.types("cancelled", "")
	screen.types("lua> ", "while true do end\r\x03")
	screen.types("cancelled", "")
	// Errors, a long line, and secrets.
	screen.types("lua> ", "error('why')\r")
	screen.types("console:1: why", "")
	screen.types("lua> ", strings.Repeat("x", 4096)+"\r")
	screen.types("a line of the prompt has 4095 characters at most", "")
	screen.types("lua> ", "state.password =\r")
	screen.types(">> ", "'a new one'\r")
	screen.types("lua> ", `#"hunter2hunter2"`+"\r")
	screen.types("\r\n14\r\n", "")
	screen.types("lua> ", "\x04")
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
	path := filepath.Join(os.Getenv("XDG_STATE_HOME"), "spectrum2-lua", "console_history")
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	text, err := os.ReadFile(path)
	history := string(text)
	if err != nil || !strings.HasPrefix(history, "1 +\n41\nspectrum.data.pages\nstate.counted.inner\n") ||
		!strings.HasSuffix(history, "error('why')\nstate.password =\n\"***\"\n#\"***\"\n") {
		t.Errorf("the history is %q, %v", history, err)
	}
	if strings.Contains(history, "hunter2") || strings.Contains(history, "new one") {
		t.Errorf("the history has a secret: %q", history)
	}
}

func TestConsoleOfAUserOnATerminal(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	s := openLive(t, consoleScript)
	s.login("alice@localhost")
	screen, ended := s.console("--user", "alice@localhost")
	screen.types("alice@localhost> ", "session.data.un\t\r")
	screen.types("\r\n7\r\n", "")
	screen.types("alice@localhost> ", "session:conv_mes\t { mess\t")
	screen.types("session:conv_message { message", " = 'x', bud\t")
	screen.types("buddy_name", "\x03")
	screen.types("alice@localhost> ", "begin() spectrum.sleep(1e6)\r")
	s.query("begun")
	if err := s.Spectrum.Logout("alice@localhost", "legacy"); err != nil {
		t.Fatal(err)
	}
	screen.types("console:1: the user has logged out", "")
	screen.types("alice@localhost> ", "1\r")
	screen.types("alice@localhost is not logged in", "")
	screen.types("alice@localhost> ", "\x04")
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestConsoleSurvivesItsProcess ends the process between two lines and during a line.
func TestConsoleSurvivesItsProcess(t *testing.T) {
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	s := openLive(t, consoleScript)
	screen, ended := s.console("--read-only")
	screen.types("The console is read-only.", "")
	screen.types("lua> ", "state.count = 5\r")
	screen.types("read-only: the tables of the script cannot be changed", "")
	screen.types("lua> ", "state.act\r")
	screen.types("function: live.lua:3", "")
	_ = s.Close()
	screen.types("lua> ", "state.count\r")
	screen.types("has ended: the line has not run, or not to its end", "")
	screen.types("no process of live.localhost runs", "")
	screen.types("lua> ", "state.count\r")
	screen.types("no process of live.localhost runs", "")
	s.start()
	screen.types("lua> ", "state.count\r")
	screen.types("now in process ", "")
	screen.types("\r\n1\r\n", "")
	screen.types("lua> ", "while true do end\r")
	screen.types("while true do end\r\n", "")
	_ = s.Close() // the line may end before its process
	screen.types("lua> ", "state.count\r")
	screen.types("no process of live.localhost runs", "")
	screen.types("lua> ", "\x04")
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d", code)
	}
}
