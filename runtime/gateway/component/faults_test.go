package component_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/gateway/component"
	"spectrumlua/runtime/xmltree"
)

// header and loggedIn are what a server sends until the component is logged in.
const (
	header   = "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'>"
	loggedIn = header + "<handshake/>"
)

// says returns a Dial to a server that sends a text in pieces and ignores its input.
func says(text string, piece int) func(context.Context, string) (net.Conn, error) {
	return dialRaw(func(c net.Conn) {
		go func() {
			buf := make([]byte, 1024)
			for {
				if _, err := c.Read(buf); err != nil {
					return
				}
			}
		}()
		for len(text) > 0 {
			n := min(piece, len(text))
			if _, err := c.Write([]byte(text[:n])); err != nil {
				break
			}
			text = text[n:]
		}
		c.Close()
	})
}

// result runs a component against a Dial until it is down or cannot log in. It returns
// the handled stanzas and the error.
func result(t *testing.T, dial func(context.Context, string) (net.Conn, error)) (string, error) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var handled strings.Builder
	var down error
	c := component.New(component.Options{
		JID: jid, Password: password, Address: "xmpp.test:5347", Dial: dial, FirstFailed: func(error) bool { return true }, MaxStanza: 1 << 20,
		Handle: func(_ context.Context, n *xmltree.Node) { handled.WriteString(textOf(t, n)) },
		Down: func(err error) {
			down = err
			cancel()
		},
	})
	err := c.Run(ctx)
	c.Close(t.Context())
	return handled.String(), errors.Join(down, err)
}

func TestStreamsThatEndTheConnection(t *testing.T) {
	const stanza = "<presence from='a@b'/>"
	handled := `<presence from="a@b"/>`
	cases := []struct {
		name, text string
		handled    string
		kind       error
		text2      string // in the error
	}{
		{"not well-formed", loggedIn + stanza + "<a></b>", handled, component.ErrMalformed, "<a> is closed by </b>"},
		{"invalid UTF-8", loggedIn + stanza + "<message><body>\xff</body></message>", handled, component.ErrMalformed, "not UTF-8"},
		{"a control character", loggedIn + stanza + "<message>\x00</message>", handled, component.ErrMalformed, "U+0000"},
		{"an unknown entity", loggedIn + stanza + "<message>&x;</message>", handled, component.ErrMalformed, "unknown entity"},
		{"a document type", loggedIn + stanza + "<!DOCTYPE x [<!ENTITY a 'b'>]>", handled, component.ErrMalformed, "document types"},
		{"a comment", loggedIn + stanza + "<message><!-- x --></message>", handled, component.ErrMalformed, "comment"},
		{"a processing instruction", loggedIn + stanza + "<?php ?>", handled, component.ErrMalformed, "processing instruction"},
		{"a second XML declaration", loggedIn + stanza + "<?xml version='1.0'?>", handled, component.ErrMalformed, "processing instruction"},
		{"text between stanzas", loggedIn + stanza + "hello", handled, component.ErrMalformed, "outside of all elements"},
		{"an undeclared prefix", loggedIn + stanza + "<x:message/>", handled, component.ErrMalformed, "not declared"},
		{"the end of the stream", loggedIn + stanza + "</stream:stream>", handled, component.ErrEnded, ""},
		{"what follows the end", loggedIn + stanza + "</stream:stream>" + stanza, handled, component.ErrEnded, ""},
		{"an end inside a stanza", loggedIn + stanza + "<message><bo", handled, component.ErrEnded, ""},
		{"an error of the stream", loggedIn + stanza + "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>too \n big</text></stream:error></stream:stream>", handled, component.ErrStream, "(policy-violation: too big)"},
		{"another server", loggedIn + "<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>evil.example</see-other-host></stream:error>", "", component.ErrStream, "(see-other-host)"},
		{"an error without a condition", loggedIn + "<stream:error/>", "", component.ErrStream, "(undefined-condition)"},
		{"elements that are no stanzas", loggedIn + "<stream:features/><r xmlns='urn:xmpp:sm:3'/>" + stanza, handled, component.ErrEnded, ""},
		{"blanks", loggedIn + " \n" + stanza + "  ", handled, component.ErrEnded, ""},
		{"an error at the login", header + "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>", "", component.ErrUnknownHost, ""},
		{"a stanza at the login", header + stanza, "", component.ErrProtocol, ""},
		{"a stream for clients", "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'><stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>", "", component.ErrProtocol, ""},
		{"no stream", "<html/>", "", component.ErrProtocol, ""},
		{"HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", "", component.ErrProtocol, ""},
		{"nothing", "", "", component.ErrEnded, ""},
		{"an end at the login", header, "", component.ErrEnded, ""},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			for _, piece := range []int{1, 7, 1 << 20} {
				synctest.Test(t, func(t *testing.T) {
					got, err := result(t, says(tc.text, piece))
					var e *component.Error
					if got != tc.handled || !errors.Is(err, tc.kind) || !errors.As(err, &e) || !strings.Contains(e.Error(), tc.text2) {
						t.Errorf("in pieces of %d: %v, handled %s", piece, err, got)
					}
				})
			}
		})
	}
}

func TestStanzaOf512KiBArrivesByteByByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		body := strings.Repeat("ä&lt;", 512<<10/6)
		got, _ := result(t, says(loggedIn+"<message><body>"+body+"</body></message>", 1))
		if got != "<message><body>"+body+"</body></message>" {
			t.Errorf("handled %d bytes", len(got))
		}
	})
}

func TestServerThatDoesNotAnswerTheLogin(t *testing.T) {
	for name, text := range map[string]string{"nothing": "", "a header": header, "half a header": header[:50]} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				_, err := result(t, dialRaw(func(c net.Conn) {
					go c.Write([]byte(text))
					buf := make([]byte, 1024)
					for {
						if _, err := c.Read(buf); err != nil {
							return
						}
					}
				}))
				if !errors.Is(err, component.ErrTimeout) || time.Since(began) != component.DefaultLoginTimeout {
					t.Errorf("after %v: %v", time.Since(began), err)
				}
			})
		})
	}
}

func TestServerThatDoesNotReadTheLogin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ours, theirs := net.Pipe()
		_, err := result(t, func(context.Context, string) (net.Conn, error) { return theirs, nil })
		if !errors.Is(err, component.ErrTimeout) || time.Since(began) != component.DefaultLoginTimeout {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
		ours.Close()
	})
}

func TestQuietServerIsAskedForLife(t *testing.T) {
	inBubble(t, nil, func(tr *trial) {
		time.Sleep(24 * time.Hour)
		if tr.server.Logins() != 1 {
			t.Errorf("%d logins in a quiet day\n%s", tr.server.Logins(), tr.log)
		}
	})
}

func TestStalledServerIsLeft(t *testing.T) {
	for _, busy := range []bool{false, true} {
		t.Run(fmt.Sprint("busy ", busy), func(t *testing.T) {
			inBubble(t, nil, func(tr *trial) {
				tr.server.Stall(true)
				began := time.Now()
				for i := 0; tr.Connected(); i++ {
					if busy {
						tr.send(fmt.Sprint(i))
					}
					time.Sleep(time.Second)
				}
				if took := time.Since(began); took > 2*time.Minute {
					t.Errorf("left after %v", took)
				}
				synctest.Wait()
				if events := tr.seen(); !strings.Contains(events, "does not answer") {
					t.Errorf("events: %s", events)
				}
				sent := int(tr.Sent())
				tr.server.Stall(false)
				tr.login()
				if got, _ := tr.bodies(); len(got) != sent {
					t.Errorf("%d of %d messages arrived", len(got), sent)
				}
			})
		})
	}
}

// TestStalledServerIsLeftWithoutAnAnswer has a connection that breaks after something has arrived
// since the last ping, but not its answer.
func TestStalledServerIsLeftWithoutAnAnswer(t *testing.T) {
	for _, answered := range []bool{false, true} {
		t.Run(fmt.Sprint("earlier pings were answered ", answered), func(t *testing.T) {
			inBubble(t, nil, func(tr *trial) {
				tr.server.Mute(!answered)
				tr.send("0")
				time.Sleep(time.Second)
				tr.server.Mute(true)
				tr.send("1")
				time.Sleep(time.Second)
				tr.server.Send("<presence from='a@b'/>")
				time.Sleep(time.Second)
				tr.server.Stall(true)
				time.Sleep(2 * time.Minute)
				if tr.Connected() {
					t.Error("the component waits for ever")
				}
				tr.server.Mute(false)
				tr.server.Stall(false)
				tr.login()
				if got, _ := tr.bodies(); len(got) != 2 {
					t.Errorf("%d of 2 messages arrived", len(got))
				}
			})
		})
	}
}

// TestLostPingIsRepeated has a server that loses a ping and keeps sending: the stanzas before the
// ping are confirmed later.
func TestLostPingIsRepeated(t *testing.T) {
	for _, every := range []time.Duration{time.Second, 10 * time.Second} {
		t.Run(fmt.Sprint("something arrives every ", every), func(t *testing.T) {
			inBubble(t, nil, func(tr *trial) {
				tr.server.Mute(true)
				tr.send("0")
				time.Sleep(time.Second)
				tr.server.Mute(false)
				for range time.Minute / every {
					tr.server.Send("<presence from='a@b'/>")
					time.Sleep(every)
				}
				tr.server.Disconnect()
				time.Sleep(time.Minute)
				if got, repeated := tr.bodies(); len(got) != 1 || repeated > 0 || tr.server.Logins() != 2 {
					t.Errorf("%d messages, %d repeated, %d logins\n%s", len(got), repeated, tr.server.Logins(), tr.log)
				}
			})
		})
	}
}

// TestWriterFailsWhileHandleWaitsForCapacity has a server that stops reading during a flood, while
// what has arrived waits for capacity.
func TestWriterFailsWhileHandleWaitsForCapacity(t *testing.T) {
	for _, stalls := range []bool{false, true} {
		t.Run(fmt.Sprint("stalls ", stalls), func(t *testing.T) {
			inBubble(t, func(tr *trial, o *component.Options) {
				o.MaxQueue = 64 << 10
				tr.handle = func(ctx context.Context, _ *xmltree.Node) {
					for tr.Full() && tr.WaitCapacity(ctx) == nil {
					}
				}
			}, func(tr *trial) {
				tr.server.Stall(true)
				for range 10 {
					tr.send(strings.Repeat("x", 30<<10))
				}
				synctest.Wait()
				tr.server.Send("<presence from='a@b'/>")
				synctest.Wait()
				if !stalls {
					tr.server.Disconnect()
				}
				tr.server.Stall(stalls)
				time.Sleep(5 * time.Minute)
				tr.server.Stall(false)
				time.Sleep(time.Minute)
				if n := tr.server.Logins(); n < 2 {
					t.Errorf("%d logins, connected: %v\n%s", n, tr.Connected(), tr.log)
				}
			})
		})
	}
}

// TestAnswerBehindSlowStanzas has a server whose answers wait behind stanzas that take long.
func TestAnswerBehindSlowStanzas(t *testing.T) {
	for _, each := range []time.Duration{10 * time.Second, 35 * time.Second} {
		t.Run(fmt.Sprint(each), func(t *testing.T) {
			inBubble(t, func(tr *trial, _ *component.Options) {
				tr.handle = func(_ context.Context, n *xmltree.Node) {
					if n.Name == "message" {
						time.Sleep(each)
					}
				}
			}, func(tr *trial) {
				for range 2 * time.Minute / each * 2 {
					tr.server.Send("<message from='a@b'><body>" + strings.Repeat("x", 40<<10) + "</body></message>")
				}
				time.Sleep(time.Second)
				tr.send("0")
				time.Sleep(130 * time.Second)
				tr.server.Stall(true)
				tr.send("1")
				synctest.Wait()
				tr.server.Disconnect()
				tr.server.Stall(false)
				time.Sleep(10 * time.Minute)
				tr.login()
				if got, _ := tr.bodies(); !slices.Equal(got, []string{"0", "1"}) {
					t.Errorf("the server has %q", got)
				}
				if strings.Contains(tr.log.String(), "does not answer") {
					t.Errorf("a server that answers at once is blamed:\n%s", tr.log)
				}
			})
		})
	}
}

// TestStanzaThatIsBeingWrittenIsNotConfirmed has a server that answers no ping, and stops reading
// while a stanza is written.
func TestStanzaThatIsBeingWrittenIsNotConfirmed(t *testing.T) {
	inBubble(t, func(_ *trial, o *component.Options) { o.WriteTimeout = 3 * time.Minute }, func(tr *trial) {
		tr.server.Mute(true)
		tr.send("0")
		for range 88 {
			tr.server.Send("<presence from='a@b'/>")
			time.Sleep(time.Second)
		}
		tr.server.Stall(true)
		synctest.Wait()
		long := strings.Repeat("x", 100_000)
		tr.send(long)
		for range 20 {
			tr.server.Send("<presence from='a@b'/>")
			time.Sleep(time.Second)
		}
		tr.server.Disconnect()
		tr.server.Mute(false)
		tr.server.Stall(false)
		time.Sleep(5 * time.Minute)
		if got, _ := tr.bodies(); !slices.Contains(got, long) {
			t.Errorf("the stanza is lost\n%s", tr.log)
		}
	})
}

func TestSlowHandleIsNotASilentServer(t *testing.T) {
	inBubble(t, func(tr *trial, _ *component.Options) {
		tr.handle = func(context.Context, *xmltree.Node) { time.Sleep(10 * time.Minute) }
	}, func(tr *trial) {
		for i := range 3 {
			tr.server.Send("<presence from='a@b'/>")
			tr.send(fmt.Sprint(i))
		}
		time.Sleep(time.Hour)
		if tr.server.Logins() != 1 {
			t.Errorf("the component has logged in %d times\n%s", tr.server.Logins(), tr.log)
		}
	})
}

func TestServerThatIgnoresPings(t *testing.T) {
	for _, every := range []time.Duration{time.Second, 10 * time.Second} {
		t.Run(fmt.Sprint("something arrives every ", every), func(t *testing.T) {
			inBubble(t, nil, func(tr *trial) {
				tr.server.Mute(true)
				for i := range 100 {
					tr.send(fmt.Sprint(i))
					for range 10 * time.Second / every {
						tr.server.Send("<presence from='a@b'/>")
						time.Sleep(every)
					}
				}
				tr.server.Disconnect()
				time.Sleep(time.Minute)
				if got, repeated := tr.bodies(); len(got) != 100 || repeated > 0 || tr.server.Logins() != 2 {
					t.Errorf("%d messages, %d repeated, %d logins\n%s", len(got), repeated, tr.server.Logins(), tr.log)
				}
				if n := strings.Count(tr.log.String(), "does not answer pings"); n != 1 {
					t.Errorf("%d warnings in the log:\n%s", n, tr.log)
				}
				tr.server.Stall(true)
				time.Sleep(2 * time.Minute)
				if tr.Connected() {
					t.Error("the component does not leave it when it is stalled")
				}
				tr.server.Stall(false)
				tr.login()
			})
		})
	}
}

func TestUnconfirmedStanzasAreSentAgain(t *testing.T) {
	inBubble(t, nil, func(tr *trial) {
		tr.send("confirmed")
		synctest.Wait()
		tr.server.Mute(true)
		tr.send("a")
		tr.send("b")
		synctest.Wait()
		tr.server.Disconnect()
		tr.server.Mute(false)
		synctest.Wait()
		tr.send("c")
		time.Sleep(time.Second)
		tr.login()
		got, repeated := tr.bodies()
		if !slices.Equal(got, []string{"confirmed", "a", "b", "c"}) || repeated != 2 {
			t.Errorf("%q, %d repeated", got, repeated)
		}
		if !strings.Contains(tr.log.String(), "sent_again=2") {
			t.Errorf("log:\n%s", tr.log)
		}
	})
}

func TestConfirmedStanzasAreNotSentAgain(t *testing.T) {
	inBubble(t, nil, func(tr *trial) {
		for i := range 1000 {
			tr.send(fmt.Sprint(i))
			if i%100 == 99 {
				time.Sleep(30 * time.Millisecond) // a ping is due
				tr.server.End("system-shutdown")
				time.Sleep(20 * time.Second)
			}
		}
		got, repeated := tr.bodies()
		if len(got) != 1000 || repeated != 0 || tr.server.Logins() != 11 {
			t.Errorf("%d messages, %d repeated, %d logins", len(got), repeated, tr.server.Logins())
		}
	})
}

func TestStanzaThatEndsEachConnectionIsDropped(t *testing.T) {
	for name, end := range map[string]string{"without a word": "", "with an error": "invalid-xml"} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, nil, func(tr *trial) {
				tr.server.OnStanza(func(n *xmltree.Node) {
					switch {
					case !strings.Contains(textOf(t, n), "poison"):
					case end == "":
						tr.server.Disconnect()
					default:
						tr.server.End(end)
					}
				})
				for i := range 50 {
					tr.send(fmt.Sprint(i))
				}
				tr.send("poison")
				for i := range 50 {
					tr.send(fmt.Sprint(50 + i))
				}
				time.Sleep(5 * time.Minute)
				if got, _ := tr.bodies(); len(got) != 101 || !tr.Connected() {
					t.Errorf("%d messages arrived, connected: %v\n%s", len(got), tr.Connected(), tr.log)
				}
				if logins := tr.server.Logins(); logins > 4 {
					t.Errorf("%d logins", logins)
				}
				if !strings.Contains(tr.log.String(), "refused=1") {
					t.Errorf("log:\n%s", tr.log)
				}
			})
		})
	}
}

func TestFullQueueHoldsBackSenders(t *testing.T) {
	inBubble(t, func(_ *trial, o *component.Options) { o.MaxQueue = 100_000 }, func(tr *trial) {
		tr.server.Stall(true)
		synctest.Wait()
		n := 0
		for ; !tr.Full(); n++ {
			tr.send(fmt.Sprint(n))
		}
		if n < 500 || n > 3000 {
			t.Errorf("full after %d messages", n)
		}
		if queued := tr.Queued(); queued < 100_000 || queued > 200_000 {
			t.Errorf("%d bytes are queued", queued)
		}
		ctx, cancel := context.WithTimeout(tr.t.Context(), time.Second)
		defer cancel()
		if err := tr.WaitCapacity(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("WaitCapacity: %v", err)
		}
		tr.server.Stall(false)
		if err := tr.WaitCapacity(tr.t.Context()); err != nil || tr.Full() {
			t.Errorf("WaitCapacity: %v, full: %v", err, tr.Full())
		}
		// The end of the connection releases waiting senders, too.
		tr.server.Stall(true)
		synctest.Wait()
		for ; !tr.Full(); n++ {
			tr.send(fmt.Sprint(n))
		}
		if err := tr.WaitCapacity(tr.t.Context()); err != nil {
			t.Errorf("WaitCapacity: %v", err)
		}
		tr.server.Stall(false)
		tr.login()
		if got, _ := tr.bodies(); len(got) != n {
			t.Errorf("%d of %d messages", len(got), n)
		}
		synctest.Wait()
		if queued := tr.Queued(); queued != 0 {
			t.Errorf("%d bytes are still queued", queued)
		}
	})
}

func TestBacklogDropsTheOldest(t *testing.T) {
	inBubble(t, func(_ *trial, o *component.Options) { o.MaxBacklog = 1 << 20 }, func(tr *trial) {
		tr.server.Offline()
		synctest.Wait()
		const sent = 50_000
		for i := range sent {
			tr.send(fmt.Sprint(i))
			if tr.Full() {
				t.Fatal("full without a connection")
			}
		}
		tr.server.Online()
		tr.login()
		got, _ := tr.bodies()
		if size := len(got) * len(message("12345")); size > 1<<20 || size < 1<<20-100_000 || got[len(got)-1] != fmt.Sprint(sent-1) {
			t.Errorf("%d messages, %d bytes, the last is %s", len(got), size, got[len(got)-1])
		}
		if n := tr.Dropped(); n != uint64(sent-len(got)) {
			t.Errorf("%d stanzas count as dropped, not %d", n, sent-len(got))
		}
		if want := fmt.Sprintf("dropped=%d ", sent-len(got)); !strings.Contains(tr.log.String(), want) {
			t.Errorf("log:\n%s, want %s", tr.log, want)
		}
	})
}

// TestDropsWithAConnectionAreLoggedAtOnce has a server that reads nothing, and senders that do
// not wait.
func TestDropsWithAConnectionAreLoggedAtOnce(t *testing.T) {
	inBubble(t, func(_ *trial, o *component.Options) { o.MaxBacklog = 1 << 20 }, func(tr *trial) {
		tr.server.Stall(true)
		synctest.Wait()
		for range 50_000 {
			tr.send("x")
		}
		if tr.Dropped() == 0 {
			t.Error("the dropped stanzas are not counted")
		}
		if n := strings.Count(tr.log.String(), "stanzas are dropped"); n != 1 {
			t.Errorf("%d lines about it; log:\n%s", n, tr.log)
		}
	})
}

func TestLogSaysOnceThatTheAdminHasToAct(t *testing.T) {
	inBubble(t, nil, func(tr *trial) {
		tr.server.Refuse("not-authorized")
		tr.server.Disconnect()
		time.Sleep(3 * time.Hour)
		tr.server.Refuse("")
		time.Sleep(2 * time.Minute)
		if n := strings.Count(tr.log.String(), "hint=\"give [service] password"); n != 1 || tr.log.lines() != 4 || !tr.Connected() {
			t.Errorf("log:\n%s", tr.log)
		}
		if n := tr.server.Dials(); n > 300 {
			t.Errorf("%d attempts in three hours", n)
		}
	})
}

func TestPausesGrowUntilAConnectionLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var attempts []time.Time
		times := func() []time.Time {
			synctest.Wait()
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(attempts)
		}
		tr := newTrial(t, func(tr *trial, o *component.Options) {
			o.Dial = func(ctx context.Context, a string) (net.Conn, error) {
				mu.Lock()
				attempts = append(attempts, time.Now())
				mu.Unlock()
				return tr.server.Dial(ctx, a)
			}
		})
		tr.server.Offline()
		tr.start()
		time.Sleep(time.Minute)
		at := times()
		for i := 1; i < len(at); i++ {
			pause := at[i].Sub(at[i-1])
			full := min(250*time.Millisecond<<(i-1), 10*time.Second)
			if pause < full*3/4 || pause > full {
				t.Errorf("pause %d is %v", i, pause)
			}
		}
		tr.server.Online()
		time.Sleep(2 * time.Minute)
		tr.server.Disconnect()
		down := time.Now()
		tr.login()
		time.Sleep(time.Second)
		at = times()
		if pause := at[len(at)-1].Sub(down); pause > 250*time.Millisecond {
			t.Errorf("after a lasting connection the first pause is %v", pause)
		}
		tr.finish()
	})
}

func TestCloseAtAnyTime(t *testing.T) {
	cases := []struct {
		name    string
		prepare func(tr *trial)
		longest time.Duration
	}{
		{"before Run", func(*trial) {}, 0},
		{"offline", func(tr *trial) {
			tr.server.Offline()
			tr.start()
			time.Sleep(time.Minute)
		}, 0},
		{"while the server does not answer the login", func(tr *trial) {
			tr.server.Stall(true)
			tr.start()
			synctest.Wait()
		}, 0},
		{"logged in", func(tr *trial) {
			tr.start()
			tr.login()
		}, 0},
		{"stalled", func(tr *trial) {
			tr.start()
			tr.login()
			tr.server.Stall(true)
			tr.send("a")
			synctest.Wait()
		}, 3 * time.Second},
		{"in Handle", func(tr *trial) {
			tr.handle = func(ctx context.Context, _ *xmltree.Node) { <-ctx.Done() }
			tr.start()
			tr.login()
			tr.server.Send("<presence from='a@b'/>")
			synctest.Wait()
		}, 0},
		{"after Run", func(tr *trial) {
			tr.start()
			tr.login()
			tr.cancel()
			synctest.Wait()
		}, 0},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr := newTrial(t, nil)
				tc.prepare(tr)
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
				defer cancel()
				began := time.Now()
				tr.Close(ctx)
				if took := time.Since(began); took > tc.longest {
					t.Errorf("Close took %v", took)
				}
				if tr.done != nil {
					if err := <-tr.done; err != nil {
						t.Errorf("Run: %v", err)
					}
				} else if err := tr.Run(t.Context()); err != nil {
					t.Errorf("Run: %v", err)
				}
				if tr.cancel != nil {
					tr.cancel()
				}
				tr.server.Close()
			})
		})
	}
}
