package component_test

import (
	"context"
	"crypto/sha1"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"spectrumlua/runtime/gateway/component"
	"spectrumlua/runtime/xmltree"
)

// brittle is a connection that breaks in the middle of a write.
type brittle struct {
	net.Conn
	rest int // bytes that it still writes
}

func (b *brittle) Write(p []byte) (int, error) {
	if len(p) <= b.rest {
		b.rest -= len(p)
		return b.Conn.Write(p)
	}
	n, _ := b.Conn.Write(p[:b.rest])
	b.rest = 0
	b.Conn.Close()
	return n, &net.OpError{Op: "write", Err: syscall.ECONNRESET}
}

// TestWriteThatBreaksAnywhereLosesNothing breaks the connections at each position of
// three stanzas.
func TestWriteThatBreaksAnywhereLosesNothing(t *testing.T) {
	long := len(message("0"))*3 + 200
	for rest := 0; rest < long; rest += 7 {
		inBubble(t, func(tr *trial, o *component.Options) {
			first := true
			o.Dial = func(ctx context.Context, a string) (net.Conn, error) {
				conn, err := tr.server.Dial(ctx, a)
				if first {
					first = false
					return &brittle{conn, 220 + len("<handshake>") + 40 + rest}, err
				}
				return conn, err
			}
		}, func(tr *trial) {
			for i := range 3 {
				tr.send(fmt.Sprint(i))
			}
			time.Sleep(10 * time.Second)
			tr.send("3")
			time.Sleep(time.Minute)
			if got, _ := tr.bodies(); !slices.Equal(got, []string{"0", "1", "2", "3"}) {
				t.Errorf("broken after %d bytes: %q\n%s", rest, got, tr.log)
			}
		})
	}
}

// slowObserver takes a second for each stanza that is sent.
type slowObserver struct{ tr *trial }

func (o slowObserver) On() bool { return true }

func (o slowObserver) In(stanza string) {
	if strings.HasPrefix(stanza, "<message") {
		o.tr.event("in")
	}
}

func (o slowObserver) Out(string) {
	time.Sleep(time.Second)
	o.tr.event("out")
}

// TestObserverSeesAStanzaBeforeItsAnswer has a server that answers at once.
func TestObserverSeesAStanzaBeforeItsAnswer(t *testing.T) {
	inBubble(t, func(tr *trial, o *component.Options) {
		o.Observer, o.Up = slowObserver{tr}, nil
		tr.server.OnStanza(func(n *xmltree.Node) {
			if n.Name == "message" {
				_ = tr.server.Send(message("an answer"))
			}
		})
	}, func(tr *trial) {
		tr.send("a question")
		time.Sleep(10 * time.Second)
		tr.mu.Lock()
		defer tr.mu.Unlock()
		if want := []string{"out", "in"}; !slices.Equal(tr.events, want) {
			t.Errorf("%q, want %q", tr.events, want)
		}
	})
}

// TestHandshakeIsTheHashOfIDAndPassword checks the digest that the test server expects,
// with one that sha1sum has computed.
func TestHandshakeIsTheHashOfIDAndPassword(t *testing.T) {
	// printf '3BF96D32s3cret' | sha1sum
	const want = "a984b871214a298f0f743fcd25f99b10838ba12b"
	if got := fmt.Sprintf("%x", sha1.Sum([]byte("3BF96D32"+password))); got != want {
		t.Fatalf("%s, want %s", got, want)
	}
	said := make(chan string, 1)
	err := component.Check(t.Context(), component.Options{JID: jid, Password: password, Dial: dialRaw(func(c net.Conn) {
		defer c.Close()
		buf := make([]byte, 1024)
		n, _ := c.Read(buf)
		text := string(buf[:n])
		c.Write([]byte(strings.Replace(header, "id='1'", "id='3BF96D32'", 1)))
		n, _ = c.Read(buf)
		said <- text + string(buf[:n])
		c.Write([]byte("<handshake/>"))
		c.Read(buf)
	})})
	if err != nil {
		t.Fatal(err)
	}
	if got := <-said; got != "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='"+jid+"'><handshake>"+want+"</handshake>" {
		t.Errorf("said %s", got)
	}
}

func TestOverTCP(t *testing.T) {
	tr := newTrial(t, func(tr *trial, o *component.Options) {
		o.Address, o.Dial = tr.server.Listen(t), nil
	})
	tr.start()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	const each, ends = 2000, 5
	for end := range ends {
		for i := range each {
			tr.send(fmt.Sprint(end*each + i))
			if tr.Full() {
				tr.WaitCapacity(ctx)
			}
		}
		last := fmt.Sprint((end+1)*each - 1)
		if _, err := tr.server.Expect(ctx, func(n *xmltree.Node) bool { return strings.Contains(textOf(t, n), ">"+last+"<") }); err != nil {
			t.Fatal(err)
		}
		if end < ends-1 {
			tr.server.End("system-shutdown")
		}
	}
	tr.Close(ctx)
	tr.cancel()
	if err := <-tr.done; err != nil {
		t.Error(err)
	}
	tr.server.Close()
	seen := map[string]bool{}
	for _, n := range tr.server.Stanzas() {
		seen[textOf(t, n)] = true
	}
	if len(seen) != each*ends {
		t.Errorf("%d messages", len(seen))
	}
}

func TestRefusedPortSaysWhatToDo(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	err = component.Check(t.Context(), component.Options{JID: jid, Password: password, Address: l.Addr().String()})
	e, ok := err.(*component.Error)
	_, port, _ := net.SplitHostPort(l.Addr().String())
	if !ok || e.Cause != component.ErrRefused || !strings.Contains(e.Advice(), "component_ports = { "+port+" }") {
		t.Errorf("%v", err)
	}
}
