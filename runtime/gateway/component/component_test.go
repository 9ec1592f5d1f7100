package component_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/gateway/component"
	"spectrumlua/runtime/xmltree"
)

func TestStanzasPassInBothDirections(t *testing.T) {
	inBubble(t, nil, func(tr *trial) {
		tr.send("hello &amp; <i xmlns='x'/>")
		tr.server.Send("<iq type='get' id='1' from='alice@example.org/x' to='" + jid + "'><query xmlns='jabber:iq:register'/></iq>" +
			"<message from='a@b'><body>hi</body><forwarded xmlns='f'><message xmlns='jabber:client'><body>in</body></message></forwarded></message>")
		want := `<iq type="get" id="1" from="alice@example.org/x" to="irc.example.org"><query xmlns="jabber:iq:register"/></iq>` +
			`<message from="a@b"><body>hi</body><forwarded xmlns="f"><message xmlns=""><body>in</body></message></forwarded></message>`
		if got := tr.take(); got != want {
			t.Errorf("handled %s", got)
		}
		all := tr.server.Stanzas()
		if len(all) != 1 || textOf(t, all[0]) != `<message from="bot@irc.example.org" to="alice@example.org"><body>hello &amp; <i xmlns="x"/></body></message>` {
			t.Errorf("the server received %d stanzas", len(all))
		}
	})
}

func TestSendRejectsWhatWouldEndTheStream(t *testing.T) {
	c := component.New(component.Options{JID: jid})
	cases := []struct{ name, stanza, want string }{
		{"no XML", "hello", "text outside of all elements"},
		{"not closed", "<message>", "is not closed"},
		{"two stanzas", message("a") + message("b"), "follows the outermost one"},
		{"the end of the stream", "</stream:stream>", "closes no element"},
		{"a document type", "<!DOCTYPE x><iq/>", "document types are not supported"},
		{"an unknown entity", message("&nbsp;"), "unknown entity"},
		{"a forbidden character", message("\x01"), "U+0001 is not allowed"},
		{"invalid UTF-8", message("\xff"), "not UTF-8"},
		{"another element", "<stream:features xmlns:stream='http://etherx.jabber.org/streams'/>", "is not that of stanzas"},
		{"no stanza", "<handshake/>", "is not a stanza"},
		{"another namespace", "<iq xmlns='jabber:server' from='irc.example.org' to='b'/>", "is not that of stanzas"},
		{"no recipient", "<iq from='irc.example.org'/>", "has no attribute to"},
		{"no sender", "<iq to='a'/>", "is not an address of irc.example.org"},
		{"another sender", "<iq to='a' from='a@example.org/irc.example.org'/>", "is not an address of irc.example.org"},
		{"too long", message(strings.Repeat("x", component.DefaultMaxSend)), "too long"},
		{"too deep", message(strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200)), "nested more than 100 deep"},
		{"a name that expat rejects", message("<\U00010400/>"), "letters beyond ASCII"},
		{"an attribute that expat rejects", message("<a \u0559='1'/>"), "letters beyond ASCII"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			if err := c.Send(tc.stanza); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%v, want %q", err, tc.want)
			}
		})
	}
	if c.Sent() != 0 {
		t.Error("a rejected stanza is queued")
	}
}

func TestLoginFailuresSayWhatToDo(t *testing.T) {
	cases := []struct {
		name     string
		refuse   string
		password string
		kind     error
		advice   string
	}{
		{"wrong password", "", "other", component.ErrSecret, `component_secret = "the value of [service] password"`},
		{"unknown component", "host-unknown", password, component.ErrUnknownHost, `then restart Prosody`},
		{"another process", "conflict", password, component.ErrConflict, "such as Spectrum 2"},
		{"a port for clients", "invalid-namespace", password, component.ErrProtocol, "usually 5347"},
		{"a server that shuts down", "system-shutdown", password, component.ErrStream, ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTrial(t, nil)
				tr.server.Refuse(tc.refuse)
				err := component.Check(t.Context(), component.Options{
					JID: jid, Password: tc.password, Address: "xmpp.test:5347", Dial: tr.server.Dial,
				})
				var e *component.Error
				if !errors.As(err, &e) || !errors.Is(err, tc.kind) || !strings.Contains(e.Advice(), tc.advice) || tc.advice == "" && e.Advice() != "" {
					t.Errorf("%v", err)
				}
				if e != nil && strings.Contains(e.Error()+e.Advice(), tc.password) {
					t.Errorf("the password is shown: %v %s", e, e.Advice())
				}
				tr.server.Close()
			})
		})
	}
}

// TestAdviceNamesAPortForComponents is about Prosody's line for the port, which only an
// unusual port needs.
func TestAdviceNamesAPortForComponents(t *testing.T) {
	for _, c := range []struct {
		cause             *component.Cause
		port              string
		unusual, ejabberd string // in the lines for Prosody and ejabberd
	}{
		{component.ErrSecret, "5347", "", "port: 5347"},
		{component.ErrSecret, "5348", "component_ports = { 5348 } -- above", "port: 5348"},
		{component.ErrProtocol, "5222", "", "port: 5347"},
	} {
		advice := (&component.Error{JID: jid, Address: "127.0.0.1:" + c.port, Cause: c.cause}).Advice()
		if strings.Contains(advice, "component_ports") != (c.unusual != "") || !strings.Contains(advice, c.unusual) || !strings.Contains(advice, c.ejabberd) ||
			!strings.Contains(advice, "Component \""+jid+"\"\n        component_secret") {
			t.Errorf("port %s: %s", c.port, advice)
		}
	}
}

func TestCheckReturnsNilAfterALogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrial(t, nil)
		if err := component.Check(t.Context(), component.Options{JID: jid, Password: password, Dial: tr.server.Dial}); err != nil {
			t.Error(err)
		}
		tr.server.Close()
	})
}

func TestReconnectSendsWhatWaitedInOrder(t *testing.T) {
	inBubble(t, nil, func(tr *trial) {
		tr.send("0")
		synctest.Wait()
		tr.server.Offline()
		synctest.Wait()
		for i := 1; i < 100; i++ {
			tr.send(fmt.Sprint(i))
		}
		time.Sleep(10 * time.Minute)
		if tr.log.lines() != 2 {
			t.Errorf("more than one line for an outage:\n%s", tr.log)
		}
		if dials := tr.server.Dials(); dials > 90 {
			t.Errorf("%d attempts in ten minutes", dials)
		}
		tr.server.Online()
		began := time.Now()
		tr.login()
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("connected again after %v", took)
		}
		got, repeated := tr.bodies()
		if len(got) != 100 || repeated != 0 {
			t.Errorf("%d messages, %d repeated", len(got), repeated)
		}
		for i, body := range got {
			if body != fmt.Sprint(i) {
				t.Fatalf("message %d is %s", i, body)
			}
		}
		if tr.log.lines() != 3 || !strings.Contains(tr.log.String(), "connected to the XMPP server again") {
			t.Errorf("log:\n%s", tr.log)
		}
	})
}

func TestCloseWritesTheQueueAndEndsTheStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrial(t, nil)
		tr.start()
		tr.login()
		for i := range 1000 {
			tr.send(fmt.Sprint(i))
		}
		tr.finish()
		if got, _ := tr.bodies(); len(got) != 1000 {
			t.Errorf("%d messages", len(got))
		}
		if err := tr.Send(message("late")); !errors.Is(err, component.ErrClosed) {
			t.Errorf("Send after Close: %v", err)
		}
		tr.Close(context.Background())
	})
}

func TestSendWorksAfterRunUntilClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := newTrial(t, nil)
		tr.start()
		tr.login()
		tr.cancel()
		if err := <-tr.done; err != nil {
			t.Error(err)
		}
		tr.send("bye")
		tr.Close(context.Background())
		if got, _ := tr.bodies(); len(got) != 1 {
			t.Errorf("%d messages", len(got))
		}
		tr.server.Close()
	})
}

func TestStanzaOverALimitIsAnsweredAndTheStreamContinues(t *testing.T) {
	cases := []struct{ name, payload string }{
		{"size of a text", "<body>" + strings.Repeat("x", 20000) + "</body>"},
		{"size of a tag", "<body x='" + strings.Repeat("'>", 0) + strings.Repeat("/>", 10000) + "'/>"},
		{"size of a CDATA section", "<body><![CDATA[" + strings.Repeat("]]</body>", 2000) + "]]]></body>"},
		{"depth", strings.Repeat("<a>", 200) + strings.Repeat("</a>", 200)},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			inBubble(t, func(_ *trial, o *component.Options) { o.MaxStanza = 10000 }, func(tr *trial) {
				tr.server.Send("<iq type='set' id='7' from='eve@example.org/x' to='irc.example.org'>" + tc.payload + "</iq><message from='a@b'/>")
				if got := tr.take(); got != `<message from="a@b"/>` {
					t.Errorf("handled %.200s\n%s", got, tr.log)
				}
				n, err := tr.server.Expect(tr.t.Context(), func(n *xmltree.Node) bool { return n.Get("id") == "7" })
				if err != nil || n.Get("type") != "error" || n.Get("to") != "eve@example.org/x" || n.Get("from") != jid {
					t.Errorf("answer: %v, %v", n, err)
				}
				if tr.server.Logins() != 1 {
					t.Error("the stream has ended")
				}
			})
		})
	}
}
