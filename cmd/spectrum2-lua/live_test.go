package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	socket "spectrumlua/luabind/backend"
	"spectrumlua/pb"
	"spectrumlua/runtime/admin"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/secret"
)

// liveScene is a running backend with an admin socket.
type liveScene struct {
	*testing.T
	*harness.Harness
	folder, cfg string
	log         *logging.Logger

	mu    sync.Mutex
	lines []string // of the backend's log
}

// logged returns the log of the backend.
func (s *liveScene) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.lines, "\n") + "\n"
}

// openLive starts a backend for a script, with more lines of the section [lua]. Its config is
// in the file cfg.
func openLive(t *testing.T, script string, lines ...string) *liveScene {
	t.Helper()
	silent, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	s := &liveScene{T: t, folder: t.TempDir(), log: logging.Open(logging.Options{Stderr: silent})}
	s.cfg = filepath.Join(s.folder, "live.cfg")
	s.write("live.lua", script)
	s.write("live.cfg", "[service]\njid = live.localhost\nworking_dir = "+s.folder+"\n[lua]\nscript = live.lua\n"+strings.Join(lines, "\n")+"\n")
	t.Cleanup(func() { _ = s.log.Close() })
	s.start()
	return s
}

// start starts a backend, also after Close.
func (s *liveScene) start() {
	s.Helper()
	h, err := harness.Open(s.Context(), harness.Options{
		Path: s.cfg, WorkingDir: s.folder,
		Admin:    &socket.Admin{Home: admin.HomeSpectrum, Logger: s.log},
		Secrets:  &secret.Known{},
		Spectrum: simulator.Options{},
		Log: func(l harness.Line) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.lines = append(s.lines, l.String())
		},
	})
	if err != nil {
		s.Fatal(err)
	}
	s.Harness = h
	s.Cleanup(func() { _ = h.Close() })
}

func (s *liveScene) write(name, text string) {
	s.Helper()
	if err := os.WriteFile(filepath.Join(s.folder, name), []byte(text), 0o600); err != nil {
		s.Fatal(err)
	}
}

// command runs a command and returns its exit code and its output, errors last.
func (s *liveScene) command(args ...string) (code int, output string) {
	var out, problems bytes.Buffer
	code = run(s.Context(), args, &out, &problems)
	return code, out.String() + problems.String()
}

// expect runs a command and compares its output with a regular expression.
func (s *liveScene) expect(code int, pattern string, args ...string) {
	s.Helper()
	got, output := s.command(args...)
	if matched := regexp.MustCompile(`(?s)\A` + pattern + `\z`).MatchString(output); got != code || !matched {
		s.Errorf("%s: exit code %d instead of %d, or not %s:\n%s", strings.Join(args, " "), got, code, pattern, output)
	}
}

// matches reports an error unless a part of the output matches a regular expression.
func (s *liveScene) matches(output, pattern string) {
	s.Helper()
	if !regexp.MustCompile(pattern).MatchString(output) {
		s.Errorf("the output does not match %s:\n%s", pattern, output)
	}
}

const liveScript = `local on = {}
function on.login(session) session:connected() end
function on.conv_message(session, m)
  session:conv_message(m)
  error("broken")
end
return on
`

func TestCommandsReachTheRunningProcess(t *testing.T) {
	s := openLive(t, liveScript)
	alice, err := s.Spectrum.Login("alice@localhost", "alice", "secret", nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := alice.Say("bob", "hello"); err != nil {
		t.Fatal(err)
	}
	if _, err := alice.Expect(t.Context(), pb.WrapperMessage_TYPE_CONV_MESSAGE, nil); err != nil {
		t.Fatal(err)
	}
	s.Scheduler().Do(func() {}) // the handler has ended
	pid := fmt.Sprint(os.Getpid())
	s.expect(0, `JID +PID +BY +VERSION +GEN +USERS +MEMORY +UPTIME +MSG/S +ERRORS +STATE
live.localhost +`+pid+` +spectrum +\S+ +1 +1 +[0-9.]+ MiB +\d+s +\d+\.\d +1 +ok
`, "ps", s.cfg)
	s.write("live.lua", liveScript+"-- changed\n")
	s.expect(0, "process "+pid+": live.lua is generation 2\n", "reload", s.cfg)
	s.write("live.lua", "x = = 1\n")
	s.expect(1, `spectrum2-lua: process \d+: live\.lua:1: .*`, "reload", s.cfg)
	s.expect(0, `.* +2 +1 .* +live\.lua:1: [^\n]*\n`, "ps", s.cfg)
	s.expect(0, "process "+pid+": the log level is debug\n", "log", s.cfg, "--level", "debug")
	if got := s.log.LevelName(); got != "debug" {
		t.Errorf("the level is %q", got)
	}
	s.expect(2, `spectrum2-lua: --level loud: debug, info, warn, error or config expected\n.*`, "log", s.cfg, "--level", "loud")
	s.expect(0, ".*the log level is config\n", "log", s.cfg, "--level", "config", "--pid", pid)
	if got := s.log.LevelName(); got != "" {
		t.Errorf("the level is %q", got)
	}
	s.expect(2, ".*name a level.*", "log", s.cfg)
	s.expect(1, ".*has no process 1; spectrum2-lua ps lists its processes\n", "reload", s.cfg, "--pid", "1")
	s.expect(1, ".*bob@localhost is not logged in\n", "kick", s.cfg, "bob@localhost")
	s.expect(0, "process "+pid+": alice@localhost is disconnected\n", "kick", s.cfg, "alice@localhost", "--reason", "maintenance")
	left, err := alice.Expect(t.Context(), pb.WrapperMessage_TYPE_DISCONNECTED, nil)
	var why pb.Disconnected
	if err == nil {
		err = proto.Unmarshal(left.Payload, &why)
	}
	if err != nil || why.GetMessage() != "maintenance" {
		t.Errorf("%v, %v", &why, err)
	}
}

// TestCommandsSayThatAProcessDoesNotAnswer has two processes: one answers, and the socket of the
// other one ends each connection.
func TestCommandsSayThatAProcessDoesNotAnswer(t *testing.T) {
	s := openLive(t, liveScript)
	const pid = 7
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: admin.Path(s.folder, "live.localhost", pid), Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	s.expect(1, `JID [^\n]*\nlive\.localhost [^\n]*\nspectrum2-lua: process 7 of live\.localhost: process 7 has ended[^\n]*\n`, "ps", s.cfg)
	s.expect(1, `spectrum2-lua: process 7: [^\n]*\n`, "top", s.cfg, "--once", "--pid", "7")
	s.expect(1, `spectrum2-lua: process 7: [^\n]*\n`, "kick", s.cfg, "bob@localhost")
	s.login("alice@localhost")
	s.expect(0, fmt.Sprintf("process %d: alice@localhost is disconnected\n", os.Getpid()), "kick", s.cfg, "alice@localhost")
}

func TestInterruptedCommandSaysOnlyThat(t *testing.T) {
	s := openLive(t, liveScript)
	ctx, interrupt := context.WithCancelCause(t.Context())
	interrupt(errors.New("interrupt signal received"))
	for _, command := range []string{"ps", "reload", "profile", "top"} {
		var out bytes.Buffer
		if code := run(ctx, []string{command, s.cfg}, &out, &out); code != exitFailed || out.String() != "spectrum2-lua: interrupted\n" {
			t.Errorf("%s: exit code %d:\n%s", command, code, &out)
		}
	}
}

// TestCommandsSayThatTheSocketIsClosedToThem runs as another user.
func TestCommandsSayThatTheSocketIsClosedToThem(t *testing.T) {
	s := openLive(t, liveScript)
	socket := admin.Path(s.folder, "live.localhost", os.Getpid())
	if os.Geteuid() == 0 {
		t.Skip("root may use all sockets")
	}
	if err := os.Chmod(socket, 0); err != nil {
		t.Fatal(err)
	}
	s.expect(1, `spectrum2-lua: process \d+: .*\.sock: permission denied; use this command as root or as the user of the process\n`, "trace", s.cfg)
}

func TestUsersAreNamedByTheirBareJIDs(t *testing.T) {
	s := openLive(t, liveScript)
	s.expect(2, `spectrum2-lua: --user alice@localhost/phone: a bare JID such as alice@localhost expected\n.*`, "trace", s.cfg, "--user", "alice@localhost/phone")
	s.expect(2, `spectrum2-lua: --user alice: a bare JID such as alice@example\.net expected\n.*`, "trace", s.cfg, "--user", "alice")
	s.expect(2, `spectrum2-lua: alice@localhost/phone: a bare JID such as alice@localhost expected\n.*`, "kick", s.cfg, "alice@localhost/phone")
}

func TestCommandsSayThatNoProcessRuns(t *testing.T) {
	s := openLive(t, liveScript)
	_ = s.Close()
	s.expect(0, `no process of live\.localhost runs \(live\.cfg\): there is no admin socket in .*; for .spectrum2-lua serve., look at its service\..*\n`, "ps", s.cfg)
	s.expect(1, `.*no process of live\.localhost runs \(live\.cfg\): there is no admin socket in .*`, "reload", s.cfg)
	empty := filepath.Join(s.folder, "empty.cfg")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s.expect(0, `empty\.cfg: \[service\] jid is not set, so no process can be found; name the config file of a transport\n`, "ps", empty)
	s.expect(1, `.*missing\.cfg.*does not exist.*`, "ps", filepath.Join(s.folder, "missing.cfg"))
}

func TestRateOfCountersThatStartAgain(t *testing.T) {
	at := time.Unix(1, 0)
	before := asked{admin.Process{Received: 100, Sent: 1000}, at}
	after := asked{admin.Process{Received: 110, Sent: 20}, at.Add(2 * time.Second)}
	if got := rate(before, after); got != 15 {
		t.Errorf("%v messages a second, want 15", got)
	}
	if got := rate(after, before); got != 0 {
		t.Errorf("%v messages a second in no time, want 0", got)
	}
}
