package component

import (
	"context"
	"crypto/sha1" // the protocol's hash
	"encoding/hex"
	"errors"
	"net"
	"time"

	"spectrumlua/runtime/slowpeer"
	"spectrumlua/runtime/xmltree"
)

// handshake returns the content of the handshake element (XEP-0114, section 3): the hash
// of the stream's id and the password, in lower case.
func handshake(id, password string) string {
	sum := sha1.Sum([]byte(id + password))
	return hex.EncodeToString(sum[:])
}

// connect connects and logs in. Its error is an *Error.
func (c *Component) connect(ctx context.Context) (*stream, error) {
	limited, cancel := context.WithTimeout(ctx, c.opts.LoginTimeout)
	defer cancel()
	conn, err := c.opts.Dial(limited, c.opts.Address)
	if err != nil {
		return nil, c.notConnected(c.dialError(err), false)
	}
	s := c.newStream(conn)
	stop := context.AfterFunc(limited, func() { _ = conn.Close() })
	err = s.login()
	if !stop() && err == nil {
		err = c.fail(ErrTimeout, limited.Err())
	}
	if err == nil {
		return s, nil
	}
	_ = conn.Close()
	if errors.Is(limited.Err(), context.DeadlineExceeded) {
		err = c.fail(ErrTimeout, limited.Err())
	}
	return nil, c.notConnected(err, s.greeted)
}

// notConnected notes in an *Error what the advice depends on.
func (c *Component) notConnected(err error, greeted bool) error {
	var e *Error
	if errors.As(err, &e) {
		e.first, e.greeted = !c.proven, greeted
	}
	return err
}

// say writes a text of the stream itself.
func (s *stream) say(text string) error { return s.writer.Write(net.Buffers{[]byte(text)}) }

// login opens the stream and performs the handshake.
func (s *stream) login() error {
	jid := xmltree.Escape(s.c.opts.JID)
	header := "<?xml version='1.0'?><stream:stream xmlns='" + componentSpace + "' xmlns:stream='" + streamSpace + "' to='" + jid + "'>"
	if err := s.say(header); err != nil {
		return s.loginError(err)
	}
	for s.parser.Root() == nil {
		if err := s.more(); err != nil {
			return s.loginError(err)
		}
	}
	root := s.parser.Root()
	if root.Space != streamSpace || root.Name != "stream" || s.parser.RootDefault() != componentSpace {
		return s.c.fail(ErrProtocol, nil) // a stream for clients has another default namespace
	}
	s.greeted = true
	if len(s.ready) == 0 {
		text := "<handshake>" + handshake(root.Get("id"), s.c.opts.Password) + "</handshake>"
		if err := s.say(text); err != nil {
			// The server may have said why.
			_ = s.conn.SetReadDeadline(time.Now().Add(lastWords))
		}
	}
	n, err := s.next()
	switch {
	case err != nil:
		return s.loginError(err)
	case n.Space == streamSpace && n.Name == "error":
		return s.c.streamError(n)
	case n.Space == componentSpace && n.Name == "handshake":
		return nil
	}
	return s.c.fail(ErrProtocol, nil)
}

// loginError returns the error of a login for one of reading or writing.
func (s *stream) loginError(err error) error {
	if s.wrong != nil {
		return s.c.fail(ErrProtocol, s.wrong)
	}
	return s.c.lost(err)
}

// Check connects, logs in and disconnects. Its error is an *Error. Only JID, Password,
// Address, LoginTimeout and Dial of the options are used.
func Check(ctx context.Context, o Options) error {
	c := New(o)
	s, err := c.connect(ctx)
	if err != nil {
		return err
	}
	_ = s.say(streamEnd)
	s.hangUp(ctx)
	return nil
}

// newStream returns a stream on a new connection.
func (c *Component) newStream(conn net.Conn) *stream {
	s := &stream{
		c: c, conn: conn, ack: quickAck(conn), buf: make([]byte, readSize),
		writer:     slowpeer.NewWriter(conn, c.opts.WriteTimeout),
		readerDone: make(chan struct{}), writerDone: make(chan struct{}), ended: make(chan struct{}),
	}
	s.parser = xmltree.NewXMPPStream(xmltree.Limits{Depth: maxDepth + 1, Size: c.opts.MaxStanza, Elements: maxElements}, s.skipped)
	return s
}
