package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator/simtest"
	"spectrumlua/pb"
)

// TestSignalsStopABackendThatLoads sends signals while the script computes or waits.
func TestSignalsStopABackendThatLoads(t *testing.T) {
	for name, script := range map[string]string{
		"it computes": `print("loading") while true do end`,
		"it waits":    `print("loading") require("spectrum").sleep(1000)`,
	} {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
			t.Run(name+", "+sig.String(), func(t *testing.T) {
				t.Parallel()
				spectrum := simtest.Listen(t, simulator.Options{})
				p := execute(t, spectrum.Args(folder(t, script, "handler_timeout = 3600"))...)
				p.awaitLog(t, "loading")
				_ = p.Signal(sig)
				if code := exitCode(t, p); code != 0 {
					t.Errorf("exit code %d", code)
				}
			})
		}
	}
}

// TestSignalsThatDoNotStopTheBackend sends SIGPIPE, and SIGHUP many times.
func TestSignalsThatDoNotStopTheBackend(t *testing.T) {
	p, b := startUnder(t, folder(t, versionScript("1")))
	u := b.Login("alice@localhost", "alice", "pw")
	for i := range 20 {
		_ = p.Signal(syscall.SIGPIPE)
		_ = p.Signal(syscall.SIGHUP)
		u.Say("b", "hello")
		u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(said(fmt.Sprintf("version 1, message %d", i+1))))
	}
	b.Exit()
	if code := exitCode(t, p); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

// TestAbortLogsStacksAndLogsUsersOut sends SIGABRT, as Spectrum does to a backend that it
// considers dead.
func TestAbortLogsStacksAndLogsUsersOut(t *testing.T) {
	p, b := startUnder(t, folder(t, `
local spectrum = require "spectrum"
local on = {}
function on.login(session) session:connected() end
function on.logout(session) spectrum.log.info("goodbye") end
return on`))
	u := b.Login("alice@localhost", "alice", "pw")
	u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
	_ = p.Signal(syscall.SIGABRT)
	if code := exitCode(t, p); code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"SIGABRT", "goroutine ", "goodbye"} {
		if !strings.Contains(p.Output(), want) {
			t.Errorf("%q is missing from the log", want)
		}
	}
}

// TestBackendStopsIfSpectrumIsKilled resets the connection.
func TestBackendStopsIfSpectrumIsKilled(t *testing.T) {
	p, b := startUnder(t, folder(t, greeter))
	u := b.Login("alice@localhost", "alice", "pw")
	u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
	b.StopReading()
	u.Say("b", "never read") // unread data turns the close into a reset
	b.Close()
	exitCode(t, p)
	if strings.Contains(p.Output(), "panic") {
		t.Error("the backend panics")
	}
}

// TestBackendServesWithoutStandardError closes the pipe that would receive the log.
func TestBackendServesWithoutStandardError(t *testing.T) {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	spectrum := simtest.Listen(t, simulator.Options{})
	cmd := exec.Command(os.Args[0], spectrum.Args(folder(t, greeter))...)
	cmd.Env = append(os.Environ(), beBackend+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.Stdout, cmd.Stderr = writer, writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	writer.Close()
	b := spectrum.Accept()
	b.Ping()
	reader.Close()
	u := b.Login("alice@localhost", "alice", "pw")
	for range 5 {
		if err := b.SendFrame(nil); err != nil { // the backend logs it
			t.Fatal(err)
		}
		u.Say("b", "hello")
		u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, nil)
	}
	b.Exit()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

// TestBackendServesWithoutItsLog uses a log file that the backend cannot write. It must say
// so on standard error.
func TestBackendServesWithoutItsLog(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "file"), "")
	for name, file := range map[string]string{"a full disk": "/dev/full", "a folder that it cannot create": filepath.Join(dir, "file", "x", "log")} {
		t.Run(name, func(t *testing.T) {
			logging := filepath.Join(t.TempDir(), "logging.cfg")
			write(t, logging, "log4j.rootLogger=INFO, R\nlog4j.appender.R=RollingFileAppender\nlog4j.appender.R.File="+file+"\n")
			p, b := startUnder(t, folder(t, greeter, "[logging]", "backend_config = "+logging))
			u := b.Login("alice@localhost", "alice", "pw")
			u.Say("b", "hello")
			u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, nil)
			b.Exit()
			if code := exitCode(t, p); code != 0 || !strings.Contains(p.Output(), "cannot be written") {
				t.Errorf("exit code %d, output %q", code, p.Output())
			}
		})
	}
}

// TestUsersStayOnlineWhileTheScriptIsUnusable replaces the script's file in several ways
// and reloads. When the file is back, the script loads.
func TestUsersStayOnlineWhileTheScriptIsUnusable(t *testing.T) {
	cases := map[string]func(t *testing.T, script string) (undo func()){
		"removed": func(t *testing.T, script string) func() { must(t, os.Remove(script)); return func() {} },
		"a folder": func(t *testing.T, script string) func() {
			must(t, os.Remove(script))
			must(t, os.Mkdir(script, 0o700))
			return func() { must(t, os.Remove(script)) }
		},
		"a link to itself": func(t *testing.T, script string) func() {
			must(t, os.Remove(script))
			must(t, os.Symlink(script, script))
			return func() { must(t, os.Remove(script)) }
		},
		"empty":   func(t *testing.T, script string) func() { write(t, script, ""); return func() {} },
		"garbage": func(t *testing.T, script string) func() { write(t, script, "\x7fELF\x00"); return func() {} },
		"an endless file": func(t *testing.T, script string) func() {
			must(t, os.Remove(script))
			must(t, os.Symlink("/dev/zero", script))
			return func() { must(t, os.Remove(script)) }
		},
		"a pipe": func(t *testing.T, script string) func() {
			must(t, os.Remove(script))
			must(t, syscall.Mkfifo(script, 0o600))
			return func() { must(t, os.Remove(script)) }
		},
		"another file, renamed to it": func(t *testing.T, script string) func() {
			write(t, script+".new", brokenScript)
			must(t, os.Rename(script+".new", script))
			return func() {}
		},
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := folder(t, versionScript("1"))
			script := filepath.Join(filepath.Dir(config), "script.lua")
			p, b := startUnder(t, config)
			u := b.Login("alice@localhost", "alice", "pw")
			u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)
			undo := spoil(t, script)
			_ = p.Signal(syscall.SIGHUP)
			p.awaitLog(t, "generation 1 keeps running")
			u.Say("b", "hello")
			u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(said("version 1, message 1")))
			undo()
			write(t, script, versionScript("2"))
			_ = p.Signal(syscall.SIGHUP)
			u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(said("reloaded 2")))
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestNoDescriptorsLeft opens connections in a script until the process has no descriptor
// left. The script receives an error, users are still served, and closing the connections
// frees descriptors.
func TestNoDescriptorsLeft(t *testing.T) {
	config := folder(t, `
local spectrum, net = require "spectrum", require "spectrum.net"
local on = {}
function on.login(session) session:connected() end
function on.conv_message(session, m)
  local answer = m.message
  if m.message == "exhaust" then
    local listener = assert(net.listen("127.0.0.1:0"))
    session.data.conns = {}
    repeat
      local conn, err = net.connect(listener.address)
      session.data.conns[#session.data.conns + 1] = conn
      answer = err
    until not conn
  elseif m.message == "free" then
    for _, conn in ipairs(session.data.conns) do conn:close() end
    answer = tostring(net.udp("127.0.0.1:0") ~= nil)
  end
  session:conv_message { buddy_name = "b", message = answer }
end
return on`)
	spectrum := simtest.Listen(t, simulator.Options{})
	args := append([]string{"-c", `ulimit -n 64; exec "$0" "$@"`, os.Args[0]}, spectrum.Args(config)...)
	var out bytes.Buffer
	cmd := exec.Command("/bin/sh", args...)
	cmd.Env = append(os.Environ(), beBackend+"=1", "GORACE=atexit_sleep_ms=0")
	cmd.Stderr = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill()
	b := spectrum.Accept()
	b.Ping()
	u := b.Login("alice@localhost", "alice", "pw")
	u.Say("b", "exhaust")
	u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(func(m *pb.ConversationMessage) bool {
		return strings.Contains(m.GetMessage(), "too many open files")
	}))
	bob := b.Login("bob@localhost", "bob", "pw")
	bob.Say("b", "hello")
	bob.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(said("hello")))
	_ = cmd.Process.Signal(syscall.SIGHUP) // a reload needs a descriptor, too
	b.Ping()
	u.Say("b", "free")
	u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, simulator.Match(said("true")))
	b.Exit()
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil || strings.Contains(out.String(), "panic") {
			t.Errorf("%v:\n%s", err, out.String())
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the backend does not stop")
	}
}
