//go:build e2e

package e2e_test

import (
	"bufio"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"
)

const ngircdConfig = `
[Global]
	Name = irc.example.net
	Info = end-to-end tests
	Listen = 127.0.0.1
	Ports = %d
	MotdPhrase = hello
[Limits]
	MaxConnectionsIP = 0
[Options]
	DNS = no
	Ident = no
	PAM = no
`

// startIRC starts an IRC server beside the transport and returns its port.
func startIRC(t *testing.T, b *bed) int {
	t.Helper()
	port := freePort(t)
	b.write("ngircd.conf", fmt.Sprintf(ngircdConfig, port))
	b.helpers = append(b.helpers, b.start("ngircd", "ngircd", "-n", "-f", b.inside("ngircd.conf")))
	b.waitPort(port)
	return port
}

// An ircUser is a plain IRC client: what is on the other side of the transport.
type ircUser struct {
	t     *testing.T
	nick  string
	conn  net.Conn
	lines *bufio.Scanner
	said  []string
}

func joinIRC(t *testing.T, port int, nick, channel string) *ircUser {
	t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	u := &ircUser{t: t, nick: nick, conn: conn, lines: bufio.NewScanner(conn)}
	u.send("NICK %s", nick)
	u.send("USER %s 0 * :%s", nick, nick)
	u.wait(" 001 ")
	u.send("JOIN %s", channel)
	u.wait(" 366 ")
	return u
}

func (u *ircUser) send(format string, args ...any) {
	u.t.Helper()
	if _, err := fmt.Fprintf(u.conn, format+"\r\n", args...); err != nil {
		u.t.Fatal(err)
	}
}

// wait reads on to the next line that has the text in it.
func (u *ircUser) wait(text string) string {
	u.t.Helper()
	if err := u.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		u.t.Fatal(err)
	}
	for u.lines.Scan() {
		line := u.lines.Text()
		u.said = append(u.said, line)
		if token, ok := strings.CutPrefix(line, "PING "); ok {
			u.send("PONG %s", token)
		}
		if strings.Contains(line, text) {
			return line
		}
	}
	u.t.Fatalf("%s on IRC: no %q (%v) after\n%s", u.nick, text, u.lines.Err(), strings.Join(u.said, "\n"))
	return ""
}

// TestLibcommuni is the control experiment: Debian's own C++ backend for IRC on
// the same bed. When it fails, too, the fault is not with ours.
func TestLibcommuni(t *testing.T) {
	t.Parallel()
	b := prepareBed(t, bedConfig{inChroot: "/usr/libexec/spectrum2_libcommuni_backend"})
	port := startIRC(t, b)
	carol := joinIRC(t, port, "carol", "#room")
	b.config.service = fmt.Sprintf("irc_server=127.0.0.1:%d", port)
	b.configureSpectrum()
	b.startSpectrum()
	b.waitSpectrum()

	alice := b.client("alice")
	alice.online()
	room := "#room@" + b.jid
	alice.join(room, legacyName)
	alice.wait("carol is in the room", occupant(room, "carol"))
	carol.wait("JOIN :#room")
	alice.do(command{"do": "message", "to": room, "type": "groupchat", "body": "hello carol"})
	carol.wait("PRIVMSG #room :hello carol")
	alice.step("is answered")
	carol.send("PRIVMSG #room :hello ålice")
	said := alice.wait("carol answers", func(e event) bool {
		return e.Event == "message" && e.From == room+"/carol" && e.Body != ""
	})
	if said.Body != "hello ålice" {
		t.Errorf("carol said %q", said.Body)
	}
}
