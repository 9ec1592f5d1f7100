package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/internal/serve"
	"spectrumlua/runtime/gateway/component/componenttest"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

const servedJID = "live.localhost"

// servedScene is a transport of serve in this process, and its XMPP server.
type servedScene struct {
	*liveScene
	server *componenttest.Server
}

// openServe runs a transport of serve until the test ends.
func openServe(t *testing.T, script string) *servedScene {
	t.Helper()
	s := &servedScene{&liveScene{T: t, folder: t.TempDir()}, componenttest.New(t, servedJID, "componentsecret")}
	host, port, err := net.SplitHostPort(s.server.Listen(t))
	if err != nil {
		t.Fatal(err)
	}
	s.cfg = filepath.Join(s.folder, "live.cfg")
	s.write("live.lua", script)
	s.write("log.properties", "log4j.rootLogger=info, R\nlog4j.appender.R=org.apache.log4j.FileAppender\nlog4j.appender.R.File="+s.folder+"/log\n")
	s.write("live.cfg", "[service]\njid="+servedJID+"\npassword=componentsecret\nserver="+host+"\nport="+port+"\nworking_dir="+s.folder+
		"\n[logging]\nbackend_config="+s.folder+"/log.properties\n[database]\ntype=sqlite3\ndatabase="+s.folder+"/users.sqlite\n[lua]\nscript=live.lua\n")
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve.Run(ctx, serve.Options{Files: []string{s.cfg}}) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	if err := s.server.WaitLogin(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// receives sends a stanza of a user to the transport, or to a contact of it.
func (s *servedScene) receives(xml string) {
	s.Helper()
	if err := s.server.Send(strings.NewReplacer("TRANSPORT", servedJID).Replace(xml)); err != nil {
		s.Fatal(err)
	}
}

// sends waits for a stanza of the transport.
func (s *servedScene) sends(name, typ, from, to string) *xmltree.Node {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), time.Minute)
	defer cancel()
	n, err := s.server.Expect(ctx, func(n *xmltree.Node) bool {
		return n.Name == name && n.Get("type") == typ && jid.Bare(n.Get("from")) == from && jid.Bare(n.Get("to")) == to
	})
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(s.folder, "log"))
		s.Fatalf("%s from %s: %v\n%s", name, from, err, log)
	}
	return n
}

// online registers a user and logs them in.
func (s *servedScene) online(user string) {
	s.Helper()
	s.receives(`<iq type="set" id="r" from="` + user + `/x" to="TRANSPORT"><query xmlns="jabber:iq:register">` +
		`<username>legacy</username><password>hunter2hunter2</password></query></iq>`)
	s.sends("iq", "result", servedJID, user)
	s.receives(`<presence from="` + user + `/x" to="TRANSPORT"/>`)
	s.sends("presence", "", servedJID, user)
}

// writes sends a message to a contact, and waits for its echo.
func (s *servedScene) writes(user, text string) {
	s.Helper()
	s.receives(`<message type="chat" from="` + user + `/x" to="bob@TRANSPORT"><body>` + text + `</body></message>`)
	if n := s.sends("message", "chat", "bob@"+servedJID, user); stanza.ChildText(n, "", "body") != text {
		s.Fatalf("the echo of %q is %+v", text, n)
	}
}

// hides checks what no trace may show.
func (f *following) hides(texts ...string) {
	f.Helper()
	for _, text := range texts {
		if strings.Contains(f.text, text) {
			f.Errorf("the trace shows %q:\n%s", text, f.text)
		}
	}
}

const servedScript = `local on = {}
function on.login(session)
  session:connected()
  session:buddy_changed { buddy_name = "bob", status = "online" }
end
function on.conv_message(session, m)
  if m.message == "ask me" then m.message = session:ask { text = "The code:", secret = true } and "thanks" end
  session:conv_message(m)
end
return on
`

func TestTraceOfServeShowsBothDirections(t *testing.T) {
	s := openServe(t, servedScript)
	words, texts, frames := s.begin("trace", s.cfg), s.begin("trace", s.cfg, "--bodies", "--user", "alice@localhost"), s.begin("trace", s.cfg, "--frames")
	for _, f := range []*following{words, texts, frames} {
		f.until("tracing process")
	}
	s.online("alice@localhost")
	s.online("carol@localhost")
	s.writes("carol@localhost", "for carol")
	s.writes("alice@localhost", "my hunter2hunter2 is safe")
	at := `^\d\d:\d\d:\d\d\.\d{3} ` + fmt.Sprint(os.Getpid()) + " "
	for f, lines := range map[*following][]string{
		words: {
			"→ alice@localhost logs in as legacy", "← alice@localhost: You are connected.", "→ carol@localhost writes to bob: …",
			"← carol@localhost: <bob> …", "→ alice@localhost writes to bob: …", "← alice@localhost: <bob> …",
		},
		texts: {"→ alice@localhost writes to bob: my [*]+ is safe", "← alice@localhost: <bob> my [*]+ is safe"},
		frames: {
			`→ LOGIN alice@localhost legacy_name="legacy" password=[*]+`, "← CONNECTED alice@localhost", `→ CONV_MESSAGE alice@localhost buddy_name="bob" message="…"`,
			`← CONV_MESSAGE alice@localhost buddy_name="bob" message="…"`,
		},
	} {
		for _, line := range lines {
			f.until(at + line)
		}
		f.end(0)
		f.hides("hunter2", "componentsecret")
	}
	words.hides("for carol", "is safe")
	texts.hides("carol")
	frames.hides("for carol", "is safe")
}

func TestTraceShowsTheStanzasOfServe(t *testing.T) {
	s := openServe(t, servedScript)
	all, texts := s.begin("trace", s.cfg, "--xmpp"), s.begin("trace", s.cfg, "--xmpp", "--bodies", "--user", "alice@localhost")
	all.until("tracing process")
	texts.until("tracing process")
	s.online("alice@localhost")
	s.online("carol@localhost")
	s.writes("carol@localhost", "for carol")
	s.writes("alice@localhost", "hello and goodbye")
	// A question whose answer is a secret, and the answer.
	s.receives(`<message type="chat" from="alice@localhost/x" to="bob@TRANSPORT"><body>ask me</body></message>`)
	if n := s.sends("message", "chat", servedJID, "alice@localhost"); !strings.Contains(stanza.ChildText(n, "", "body"), "The code:") {
		t.Fatalf("the question is %+v", n)
	}
	s.receives(`<message type="chat" from="alice@localhost/x" to="TRANSPORT" id="a"><body>998877</body></message>`)
	if n := s.sends("message", "chat", "bob@"+servedJID, "alice@localhost"); stanza.ChildText(n, "", "body") != "thanks" {
		t.Fatalf("after the answer, bob sends %+v", n)
	}
	for f, lines := range map[*following][]string{
		all: {
			`→ <iq .*jabber:iq:register.*<password>[*…]+</password>`, `← <iq .*type="result"`, `← <presence .*from="bob@live.localhost`,
			`→ <message .*from="carol@localhost/x".*<body>…</body>`, `← <message .*to="carol@localhost".*<body.*>…</body>`,
			`→ <message .*from="alice@localhost/x".*<body>…</body>`, `← <message .*from="live.localhost".*<body.*>…</body>`,
		},
		texts: {
			`→ <iq .*jabber:iq:register.*<password>[*…]+</password>`, `→ <message .*<body>hello and goodbye</body>`, `← <message .*hello and goodbye`,
			`→ <message .*<body>ask me</body>`, `→ <message .* id="a"><body>…</body>`, `← <message .*thanks`,
		},
	} {
		for _, line := range lines {
			f.until(line)
		}
		f.end(0)
		f.hides("hunter2", "componentsecret", "handshake", "998877")
	}
	all.hides("for carol", "goodbye", "ask me", "thanks", "The code")
	texts.hides("carol", "The code")
	log, err := os.ReadFile(filepath.Join(s.folder, "log"))
	if err != nil || !strings.Contains(string(log), "an admin traces stanzas, with the texts that users write") {
		t.Errorf("the log does not tell who traces: %v\n%s", err, log)
	}
}

func TestTraceOfStanzasNeedsServe(t *testing.T) {
	s := openLive(t, echoScript)
	s.expect(1, ".*process .*this process has no stanzas: Spectrum is connected to the XMPP server.*use --frames instead of --xmpp.*", "trace", s.cfg, "--xmpp")
	s.expect(2, ".*use one of them.*", "trace", s.cfg, "--xmpp", "--frames")
}
