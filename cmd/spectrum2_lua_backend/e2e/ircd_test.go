//go:build e2e

package e2e_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// MaxPenaltyTime = 0 turns off flood control, because a scenario writes faster than people.
const ngircdConfig = `
[Global]
	Name = irc.example.net
	Info = end-to-end tests
	Listen = %s
	Ports = 6667
	MotdPhrase = hello
[Limits]
	MaxConnectionsIP = 0
	MaxNickLength = 20
	MaxPenaltyTime = 0
[Options]
	DNS = no
	Ident = no
	PAM = no
`

// An ircServer is an ngIRCd with its own address, because users name servers without a port.
type ircServer struct {
	bed     *bed
	host    string
	process *process
}

// startIRC starts an IRC server for the transport.
func startIRC(t *testing.T, b *bed) *ircServer {
	t.Helper()
	host := fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(250), 1+rand.IntN(250), 1+rand.IntN(250))
	s := &ircServer{bed: b, host: host}
	b.write("ngircd.conf", fmt.Sprintf(ngircdConfig, host))
	s.start()
	return s
}

func (s *ircServer) address() string { return net.JoinHostPort(s.host, "6667") }

func (s *ircServer) start() {
	s.bed.t.Helper()
	s.process = s.bed.start("ngircd", "ngircd", "-n", "-f", s.bed.inside("ngircd.conf"))
	s.bed.helpers = append(s.bed.helpers, s.process)
	s.bed.waitAddress(s.address())
}

func (s *ircServer) stop() {
	s.bed.t.Helper()
	if _, err := s.process.stop(patience); err != nil {
		s.bed.t.Fatal(err)
	}
}

// An ircUser is a plain IRC client on the network side of the transport.
type ircUser struct {
	bed  *bed
	nick string
	conn net.Conn

	mu    sync.Mutex
	news  chan struct{} // closed and replaced at each line
	lines []string
	ended bool
	from  int // the first line that wait considers
}

// user connects a client and waits for its login. It sends some lines first.
func (s *ircServer) user(nick string, first ...string) *ircUser {
	t := s.bed.t
	t.Helper()
	conn, err := net.Dial("tcp", s.address())
	if err != nil {
		t.Fatal(err)
	}
	u := &ircUser{bed: s.bed, nick: nick, conn: conn, news: make(chan struct{})}
	s.bed.ircUsers = append(s.bed.ircUsers, u)
	go u.read()
	for _, line := range first {
		u.send("%s", line)
	}
	u.send("NICK %s", nick)
	u.send("USER %s 0 * :%s", nick, nick)
	u.wait(" 001 ")
	return u
}

func (u *ircUser) read() {
	lines := bufio.NewScanner(u.conn)
	for lines.Scan() {
		line := lines.Text()
		if token, ok := strings.CutPrefix(line, "PING "); ok {
			fmt.Fprintf(u.conn, "PONG %s\r\n", token)
		}
		u.add(line, false)
	}
	u.add("-- the connection has ended --", true)
}

func (u *ircUser) add(line string, ended bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.lines, u.ended = append(u.lines, line), ended
	close(u.news)
	u.news = make(chan struct{})
}

func (u *ircUser) close() { _ = u.conn.Close() }

func (u *ircUser) send(format string, args ...any) {
	u.bed.t.Helper()
	line := fmt.Sprintf(format, args...)
	u.add("> "+line, false)
	if _, err := u.conn.Write([]byte(line + "\r\n")); err != nil {
		u.bed.t.Fatal(err)
	}
}

func (u *ircUser) join(channel string) {
	u.bed.t.Helper()
	u.send("JOIN %s", channel)
	u.wait(" 366 ", channel)
}

// step begins a new step: wait and seen consider only later lines.
func (u *ircUser) step() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.from = len(u.lines)
}

// wait returns the first line of this step from the server that contains all the texts.
func (u *ircUser) wait(texts ...string) string {
	u.bed.t.Helper()
	timeout := time.After(u.bed.patience)
	for {
		u.mu.Lock()
		news, ended := u.news, u.ended
		u.mu.Unlock()
		if found := u.seen(texts...); len(found) > 0 {
			return found[0]
		}
		if ended {
			u.bed.unmet("%s on IRC: the connection ended before %q came", u.nick, texts)
		}
		select {
		case <-news:
		case <-timeout:
			u.bed.unmet("%s on IRC: timed out after %v, waiting for %q", u.nick, u.bed.patience, texts)
		}
	}
}

// seen returns the lines of this step that contain all the texts.
func (u *ircUser) seen(texts ...string) []string {
	u.mu.Lock()
	defer u.mu.Unlock()
	var found []string
	for _, line := range u.lines[u.from:] {
		if !strings.HasPrefix(line, "> ") && hasAll(line, texts) {
			found = append(found, line)
		}
	}
	return found
}

func hasAll(line string, texts []string) bool {
	for _, text := range texts {
		if !strings.Contains(line, text) {
			return false
		}
	}
	return true
}

func (u *ircUser) transcript() string {
	u.mu.Lock()
	defer u.mu.Unlock()
	return strings.Join(u.lines, "\n")
}
