//go:build e2e

package e2e_test

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"spectrumlua/runtime/xmltree"
)

// A lightClient is one connection of an XMPP user. Thousands of them fit into one process,
// unlike those of client.py. Only one goroutine may write; stanzas go to handle.
type lightClient struct {
	conn   net.Conn
	parser *xmltree.Parser
	ready  []*xmltree.Node
	done   chan struct{} // closed when the server has ended the stream
}

// connectLight logs in and calls handle for each stanza, on another goroutine.
func connectLight(ctx context.Context, port int, user, resource string, handle func(n *xmltree.Node)) (*lightClient, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, err
	}
	c := &lightClient{conn: conn, done: make(chan struct{})}
	_ = conn.SetDeadline(time.Now().Add(crowdPatience))
	if err := c.login(user, resource); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("%s cannot log in: %w", user, err)
	}
	_ = conn.SetDeadline(time.Time{})
	go func() {
		defer close(c.done)
		for {
			n, err := c.next()
			if err != nil {
				return
			}
			handle(n)
		}
	}()
	return c, nil
}

func (c *lightClient) login(user, resource string) error {
	plain := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
	if err := c.open(); err != nil {
		return err
	}
	if err := c.ask(`<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">`+plain+`</auth>`, "success"); err != nil {
		return err
	}
	if err := c.open(); err != nil {
		return err
	}
	if err := c.ask(`<iq type="set" id="bind"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"><resource>`+resource+`</resource></bind></iq>`, "iq"); err != nil {
		return err
	}
	return c.ask(`<iq type="get" id="roster"><query xmlns="jabber:iq:roster"/></iq>`, "iq")
}

// open opens a stream and waits for its features.
func (c *lightClient) open() error {
	c.parser = xmltree.NewStream(xmltree.DefaultLimits)
	c.ready = nil
	return c.ask(`<stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" to="`+xmppDomain+`" version="1.0">`, "features")
}

// ask sends a text and reads the answer.
func (c *lightClient) ask(text, want string) error {
	if err := c.send(text); err != nil {
		return err
	}
	n, err := c.next()
	if err == nil && (n.Name != want || n.Get("type") == "error") {
		err = fmt.Errorf("%s instead of %s", n.Name, want)
	}
	return err
}

// next returns the next child of the stream.
func (c *lightClient) next() (*xmltree.Node, error) {
	data := make([]byte, 16<<10)
	for len(c.ready) == 0 {
		if c.parser.Closed() {
			return nil, io.EOF
		}
		n, err := c.conn.Read(data)
		if n == 0 && err != nil {
			return nil, err
		}
		if c.ready, err = c.parser.Feed(string(data[:n])); err != nil {
			return nil, err
		}
	}
	n := c.ready[0]
	c.ready = c.ready[1:]
	if n.Name == "error" && n.Space != "jabber:client" {
		return nil, errors.New("a stream error")
	}
	return n, nil
}

func (c *lightClient) send(text string) error {
	_, err := io.WriteString(c.conn, text)
	return err
}

// leave ends the stream in order: all that the server has sent is handled.
func (c *lightClient) leave() {
	_ = c.conn.SetDeadline(time.Now().Add(crowdPatience))
	if c.send(`<presence type="unavailable"/></stream:stream>`) == nil {
		<-c.done
	}
	_ = c.conn.Close()
	<-c.done
}

// alive reports whether the stream is open.
func (c *lightClient) alive() bool {
	select {
	case <-c.done:
		return false
	default:
		return true
	}
}
