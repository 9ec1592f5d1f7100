package main

import (
	"bufio"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

// ircServer accepts one client on a port of 127.0.0.1, lets it in, and sends each of its
// lines to the channel, which is closed when the client has gone.
func ircServer(t *testing.T) (address string, lines <-chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	c := make(chan string, 100)
	go func() {
		defer close(c)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		in := bufio.NewScanner(conn)
		for in.Scan() {
			line := in.Text()
			if strings.HasPrefix(line, "USER ") {
				_, _ = fmt.Fprint(conn, ":irc.example.net 001 alice :Welcome\r\n:irc.example.net 422 alice :No MOTD\r\n")
			}
			c <- line
		}
	}()
	return l.Addr().String(), c
}

func refused(text string) func(proto.Message) bool {
	return func(m proto.Message) bool {
		said := m.(*pb.ConversationMessage).GetMessage()
		return strings.HasPrefix(said, "Not sent: ") && strings.Contains(said, text) && strings.Contains(said, "was stopped for")
	}
}

// What waits in a process that is stopped, and in its sockets, is old when it wakes.
func TestStoppedProcessSendsNothingOldOnIRC(t *testing.T) {
	address, lines := ircServer(t)
	scripts, err := filepath.Abs("../../scripts/irc.lua")
	must(t, err)
	config := filepath.Join(t.TempDir(), "irc.cfg")
	write(t, config, "[service]\njid=irc.localhost\nworking_dir="+filepath.Dir(config)+
		"\n[lua]\nscript="+scripts+
		"\n[irc]\nserver="+address+"\nsasl=off\nidentify=\nflood_lines=1\nflood_seconds=4\nstop_limit=2\n")
	p, b := startUnder(t, config)
	u := b.Login("alice@localhost", "alice", "")
	u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)

	u.Say("dan", "first\nsecond")
	for line := range lines {
		if line == "PRIVMSG dan first" {
			break
		}
	}
	must(t, p.Signal(syscall.SIGSTOP))
	u.Say("dan", "third")
	time.Sleep(3 * time.Second) // This is how long the stop takes.
	must(t, p.Signal(syscall.SIGCONT))

	u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, refused("the transport"))
	u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, refused("1 line waited"))
	u.Logout("alice")
	for line := range lines {
		if strings.HasPrefix(line, "PRIVMSG ") {
			t.Errorf("the server got %q", line)
		}
	}
}
