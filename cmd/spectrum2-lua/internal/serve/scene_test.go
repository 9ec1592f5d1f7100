package serve_test

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/internal/serve"
	"spectrumlua/runtime/gateway/component/componenttest"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

const (
	transport = "echo.serve.test"
	client    = "alice@localhost/desktop"
	patience  = time.Minute
)

// scene is a process with a transport, and its XMPP server.
type scene struct {
	t       *testing.T
	ctx     context.Context
	server  *componenttest.Server
	dir     string // of the config
	file    string // the config
	port    string // of the server
	hangups chan os.Signal
	advice  chan string
	stop    context.CancelFunc
	ended   chan error
}

// newScene writes the config of a transport with a script, and does not start it. lines are
// more lines of the config.
func newScene(t *testing.T, name, script, lines string) *scene {
	t.Helper()
	s := &scene{t: t, dir: t.TempDir(), hangups: make(chan os.Signal, 1), advice: make(chan string, 10), ended: make(chan error, 1)}
	var cancel context.CancelFunc
	s.ctx, cancel = context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	s.server = componenttest.New(t, name, "secret")
	host, port, err := net.SplitHostPort(s.server.Listen(t))
	if err != nil {
		t.Fatal(err)
	}
	s.port = port
	s.file = filepath.Join(s.dir, "a.cfg")
	s.write("script.lua", script)
	s.write("log.properties", "log4j.rootLogger=debug, R\nlog4j.appender.R=org.apache.log4j.FileAppender\nlog4j.appender.R.File="+s.dir+"/log\n")
	s.write("a.cfg", "[service]\njid="+name+"\npassword=secret\nserver="+host+"\nport="+port+"\nworking_dir="+s.dir+
		"\n[logging]\nbackend_config="+s.dir+"/log.properties"+
		"\n[database]\ntype=sqlite3\ndatabase="+s.dir+"/users.sqlite\n[lua]\nscript=script.lua\n"+lines)
	return s
}

func (s *scene) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// replace changes a file.
func (s *scene) replace(name, before, after string) {
	s.t.Helper()
	text := s.read(name)
	if !strings.Contains(text, before) {
		s.t.Fatalf("%s lacks %q", name, before)
	}
	s.write(name, strings.Replace(text, before, after, 1))
}

func (s *scene) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// logged waits for a line of the log.
func (s *scene) logged(text string) {
	s.t.Helper()
	for {
		log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
		if strings.Contains(string(log), text) {
			return
		}
		select {
		case <-s.ctx.Done():
			s.t.Fatalf("the log lacks %q:\n%s", text, log)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// start runs the transport, and others, until the test ends.
func (s *scene) start(others ...string) {
	var running context.Context
	running, s.stop = context.WithCancel(s.ctx)
	ended := make(chan error, 1)
	s.ended = ended
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		ended <- serve.Run(running, serve.Options{
			Files: append([]string{s.file}, others...), Hangups: s.hangups,
			Advise: func(text string) { s.advice <- text },
		})
	}()
	s.t.Cleanup(func() {
		s.stop()
		<-stopped
	})
}

// end stops the process and returns its error.
func (s *scene) end() error {
	s.t.Helper()
	s.stop()
	return s.result()
}

// result waits for the end of the process.
func (s *scene) result() error {
	s.t.Helper()
	select {
	case err := <-s.ended:
		return err
	case <-s.ctx.Done():
		s.t.Fatal("the process does not end")
		return nil
	}
}

// up waits until the transport is connected.
func (s *scene) up() {
	s.t.Helper()
	if err := s.server.WaitLogin(s.ctx); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) send(xml string) {
	s.t.Helper()
	if err := s.server.Send(xml); err != nil {
		s.t.Fatal(err)
	}
}

func (s *scene) expect(what string, match func(n *xmltree.Node) bool) *xmltree.Node {
	s.t.Helper()
	n, err := s.server.Expect(s.ctx, match)
	if err != nil {
		s.t.Fatalf("%s: %v", what, err)
	}
	return n
}

func (s *scene) register() {
	s.t.Helper()
	s.send(`<iq type="set" id="r1" from="` + client + `" to="` + transport + `"><query xmlns="jabber:iq:register"><username>bob</username><password>pw</password></query></iq>`)
	s.expect("the registration", from("iq", transport, "result"))
}

// online logs in a registered user.
func (s *scene) online() {
	s.t.Helper()
	s.send(`<presence from="` + client + `" to="` + transport + `"/>`)
	s.expect("the transport is online", from("presence", transport, ""))
}

func (s *scene) say(text string) {
	s.t.Helper()
	s.send(`<message type="chat" from="` + client + `" to="echo@` + transport + `"><body>` + text + `</body></message>`)
}

// answer waits for a message of the contact.
func (s *scene) answer(want string) {
	s.t.Helper()
	n := s.expect("the answer "+want, from("message", "echo@"+transport, "chat"))
	if got := stanza.ChildText(n, "", "body"); got != want {
		s.t.Errorf("the answer is %q instead of %q", got, want)
	}
}

func from(name, sender, typ string) func(n *xmltree.Node) bool {
	return func(n *xmltree.Node) bool {
		return n.Name == name && jid.Bare(stanza.Attr(n, "from")) == sender && stanza.Attr(n, "type") == typ
	}
}

// echo is a script that answers with a word of the config before the text.
const echo = `
local prefix = require("spectrum.config").get("mine.prefix", "you said ")
local on = {}
function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "echo", status = "online" }
end
function on.conv_message(session, m)
  session:conv_message { buddy_name = m.buddy_name, message = prefix .. m.message }
end
return on
`

// socket is systemd's side of sd_notify.
type socket struct {
	t     *testing.T
	mu    sync.Mutex
	lines []string
	more  chan struct{}
}

// listen makes this process one that systemd has started.
func listen(t *testing.T) *socket {
	t.Helper()
	dir, err := os.MkdirTemp("", "notify") // short enough for the address of a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	path := filepath.Join(dir, "s")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("NOTIFY_SOCKET", path)
	s := &socket{t: t, more: make(chan struct{}, 1000)}
	done := make(chan struct{})
	t.Cleanup(func() { _ = conn.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 64<<10)
		for {
			n, err := conn.Read(buf)
			if err != nil {
				return
			}
			s.mu.Lock()
			s.lines = append(s.lines, strings.Split(string(buf[:n]), "\n")...)
			s.mu.Unlock()
			s.more <- struct{}{}
		}
	}()
	return s
}

// wait returns the next variable that begins with a text, and forgets those before it.
func (s *socket) wait(ctx context.Context, begin string) string {
	s.t.Helper()
	var skipped []string
	for {
		s.mu.Lock()
		for len(s.lines) > 0 {
			line := s.lines[0]
			s.lines = s.lines[1:]
			if strings.HasPrefix(line, begin) {
				s.mu.Unlock()
				return line
			}
			skipped = append(skipped, line)
		}
		s.mu.Unlock()
		select {
		case <-s.more:
		case <-ctx.Done():
			s.t.Fatalf("systemd does not receive %q, but %q", begin, skipped)
		}
	}
}
