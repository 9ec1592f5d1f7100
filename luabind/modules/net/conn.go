package net

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/task"
)

// Limits of what is read in one go, in bytes.
const (
	firstBuffer = 1 << 10
	defaultLine = 64 << 10
	defaultSome = 64 << 10
)

// conn is a connection as scripts hold it. The baton guards it, but for what
// one read or one write works with while it waits.
type conn struct {
	net      net.Conn
	wire     *transport
	resource *task.Resource
	settings *tlsSettings
	host     string
	timeout  time.Duration // of each read and write; 0: none

	buf     []byte // read and not handed out
	end     error  // of the stream, once it has come
	reading bool
	writing bool
}

var errClosed = errors.New("the connection is closed")

var connClass = bind.NewClass("conn", map[string]func(l *lua.LState, c *conn) int{
	"read_line":   readLine,
	"read":        readExactly,
	"read_some":   readSome,
	"read_until":  readUntil,
	"write":       write,
	"starttls":    startTLS,
	"set_timeout": setTimeout,
	"close":       closeConn,
}, map[string]func(l *lua.LState, c *conn) lua.LValue{
	"peer":          func(_ *lua.LState, c *conn) lua.LValue { return lua.LString(addressText(c.net.RemoteAddr())) },
	"local_address": func(_ *lua.LState, c *conn) lua.LValue { return lua.LString(addressText(c.net.LocalAddr())) },
	"tls":           tlsInfo,
})

func addressText(a net.Addr) string {
	if a == nil {
		return ""
	}
	if a.Network() == "unix" {
		return "unix:" + a.String()
	}
	return a.String()
}

func newConn(c net.Conn, owner *task.Owner, settings *tlsSettings, host string) *lua.LUserData {
	wire := &transport{conn: c}
	return connClass.New(&conn{net: c, wire: wire, resource: owner.Own(wire), settings: settings, host: host})
}

// transport is what is closed in the end; STARTTLS changes what that is.
type transport struct {
	mu   sync.Mutex
	conn net.Conn
}

func (t *transport) become(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conn = c
}

// Close does not wait: TLS says goodbye first, to a peer that may not read.
func (t *transport) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if isTLS(t.conn) {
		go func(c net.Conn) { _ = c.Close() }(t.conn)
		return nil
	}
	return t.conn.Close()
}

// readLine is read_line([max]): a line without its LF or CRLF. What stands
// behind the last one comes as a line too.
func readLine(l *lua.LState, c *conn) int {
	limit := sizeArgument(l, 2, defaultLine)
	line, err := c.until(l, "\n", limit)
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LString(strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")))
}

// readUntil is read_until(delimiter [, max]): what stands before the
// delimiter, which is taken too.
func readUntil(l *lua.LState, c *conn) int {
	delimiter := l.CheckString(2)
	if delimiter == "" {
		l.ArgError(2, "a delimiter has at least one byte")
	}
	text, err := c.until(l, delimiter, sizeArgument(l, 3, defaultLine))
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LString(strings.TrimSuffix(text, delimiter)))
}

// readExactly is read(n): n bytes, or nil if the stream ends before.
func readExactly(l *lua.LState, c *conn) int {
	n := sizeArgument(l, 2, 0)
	err := c.fill(l, func() bool { return len(c.buf) >= n })
	if err != nil {
		if errors.Is(err, io.EOF) && len(c.buf) > 0 {
			return bind.Failf(l, "the connection ended after %d of %d bytes", len(c.buf), n)
		}
		return bind.Fail(l, endText(err))
	}
	return bind.Return(l, lua.LString(c.take(n)))
}

// readSome is read_some([max]): what is there, at least a byte.
func readSome(l *lua.LState, c *conn) int {
	limit := sizeArgument(l, 2, defaultSome)
	if err := c.fill(l, func() bool { return len(c.buf) > 0 }); err != nil {
		return bind.Fail(l, endText(err))
	}
	return bind.Return(l, lua.LString(c.take(min(limit, len(c.buf)))))
}

// sizeArgument is argument n, a number of bytes; 0 as the default makes it
// required.
func sizeArgument(l *lua.LState, n, otherwise int) int {
	if l.Get(n) == lua.LNil && otherwise > 0 {
		return otherwise
	}
	size := l.CheckInt(n)
	if most := bind.RuntimeOf(l).Lua.MaxString; size < 1 || int64(size) > most {
		l.ArgError(n, fmt.Sprintf("a number of bytes from 1 to %d (max_string) is wanted", most))
	}
	return size
}

// until reads up to a delimiter, or to the end of the stream.
func (c *conn) until(l *lua.LState, delimiter string, limit int) (string, error) {
	seen := 0 // the delimiter does not begin before
	at := -1
	err := c.fill(l, func() bool {
		if i := bytes.Index(c.buf[seen:], []byte(delimiter)); i >= 0 {
			at = seen + i + len(delimiter)
			return true
		}
		seen = max(0, len(c.buf)-len(delimiter)+1)
		return len(c.buf) >= limit+len(delimiter)
	})
	switch {
	case at >= 0 && at <= limit+len(delimiter):
		return c.take(at), nil
	case err == nil || at >= 0:
		return "", errors.New("the line is too long")
	case errors.Is(err, io.EOF) && len(c.buf) > 0:
		return c.take(len(c.buf)), nil
	}
	return "", endText(err)
}

func endText(err error) error {
	if errors.Is(err, io.EOF) {
		return errors.New("closed by the peer")
	}
	return plain(err)
}

// take hands out the first n bytes that were read.
func (c *conn) take(n int) string {
	s := string(c.buf[:n])
	rest := copy(c.buf, c.buf[n:])
	c.buf = c.buf[:rest]
	if rest == 0 && cap(c.buf) > defaultLine {
		c.buf = nil
	}
	return s
}

// fill reads until enough, called with the baton, says so, or the stream ends.
// What was read stays in the buffer whatever happens, so nothing is lost when
// the task that reads is cancelled.
func (c *conn) fill(l *lua.LState, enough func() bool) error {
	if c.reading {
		bind.Raise(l, "another task reads from this connection")
	}
	c.reading = true
	defer func() { c.reading = false }()
	var deadline time.Time
	if c.timeout > 0 {
		deadline = time.Now().Add(c.timeout)
	}
	for !enough() {
		if c.end != nil {
			return c.end
		}
		if c.resource.Closed() {
			return errClosed
		}
		piece := c.space()
		var n int
		err := interruptible(l, deadline, c.net.SetReadDeadline, func() (err error) {
			n, err = c.net.Read(piece)
			if n > 0 {
				c.buf = c.buf[:len(c.buf)+n]
				c.end = lasting(err)
				return nil
			}
			return err
		})
		if err != nil {
			if c.resource.Closed() {
				return errClosed
			}
			c.end = lasting(err)
			return err
		}
	}
	return nil
}

// lasting is an error that every later read has too.
func lasting(err error) error {
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, bind.ErrTimeout) {
		return nil
	}
	return err
}

// space is where the next bytes go.
func (c *conn) space() []byte {
	if cap(c.buf)-len(c.buf) < firstBuffer/2 {
		grown := make([]byte, len(c.buf), max(firstBuffer, 2*cap(c.buf)))
		copy(grown, c.buf)
		c.buf = grown
	}
	return c.buf[len(c.buf):cap(c.buf)]
}

// interruptible waits for f, which reads or writes, until the deadline or until
// the task is cancelled: set is given a time in the past then.
func interruptible(l *lua.LState, deadline time.Time, set func(time.Time) error, f func() error) error {
	return bind.Wait(l, func(ctx context.Context) error {
		_ = set(deadline)
		interrupted := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			defer close(interrupted)
			_ = set(time.Unix(1, 0))
		})
		err := f()
		if !stop() {
			<-interrupted // so that it cannot hit who comes next
		}
		return err
	})
}

// write is write(s, …): true when all of it is with the system.
func write(l *lua.LState, c *conn) int {
	var data []byte
	for i := 2; i <= l.GetTop(); i++ {
		data = append(data, l.CheckString(i)...)
	}
	if c.writing {
		bind.Raise(l, "another task writes to this connection")
	}
	if c.resource.Closed() {
		return bind.Fail(l, errClosed)
	}
	c.writing = true
	defer func() { c.writing = false }()
	var deadline time.Time
	if c.timeout > 0 {
		deadline = time.Now().Add(c.timeout)
	}
	err := interruptible(l, deadline, c.net.SetWriteDeadline, func() error {
		_, err := c.net.Write(data)
		return err
	})
	if err != nil {
		if c.resource.Closed() {
			err = errClosed
		}
		return bind.Fail(l, plain(err))
	}
	return bind.Return(l, lua.LTrue)
}

// setTimeout is set_timeout(seconds): of each read and write from now on; 0
// stands for none, which is the default.
func setTimeout(l *lua.LState, c *conn) int {
	c.timeout = bind.CheckSeconds(l, 2)
	return 0
}

// closeConn is close(). Who reads or writes gets an error.
func closeConn(_ *lua.LState, c *conn) int {
	_ = c.resource.Close()
	return 0
}
