package main

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator/simtest"
	"spectrumlua/pb"
	"spectrumlua/runtime/crash"
)

// beBackend makes the test's executable run the program, so that the race detector also
// covers the process under test.
const beBackend = "SPECTRUM2_LUA_TEST_BACKEND"

func TestMain(m *testing.M) {
	if os.Getenv(beBackend) == "1" {
		main()
	}
	os.Exit(m.Run())
}

// folder creates a folder with script.lua and test.cfg, and returns the path of the config.
func folder(t *testing.T, script string, configLines ...string) string {
	t.Helper()
	dir := t.TempDir()
	config := "[service]\njid=lua.localhost\nworking_dir=" + dir + "\n[lua]\nscript=script.lua\n" + strings.Join(configLines, "\n") + "\n"
	write(t, filepath.Join(dir, "script.lua"), script)
	write(t, filepath.Join(dir, "test.cfg"), config)
	return filepath.Join(dir, "test.cfg")
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// program is the program under test.
type program struct {
	*simulator.Process
	wrote chan struct{} // receives a token for each log line
}

// execute starts the program with any arguments.
func execute(t *testing.T, args ...string) *program {
	t.Helper()
	wrote := make(chan struct{}, 1)
	process, err := simulator.StartProcess(t.Context(), os.Args[0], args, simulator.ProcessOptions{
		Log: func(string) {
			select {
			case wrote <- struct{}{}:
			default:
			}
		},
		// Without the option, the race detector sleeps for a second at an exit.
		Env: append(os.Environ(), beBackend+"=1", "GORACE=atexit_sleep_ms=0"),
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &program{process, wrote}
	t.Cleanup(func() {
		p.Kill()
		if t.Failed() {
			t.Logf("the program wrote:\n%s", p.Output())
		}
	})
	return p
}

// startUnder starts the program as Spectrum does, and waits until it answers a PING.
func startUnder(t *testing.T, config string, own ...string) (*program, *simtest.Backend) {
	t.Helper()
	spectrum := simtest.Listen(t, simulator.Options{Timeout: 30 * time.Second})
	p := execute(t, spectrum.Args(config, own...)...)
	b := spectrum.Accept()
	b.Ping()
	return p, b
}

func exitCode(t *testing.T, p *program) int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	code, err := p.Wait(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return code
}

const greeter = `
local on = {}
function on.login(session)
  session:connected()
end
function on.conv_message(session, m)
  session:conv_message { buddy_name = m.buddy_name, message = m.message }
end
return on`

func TestExitCodesOfAFailedStart(t *testing.T) {
	good := folder(t, greeter)
	dir := filepath.Dir(good)
	latin := filepath.Join(dir, "latin1.cfg")
	write(t, latin, "[service]\njid=lua.localhost\n[lua]\nscript=gr\xfc\xdfe.lua\n")
	write(t, filepath.Join(dir, "empty.cfg"), "")
	write(t, filepath.Join(dir, "typo.cfg"), "[service]\njid=lua.localhost\n[lua]\nscript=script.lua\nrelod=1\n")
	write(t, filepath.Join(dir, "broken.cfg"), "[service\n")
	address := []string{"--host", "127.0.0.1", "--port", "1"}
	cases := []struct {
		name string
		args []string
		code syscall.Errno
		want string
	}{
		{"no arguments", nil, syscall.EINVAL, "--host is missing"},
		{"no config file", address, syscall.EINVAL, "config file"},
		{"a port that is not a number", []string{"--host", "x", "--port", "http", good}, syscall.EINVAL, `--port "http" is not a port`},
		{"a config file that does not exist", append(address, filepath.Join(dir, "none.cfg")), syscall.EINVAL, "none.cfg: the file does not exist"},
		{"a relative path", append(address, "etc/none.cfg"), syscall.EINVAL, "absolute"},
		{"a folder", append(address, dir), syscall.EINVAL, "folder"},
		{"an empty file", append(address, filepath.Join(dir, "empty.cfg")), syscall.EINVAL, "script"},
		{"an invalid file", append(address, filepath.Join(dir, "broken.cfg")), syscall.EINVAL, "broken.cfg:1"},
		{"a key with a typo", append(address, filepath.Join(dir, "typo.cfg")), syscall.EINVAL, "typo.cfg:5: [lua] has no key \"relod\"; did you mean reload?"},
		{"Latin-1 in a name", append(address, latin), syscall.EINVAL, "latin1.cfg:4"},
		{"a port where Spectrum does not listen", append(address, good), syscall.ECONNREFUSED, "cannot connect to Spectrum at 127.0.0.1:1"},
		{"a host that does not exist", []string{"--host", "spectrum..invalid", "--port", "1", good}, syscall.EHOSTUNREACH, "cannot connect to Spectrum at spectrum..invalid:1"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p := execute(t, c.args...)
			if code := exitCode(t, p); code != int(c.code) {
				t.Errorf("exit code %d, want %d (%v)", code, int(c.code), c.code)
			}
			if !strings.Contains(p.Output(), c.want) {
				t.Errorf("the output is:\n%swant %q", p.Output(), c.want)
			}
		})
	}
}

func TestHelpAndVersion(t *testing.T) {
	for flag, want := range map[string]string{"--help": "--host", "--version": "spectrum2_lua_backend 0."} {
		p := execute(t, flag)
		if code := exitCode(t, p); code != 0 || !strings.Contains(p.Output(), want) {
			t.Errorf("%s: exit code %d, output %q", flag, code, p.Output())
		}
	}
}

func TestArgumentsOfSpectrumAreAccepted(t *testing.T) {
	config := folder(t, `
local spectrum = require "spectrum"
local on = {}
function on.query(m)
  spectrum.send("query", { config = spectrum.jid .. " " .. spectrum.config.get("service.backend_id") .. " " .. spectrum.config.get("net.key", "-") })
end
return on`)
	cases := []struct {
		name string
		own  []string
		want string
	}{
		{"as Spectrum sends them", []string{"-n", config}, "lua.localhost 1 -"},
		{"the file first", []string{config, "-n"}, "lua.localhost 1 -"},
		{"another JID", []string{"-j", "other.localhost", config}, "other.localhost 1 -"},
		{"another JID, long", []string{"--jid=other.localhost", config}, "other.localhost 1 -"},
		{"--config", []string{"--config", config, "-d"}, "lua.localhost 1 -"},
		{"unknown flags", []string{"--brand-new", "value", "-x", config}, "lua.localhost 1 -"},
		{"an unknown flag at the end", []string{config, "--brand-new", "value"}, "lua.localhost 1 -"},
		{"a key of the file", []string{"--net.key=from the command line", "-n", config}, "lua.localhost 1 from the command line"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, b := startUnder(t, config, c.own...)
			b.Send(pb.WrapperMessage_TYPE_QUERY, &pb.BackendConfig{Config: proto.String("status")})
			b.Expect(pb.WrapperMessage_TYPE_QUERY, simulator.Like(&pb.BackendConfig{Config: proto.String(c.want)}))
			b.Exit()
			if code := exitCode(t, p); code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}

func TestIPv6(t *testing.T) {
	spectrum, err := simulator.Listen(simulator.IPv6, simulator.Options{})
	if err != nil {
		t.Skipf("IPv6 is not available: %v", err)
	}
	t.Cleanup(spectrum.Close)
	p := execute(t, spectrum.Args(folder(t, greeter))...)
	accepted, err := spectrum.Accept(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := simtest.Watch(t, accepted)
	b.Ping()
	b.Exit()
	if code := exitCode(t, p); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestEachEndRunsLogoutAndSetsTheExitCode stops the backend in each possible way while a
// user is online. on.exit and on.logout run first.
func TestEachEndRunsLogoutAndSetsTheExitCode(t *testing.T) {
	script := `
local spectrum = require "spectrum"
local on = {}
function on.login(session) session:connected() end
function on.exit() spectrum.log.info("on.exit was here") end
function on.logout(session)
  session:conv_message { buddy_name = "b", message = "bye" }
  spectrum.log.info("on.logout was here")
end
return on`
	cases := []struct {
		name string
		end  func(p *program, b *simtest.Backend)
		code syscall.Errno
		says bool // the messages of on.logout can still arrive
		want string
	}{
		{"EXIT", func(_ *program, b *simtest.Backend) { b.Send(pb.WrapperMessage_TYPE_EXIT, nil) }, 0, true, "EXIT"},
		{"the end of the stream", func(_ *program, b *simtest.Backend) { _ = b.CloseWrite() }, 0, true, ""},
		{"SIGTERM", func(p *program, _ *simtest.Backend) { _ = p.Signal(syscall.SIGTERM) }, 0, true, ""},
		{"SIGINT", func(p *program, _ *simtest.Backend) { _ = p.Signal(syscall.SIGINT) }, 0, true, ""},
		{"a length over the cap", func(_ *program, b *simtest.Backend) { _ = b.SendBytes([]byte{0x7f, 0, 0, 0}) }, syscall.EPROTO, true, "at most 16777216 are allowed"},
		{"an end in the middle of a frame", func(_ *program, b *simtest.Backend) {
			_ = b.SendBytes([]byte{0, 0, 0, 9, 8})
			_ = b.CloseWrite()
		}, syscall.EPROTO, true, "in the middle of a frame"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			p, b := startUnder(t, folder(t, script))
			u := b.Login("alice@localhost", "alice", "hunter2")
			u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
			c.end(p, b)
			if c.says {
				u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(func(m *pb.ConversationMessage) bool { return m.GetMessage() == "bye" }))
			}
			if code := exitCode(t, p); code != int(c.code) {
				t.Errorf("exit code %d, want %d", code, int(c.code))
			}
			for _, want := range []string{"on.exit was here", "on.logout was here", c.want} {
				if !strings.Contains(p.Output(), want) {
					t.Errorf("%q is missing from the log", want)
				}
			}
			if strings.Contains(p.Output(), "hunter2") {
				t.Error("the log has the password")
			}
		})
	}
}

// endless has code that computes for hours, in Lua and in a function of the library.
var endless = map[string]string{
	"Lua":     `while true do end`,
	"library": `local _ = (("a"):rep(20000)):find("a-a-a-a-%d")`,
}

// All handlers compute endlessly. The watchdog of handler_timeout would look too late.
func TestStopTakesAtMostExitTimeout(t *testing.T) {
	for name, code := range endless {
		t.Run(name, func(t *testing.T) {
			p, b := startUnder(t, folder(t, `
local on = {}
function on.login(session) session:connected() end
function on.conv_message() `+code+` end
function on.exit() `+code+` end
function on.logout() `+code+` end
return on`, "exit_timeout = 1", "handler_timeout = 3600"))
			u := b.Login("alice@localhost", "alice", "pw")
			u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
			u.Say("b", "hang")
			start := time.Now()
			b.Exit()
			if code := exitCode(t, p); code != 0 {
				t.Errorf("exit code %d", code)
			}
			if took := time.Since(start); took > 10*time.Second { // a second, and longer on a loaded machine
				t.Errorf("the stop took %v", took)
			}
		})
	}
}

// TestHandlerThatComputesDelaysNothingElse expects what the handler has sent before, and PONG.
func TestHandlerThatComputesDelaysNothingElse(t *testing.T) {
	for name, code := range endless {
		t.Run(name, func(t *testing.T) {
			_, b := startUnder(t, folder(t, `
local on = {}
function on.login(session) session:connected() end
function on.conv_message(session)
  session:conv_message { buddy_name = "b", message = "it begins" }
  `+code+`
end
return on`, "handler_timeout = 3600"))
			u := b.Login("alice@localhost", "alice", "pw")
			u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
			u.Say("b", "compute")
			u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, nil)
			for range 10 {
				b.Ping()
			}
		})
	}
}

func TestSpinningHandlerIsStopped(t *testing.T) {
	p, b := startUnder(t, folder(t, `
local on = {}
function on.login(session) session:connected() end
function on.conv_message(session, m)
  if m.message == "spin" then
    while true do pcall(function() while true do end end) end
  end
  session:conv_message { buddy_name = "b", message = "alive" }
end
return on`, "handler_timeout = 0.2"))
	u := b.Login("alice@localhost", "alice", "pw")
	u.Say("b", "spin")
	u.Say("b", "hello")
	u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(func(m *pb.ConversationMessage) bool { return m.GetMessage() == "alive" }))
	b.Exit()
	exitCode(t, p)
	if !strings.Contains(p.Output(), "script.lua:6: stopped: it ran for 200ms without waiting (handler_timeout)") {
		t.Error("the log does not name the stopped line")
	}
}

func TestInvalidFramesAreIgnored(t *testing.T) {
	p, b := startUnder(t, folder(t, greeter))
	u := b.Login("alice@localhost", "alice", "pw")
	u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
	for _, frame := range [][]byte{
		{},                             // empty
		[]byte("not a WrapperMessage"), // garbage
		{0x08, 0x63},                   // type 99
		{0x08, 0x08, 0x12, 0x01, 0xff}, // a payload that does not parse
		{0x12, 0x01, 0x00},             // no type
	} {
		if err := b.SendFrame(frame); err != nil {
			t.Fatal(err)
		}
	}
	long := strings.Repeat("ä", 100_000)
	u.Say("b", long)
	u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(func(m *pb.ConversationMessage) bool { return m.GetMessage() == long }))
	u.Say("b", strings.Repeat("x", 1<<20)) // small enough to receive, too large to send
	u.Say("b", "still here")
	u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(func(m *pb.ConversationMessage) bool { return m.GetMessage() == "still here" }))
	b.Exit()
	exitCode(t, p)
	for _, want := range []string{"an empty frame", "not a WrapperMessage", "unknown type 99", "it has no type", "script.lua:7: conv_message: it is too big"} {
		if !strings.Contains(p.Output(), want) {
			t.Errorf("%q is missing from the log", want)
		}
	}
}

func TestAScriptThatDoesNotLoadDoesNotStopTheBackend(t *testing.T) {
	_, b := startUnder(t, folder(t, "local on = {}\nfunction on.login(\n"))
	u := b.Login("alice@localhost", "alice", "pw")
	u.Expect(pb.WrapperMessage_TYPE_DISCONNECTED, simulator.Match(func(d *pb.Disconnected) bool {
		return d.GetError() == pb.ConnectionError_CONNECTION_ERROR_INVALID_SETTINGS && strings.HasPrefix(d.GetMessage(), "script.lua:2: ")
	}))
	b.Ping()
}

// TestPanicIsNotExitCode2 causes a panic in the backend itself.
func TestPanicIsNotExitCode2(t *testing.T) {
	if os.Getenv("SPECTRUM2_LUA_TEST_PANIC") == "1" {
		defer crash.Guard()
		panic("on purpose")
	}
	process, err := simulator.StartProcess(t.Context(), os.Args[0], []string{"-test.run=^TestPanicIsNotExitCode2$"}, simulator.ProcessOptions{
		Env: append(os.Environ(), "SPECTRUM2_LUA_TEST_PANIC=1"),
	})
	if err != nil {
		t.Fatal(err)
	}
	p := &program{Process: process}
	if code := exitCode(t, p); code != int(syscall.ENOTRECOVERABLE) || !strings.Contains(p.Output(), "panic: on purpose") {
		t.Errorf("exit code %d, output %q", code, p.Output())
	}
}

// awaitLog waits for a log line with all of the words.
func (p *program) awaitLog(t *testing.T, words ...string) {
	t.Helper()
	timeout := time.After(20 * time.Second)
	for {
		output := p.Output()
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(output, w) }) {
			return
		}
		select {
		case <-p.wrote:
		case <-timeout:
			t.Fatalf("no line of the log has %q", words)
		}
	}
}
