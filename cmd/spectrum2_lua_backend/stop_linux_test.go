package main

import (
	"bufio"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

// ircServer accepts one IRC client on a port of 127.0.0.1 and completes its login. It sends
// each of the client's lines to the channel, and closes the channel when the client leaves.
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

// refused reports whether a message says that a line was not sent because of a stop.
func refused(m proto.Message) bool {
	text := m.(*pb.ConversationMessage).GetMessage()
	return strings.HasPrefix(text, "Not sent: ") && strings.Contains(text, " was stopped for ")
}

// stop stops the process with SIGSTOP and waits until all its threads have stopped. kill(2)
// returns earlier, when threads can still read.
func stop(t *testing.T, p *program) {
	t.Helper()
	must(t, p.Signal(syscall.SIGSTOP))
	for {
		err := unix.Waitid(unix.P_PID, p.PID(), nil, unix.WSTOPPED|unix.WNOWAIT, nil)
		if err != unix.EINTR {
			must(t, err)
			return
		}
	}
}

// TestStoppedProcessSendsNothingOldOnIRC stops a process with SIGSTOP. When it continues,
// it must not send lines that have waited in it or in its sockets.
func TestStoppedProcessSendsNothingOldOnIRC(t *testing.T) {
	t.Parallel()
	// The second line may leave this long after the first one. The stop takes longer, so
	// that the line is due when the process continues.
	const interval = 5 * time.Second
	address, lines := ircServer(t)
	scripts, err := filepath.Abs("../../scripts/irc.lua")
	must(t, err)
	config := filepath.Join(t.TempDir(), "irc.cfg")
	write(t, config, "[service]\njid=irc.localhost\nworking_dir="+filepath.Dir(config)+
		"\n[lua]\nscript="+scripts+
		"\n[irc]\nserver="+address+"\nsasl=off\nidentify=\nflood_lines=1\nflood_seconds="+
		strconv.Itoa(int(interval.Seconds()))+"\nstop_limit=3\n")
	p, b := startUnder(t, config)
	u := b.Login("alice@localhost", "alice", "")
	u.Expect(pb.WrapperMessage_TYPE_CONNECTED, nil)

	u.Say("dan", "first\nsecond")
	for line := range lines {
		if line == "PRIVMSG dan first" {
			break
		}
	}
	stop(t, p)
	u.Say("dan", "third")
	time.Sleep(interval)
	must(t, p.Signal(syscall.SIGCONT))

	// Both lines are due, so either may be first.
	var reasons []string
	for range 2 {
		f := u.Expect(pb.WrapperMessage_TYPE_CONV_MESSAGE, refused)
		text := f.Message.(*pb.ConversationMessage).GetMessage()
		reason, _, _ := strings.Cut(strings.TrimPrefix(text, "Not sent: "), " was stopped for ")
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	if want := []string{"1 line waited while the transport", "the transport"}; !slices.Equal(reasons, want) {
		t.Errorf("the user receives %q, want %q", reasons, want)
	}
	u.Logout("alice")
	for line := range lines {
		if strings.HasPrefix(line, "PRIVMSG ") {
			t.Errorf("the server received %q", line)
		}
	}
}
