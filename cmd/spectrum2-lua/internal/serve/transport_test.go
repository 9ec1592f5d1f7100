package serve_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"spectrumlua/cmd/spectrum2-lua/internal/serve"
	"spectrumlua/runtime/gateway/claim"
	"spectrumlua/runtime/gateway/component"
	"spectrumlua/runtime/gateway/component/componenttest"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/xmltree"
)

const (
	transport = "echo.serve.test"
	client    = "alice@localhost/desktop"
	patience  = 20 * time.Second
)

// configFor writes the config of an echo transport on a server, and returns its path.
func configFor(t *testing.T, address string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("../../../../scripts/echo.lua")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "echo.cfg")
	text := "[service]\njid=" + transport + "\npassword=secret\nserver=" + host + "\nport=" + port + "\nworking_dir=" + dir +
		"\n[database]\ntype=sqlite3\ndatabase=" + filepath.Join(dir, "users.sqlite") + "\n[lua]\nscript=" + script + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestEcho registers a user, writes to the contact of scripts/echo.lua, and restarts the
// transport.
func TestEcho(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	server := componenttest.New(t, transport, "secret")
	file := configFor(t, server.Listen(t))
	send := func(xml string) {
		t.Helper()
		if err := server.Send(xml); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what string, match func(n *xmltree.Node) bool) *xmltree.Node {
		t.Helper()
		n, err := server.Expect(ctx, match)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		return n
	}
	from := func(name, sender, typ string) func(n *xmltree.Node) bool {
		return func(n *xmltree.Node) bool {
			return n.Name == name && jid.Bare(stanza.Attr(n, "from")) == sender && stanza.Attr(n, "type") == typ
		}
	}
	for round := range 2 {
		running, stop := context.WithCancel(ctx)
		tr, err := serve.Open(running, file)
		if err != nil {
			t.Fatal(err)
		}
		ended := make(chan error)
		go func() { ended <- tr.Run(running) }()
		if err := server.WaitLogin(ctx); err != nil {
			t.Fatal(err)
		}
		if _, err := serve.Open(running, file); !errors.As(err, new(*claim.TakenError)) {
			t.Errorf("a second process for the same JID: %v", err)
		}
		if round == 0 {
			send(`<iq type="set" id="r1" from="` + client + `" to="` + transport + `"><query xmlns="jabber:iq:register"><username>bob</username><password>pw</password></query></iq>`)
			expect("the registration", from("iq", transport, "result"))
		}
		send(`<presence from="` + client + `" to="` + transport + `"/>`)
		expect("the transport is online", from("presence", transport, ""))
		expect("echo is online", from("presence", "echo@"+transport, ""))
		send(`<message type="chat" from="` + client + `" to="echo@` + transport + `"><body>hello</body></message>`)
		if n := expect("the echo", from("message", "echo@"+transport, "chat")); stanza.ChildText(n, "", "body") != "hello" {
			t.Errorf("the echo: %+v", n)
		}
		stop()
		expect("echo goes offline", from("presence", "echo@"+transport, "unavailable"))
		expect("the transport goes offline", from("presence", transport, "unavailable"))
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
		if err := tr.Close(); err != nil {
			t.Fatal(err)
		}
		if err := server.WaitLogout(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWrongSecretEndsTheFirstAttempt(t *testing.T) {
	server := componenttest.New(t, transport, "another secret")
	tr, err := serve.Open(t.Context(), configFor(t, server.Listen(t)))
	if err != nil {
		t.Fatal(err)
	}
	if err := tr.Run(t.Context()); !errors.Is(err, component.ErrSecret) {
		t.Errorf("Run: %v", err)
	}
	if err := tr.Close(); err != nil {
		t.Error(err)
	}
}
