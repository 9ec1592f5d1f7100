// Package examples_test has users use the examples, against peers that the
// tests play.
package examples_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
	"spectrumlua/pb"
	"spectrumlua/runtime/config"
)

const alice = "alice@localhost"

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start loads an example, with lines for its config.
func start(t *testing.T, name string, configLines ...string) *luatest.Fixture {
	t.Helper()
	script, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return luatest.Start(t, string(script), configLines...)
}

// TestConfigs reads each transport's config: its script is there, and nothing
// in it is doubtful.
func TestConfigs(t *testing.T) {
	files, err := filepath.Glob("*.cfg")
	if err != nil || len(files) < 5 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, file := range files {
		c, err := config.Load(file, config.Options{})
		if err != nil {
			t.Error(err)
			continue
		}
		settings, err := c.Settings()
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := os.Stat(settings.Script); err != nil {
			t.Error(err)
		}
		for _, warning := range c.Warnings() {
			t.Errorf("%s: %s", file, warning)
		}
	}
}

// server plays the made-up line protocol for one user.
type server struct {
	t        *testing.T
	listener net.Listener
	conn     net.Conn
	lines    *bufio.Scanner
}

func newServer(t *testing.T) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return &server{t: t, listener: listener}
}

func (s *server) accept() {
	s.t.Helper()
	conn, err := s.listener.Accept()
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = conn.Close() })
	s.conn, s.lines = conn, bufio.NewScanner(conn)
}

func (s *server) hears(line string) {
	s.t.Helper()
	if !s.lines.Scan() || s.lines.Text() != line {
		s.t.Fatalf("the server heard %q, want %q", s.lines.Text(), line)
	}
}

func (s *server) says(line string) { fmt.Fprintf(s.conn, "%s\r\n", line) }

func TestLines(t *testing.T) {
	s := newServer(t)
	st := start(t, "lines.lua", "[lines]", "server="+s.listener.Addr().String())
	st.Login(alice)
	s.accept()
	s.hears("LOGIN legacy hunter2")
	s.says("OK")
	st.Expect("connected", nil)
	s.says("ONLINE carol")
	var b pb.Buddy
	st.Expect("buddy_changed", &b)
	if b.GetBuddyName() != "carol" || b.GetStatus() != pb.StatusType_STATUS_TYPE_ONLINE {
		t.Errorf("got %v", &b)
	}
	s.says("FROM carol hello there")
	st.ExpectSaid("hello there")
	st.Say(alice, "carol", "two\nlines")
	s.hears("TO carol two")
	s.hears("TO carol lines")
	_ = s.conn.Close()
	st.ExpectSaid("The server is away: closed by the peer")
	s.accept()
	s.hears("LOGIN legacy hunter2")
	s.says("OK")
	st.Expect("connected", nil)
}

func TestLinesRefused(t *testing.T) {
	s := newServer(t)
	st := start(t, "lines.lua", "[lines]", "server="+s.listener.Addr().String())
	st.Login(alice)
	s.accept()
	s.hears("LOGIN legacy hunter2")
	s.says("NO wrong password")
	var d pb.Disconnected
	st.Expect("disconnected", &d)
	if d.GetError() != pb.ConnectionError_CONNECTION_ERROR_AUTHENTICATION_FAILED || d.GetMessage() != "wrong password" {
		t.Errorf("got %v", &d)
	}
}

func TestCommand(t *testing.T) {
	program := filepath.Join(t.TempDir(), "calculator")
	text := "#!/bin/sh\nwhile read -r line; do case $line in quit) exit 3;; bad) echo oops >&2;; *) set -f; expr $line;; esac; done\n"
	if err := os.WriteFile(program, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	st := start(t, "command.lua", "[command]", "program="+program)
	st.Login(alice)
	st.Expect("connected", nil)
	st.Say(alice, "calculator", "6 * 7")
	st.ExpectSaid("42")
	st.Say(alice, "calculator", "bad")
	st.ExpectSaid("Error: oops")
	st.Say(alice, "calculator", "quit")
	st.ExpectSaid("The program has ended: 3")
	st.Say(alice, "calculator", "1 + 1")
	st.ExpectSaid("2")
}

func TestCommandThatIsMissing(t *testing.T) {
	st := start(t, "command.lua", "[command]", "program=/nonexistent/program")
	st.Login(alice)
	var d pb.Disconnected
	st.Expect("disconnected", &d)
	if d.GetError() != pb.ConnectionError_CONNECTION_ERROR_INVALID_SETTINGS || !strings.Contains(d.GetMessage(), "no such file") {
		t.Errorf("got %v", &d)
	}
}
