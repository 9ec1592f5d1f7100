package componenttest

import (
	"fmt"
	"net"
	"strings"

	"spectrumlua/runtime/xmltree"
)

// conn is a connection. The server's lock guards its fields.
type conn struct {
	server *Server
	conn   net.Conn
	out    []string // waits to be written
	closed bool
	last   bool          // nothing follows what waits to be written
	wake   chan struct{} // holds a token if there may be something to write
	id     string        // of the stream
	login  bool          // the component is logged in
}

// send is called with the lock held.
func (c *conn) send(xml string) {
	if c.closed || c.last {
		return
	}
	c.out = append(c.out, xml)
	c.signal()
}

// end is called with the lock held.
func (c *conn) end(condition string) {
	if c.id == "" {
		c.open()
	}
	if condition != "" {
		c.send("<stream:error><" + condition + " xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
	}
	c.send("</stream:stream>")
	c.last = true
	c.signal()
}

// close is called with the lock held.
func (c *conn) close() {
	c.closed = true
	delete(c.server.conns, c)
	if c.server.current == c {
		c.server.current = nil
	}
	_ = c.conn.Close()
	c.signal()
}

func (c *conn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// write writes what waits.
func (c *conn) write() {
	for range c.wake {
		c.server.mu.Lock()
		text, closed, last := strings.Join(c.out, ""), c.closed, c.last
		c.out = nil
		c.server.mu.Unlock()
		if closed {
			return
		}
		_, err := c.conn.Write([]byte(text))
		if err != nil || last {
			c.hangUp()
			return
		}
	}
}

func (c *conn) hangUp() {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.close()
	c.server.changed()
}

// read handles what the component sends, until the connection ends.
func (c *conn) read() {
	p := xmltree.NewStream(xmltree.Limits{Depth: 200, Size: 64 << 20, Elements: 1 << 20})
	buf := make([]byte, 64<<10)
	for {
		c.waitUnstalled()
		n, err := c.conn.Read(buf)
		c.waitUnstalled()
		if err != nil {
			c.hangUp()
			return
		}
		done, err := p.Feed(string(buf[:n]))
		c.server.mu.Lock()
		if c.id == "" && p.Root() != nil {
			c.opened(p.Root())
		}
		for _, n := range done {
			if c.closed || c.last {
				break
			}
			c.handle(n)
		}
		if err != nil {
			c.end("not-well-formed")
		} else if p.Closed() {
			c.end("")
		}
		c.server.changed()
		c.server.mu.Unlock()
		if err != nil {
			return // the writer hangs up
		}
	}
}

// waitUnstalled waits while the server is stalled and the connection is open.
func (c *conn) waitUnstalled() {
	for {
		c.server.mu.Lock()
		change := c.server.change
		stalled := c.server.stalled && !c.closed
		c.server.mu.Unlock()
		if !stalled {
			return
		}
		<-change
	}
}

func (c *conn) open() {
	c.server.streams++
	c.id = fmt.Sprintf("stream-%d", c.server.streams)
	c.send("<?xml version='1.0'?><stream:stream xmlns='" + componentSpace + "' xmlns:stream='" + streamSpace +
		"' from='" + c.server.JID + "' id='" + c.id + "'>")
}

// opened answers the header of the component.
func (c *conn) opened(root *xmltree.Node) {
	c.open()
	switch {
	case c.server.refuse == "host-unknown" || root.Get("to") != c.server.JID:
		c.end("host-unknown")
	case c.server.refuse != "" && c.server.refuse != "not-authorized":
		c.end(c.server.refuse)
	}
}

// handle handles an element of the component.
func (c *conn) handle(n *xmltree.Node) {
	s := c.server
	if n.Space == componentSpace && n.Name == "handshake" {
		if c.login || s.refuse != "" || text(n) != digest(c.id, s.Password) {
			c.end("not-authorized")
			return
		}
		c.login, s.current = true, c
		s.logins++
		c.send("<handshake/>")
		return
	}
	if !c.login {
		c.end("not-authorized")
		return
	}
	own := n.Get("to") == s.JID
	echo := ""
	if own {
		plain(n)
		echo, _ = n.Text(1 << 20)
	}
	if own && isPing(n) {
		if !s.mute {
			c.send(echo)
		}
		return
	}
	plain(n)
	s.stanzas = append(s.stanzas, n)
	c.send(echo)
	if s.on != nil {
		s.mu.Unlock()
		s.on(n)
		s.mu.Lock()
	}
}

func text(n *xmltree.Node) string {
	var b strings.Builder
	for _, c := range n.Children {
		b.WriteString(c.Text)
	}
	return b.String()
}
