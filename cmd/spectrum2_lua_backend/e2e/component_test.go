//go:build e2e

package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/gateway/component"
	"spectrumlua/runtime/xmltree"
)

// own is a component of the test itself. It sends messages to its own address, and Prosody
// returns them.
type own struct {
	*component.Component
	t   *testing.T
	log *logBuffer

	mu       sync.Mutex
	received map[string]int // bodies
}

type logBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (b *bed) componentOptions() component.Options {
	return component.Options{
		JID: b.jid, Password: secret, Address: net.JoinHostPort("127.0.0.1", strconv.Itoa(b.componentPort)),
		Handle: func(context.Context, *xmltree.Node) {},
	}
}

// ownComponent starts a component, which ends with the test.
func (b *bed) ownComponent() *own {
	b.t.Helper()
	c := &own{t: b.t, received: map[string]int{}, log: &logBuffer{}}
	o := b.componentOptions()
	log := logrus.New()
	log.SetOutput(c.log)
	o.Log, o.PingAfter = log, 100*time.Millisecond
	o.Handle = func(_ context.Context, n *xmltree.Node) {
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, child := range n.Children {
			if child.Element != nil && child.Element.Name == "body" && len(child.Element.Children) > 0 {
				c.received[child.Element.Children[0].Text]++
			}
		}
	}
	c.Component = component.New(o)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := c.Run(context.Background()); err != nil {
			b.t.Error(err)
		}
	}()
	b.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		c.Close(ctx)
		<-done
		if b.t.Failed() {
			b.t.Logf("---- log of the component\n%s", c.log)
		}
	})
	b.wait(c.Connected, "the component is not logged in")
	return c
}

func (c *own) send(jid, body string) {
	c.t.Helper()
	if err := c.Send("<message from='" + jid + "' to='" + jid + "'><body>" + body + "</body></message>"); err != nil {
		c.t.Error(err)
	}
}

// count returns the number of different bodies, and of repeated ones.
func (c *own) count() (different, repeated int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range c.received {
		repeated += n - 1
	}
	return len(c.received), repeated
}

// wait waits until a condition holds.
func (b *bed) wait(holds func() bool, what string) {
	b.t.Helper()
	for limit := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(limit) {
			b.t.Fatal(what)
		}
	}
}

// TestComponentErrors makes all mistakes that an admin can make in the config.
func TestComponentErrors(t *testing.T) {
	t.Parallel()
	b := prepareBed(t, bedConfig{})
	c := b.ownComponent()
	cases := []struct {
		name   string
		change func(o *component.Options)
		want   error
	}{
		{"another secret", func(o *component.Options) { o.Password = "other" }, component.ErrSecret},
		{"another JID", func(o *component.Options) { o.JID = "other.localhost" }, component.ErrUnknownHost},
		{"the JID of a host", func(o *component.Options) { o.JID = xmppDomain }, component.ErrUnknownHost},
		{"a second process", func(*component.Options) {}, component.ErrConflict},
		{"the port for clients", func(o *component.Options) {
			o.Address = net.JoinHostPort("127.0.0.1", strconv.Itoa(b.xmppPort))
		}, component.ErrProtocol},
		{"a port where nothing listens", func(o *component.Options) {
			o.Address = net.JoinHostPort("127.0.0.1", strconv.Itoa(freePort(t)))
		}, component.ErrRefused},
		{"an unknown name", func(o *component.Options) { o.Address = "xmpp.invalid:5347" }, component.ErrAddress},
	}
	for _, tc := range cases {
		o := b.componentOptions()
		tc.change(&o)
		if err := component.Check(t.Context(), o); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
	c.send(b.jid, "still here")
	b.wait(func() bool { n, _ := c.count(); return n == 1 }, "the first component does not work any more")
}

// TestComponentKeepsStanzas restarts Prosody while messages are sent, and sends the largest
// stanza.
func TestComponentKeepsStanzas(t *testing.T) {
	t.Parallel()
	b := prepareBed(t, bedConfig{})
	c := b.ownComponent()
	sent := 0
	send := func(n int) {
		for range n {
			c.send(b.jid, fmt.Sprint(sent))
			sent++
		}
	}
	arrived := func() bool { n, _ := c.count(); return n == sent }
	send(5000)
	b.wait(arrived, "messages are lost")
	time.Sleep(500 * time.Millisecond) // several pings in silence
	if _, err := b.server.stop(patience); err != nil {
		t.Fatal(err)
	}
	b.wait(func() bool { return !c.Connected() }, "the component has not noticed the end of Prosody")
	send(5000)
	b.restartXMPP()
	b.wait(arrived, "messages from the time without Prosody are lost")
	if _, repeated := c.count(); repeated > 0 {
		t.Errorf("%d messages arrived twice", repeated)
	}
	if text := c.log.String(); strings.Count(text, "\n") != 3 || strings.Contains(text, "does not answer pings") {
		t.Errorf("the log has not one line for the outage and one for its end:\n%s", text)
	}
	around := len("<message from='' to=''><body></body></message>") + 2*len(b.jid)
	c.send(b.jid, strings.Repeat("x", component.DefaultMaxSend-around))
	sent++
	b.wait(arrived, "the largest stanza is lost")
	if strings.Count(c.log.String(), "\n") != 3 {
		t.Errorf("the largest stanza ends the stream:\n%s", c.log)
	}
}
