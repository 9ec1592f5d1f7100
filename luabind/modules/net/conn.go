package net

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/stream"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/slowpeer"
	"spectrumlua/runtime/task"
)

// Limits of a write.
const (
	// defaultStall is how long a write may make no progress. set_timeout
	// overrides it.
	defaultStall = 60 * time.Second
	// writeGrace is how long a running write may continue after its task is
	// cancelled. A peer that reads receives the whole message within it, so
	// the stream stays usable.
	writeGrace = 100 * time.Millisecond
	// writePiece is the number of bytes that count as progress.
	writePiece = 64 << 10
	// maxAtOnce is the number of bytes that are written without releasing the script lock.
	maxAtOnce = 16 << 10
)

// conn is a connection as scripts hold it. The script lock guards it, except
// for the fields that belong to the task whose turn it is to write.
type conn struct {
	stream.Reader
	net      net.Conn
	now      *slowpeer.Now // nil with TLS
	wire     *transport
	resource *task.Resource
	settings *TLS
	host     string

	stall    time.Duration // 0: no limit
	securing bool          // STARTTLS is under way
	turns    stream.Turns  // for writing
	broken   error         // why nothing can be written; guarded by the turn
}

// Opened implements bind.Opened.
func (c *conn) Opened() *task.Resource { return c.resource }

// ReadMethod implements bind.Carrier.
func (c *conn) ReadMethod() string { return "read_line" }

var (
	errClosed = errors.New("the connection is closed")
	errCutOff = errors.New("an earlier write was cut off in the middle, so nothing more can be written")
)

var connClass = bind.NewClass("conn", map[string]func(l *lua.LState, c *conn) int{
	"read_line":   func(l *lua.LState, c *conn) int { return c.LuaReadLine(l) },
	"read":        func(l *lua.LState, c *conn) int { return c.LuaRead(l) },
	"read_some":   func(l *lua.LState, c *conn) int { return c.LuaReadSome(l) },
	"read_until":  func(l *lua.LState, c *conn) int { return c.LuaReadUntil(l) },
	"read_all":    func(l *lua.LState, c *conn) int { return c.LuaReadAll(l) },
	"write":       write,
	"close_write": closeWrite,
	"starttls":    startTLS,
	"set_timeout": setTimeout,
	"close":       closeConn,
}, map[string]func(l *lua.LState, c *conn) lua.LValue{
	"peer":          func(_ *lua.LState, c *conn) lua.LValue { return lua.LString(AddressText(c.net.RemoteAddr())) },
	"local_address": func(_ *lua.LState, c *conn) lua.LValue { return lua.LString(AddressText(c.net.LocalAddr())) },
	"tls":           tlsInfo,
})

// AddressText returns an address in the form that listen and connect accept.
func AddressText(a net.Addr) string {
	if a == nil {
		return ""
	}
	if a.Network() == "unix" {
		return "unix:" + a.String()
	}
	return a.String()
}

// ConnMetatable returns the metatable that all connections share.
func ConnMetatable() *lua.LTable { return connClass.Metatable() }

// NewConn returns a connection for scripts. It belongs to the owner.
func NewConn(c net.Conn, owner *task.Owner) *lua.LUserData { return newConn(c, owner, &TLS{}, "") }

func newConn(c net.Conn, owner *task.Owner, settings *TLS, host string) *lua.LUserData {
	wire := &transport{conn: c}
	resource := owner.Own(wire)
	return connClass.New(&conn{
		Reader: stream.New(c, stream.Options{What: "connection", Arrived: func() bool { return stream.Arrived(c) }, Explain: EndText, Closed: func() error {
			if resource.Closed() {
				return errClosed
			}
			return nil
		}}),
		net: c, now: slowpeer.NewNow(c), wire: wire, resource: resource, settings: settings, host: host,
		stall: defaultStall,
	})
}

// transport holds the connection that Close closes. STARTTLS replaces it.
type transport struct {
	mu   sync.Mutex
	conn net.Conn
}

func (t *transport) become(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.conn = c
}

// Close does not wait. Closing TLS sends an alert first, and the peer may not
// read it. Close wakes a waiting reader at once.
func (t *transport) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !isTLS(t.conn) {
		return t.conn.Close()
	}
	_ = t.conn.SetReadDeadline(stream.Past)
	go func(c net.Conn) {
		defer crash.Guard()
		_ = c.Close()
	}(t.conn)
	return nil
}

// write is write(s, …). It returns true when the system has accepted all
// bytes. Tasks that write at the same time take turns in the order of their
// calls. What the socket accepts at once is written without releasing the script
// lock: a goroutine that took the lock meanwhile would have to be woken up.
func write(l *lua.LState, c *conn) int {
	data, stall, written := bind.CheckStrings(l, 2), c.stall, 0
	now := func() (done bool, err error) {
		if c.now == nil || len(data) == 0 || len(data) > maxAtOnce || !bind.TaskOf(l).Brief() {
			return false, nil
		}
		left, err := c.now.Write(net.Buffers{data})
		for _, rest := range left {
			written -= len(rest)
		}
		if written += len(data); written > 0 && written < len(data) {
			c.broken = errCutOff // unless the rest is written too
		}
		return written == len(data), err
	}
	return c.inTurn(l, now, func(ctx context.Context) error {
		if written > 0 {
			c.broken = nil
		}
		return c.send(ctx, data, written, stall)
	})
}

// closeWrite is close_write(). The peer sees the end of the stream; the script
// can still read what the peer sends.
func closeWrite(l *lua.LState, c *conn) int {
	half, ok := c.net.(interface{ CloseWrite() error })
	if !ok {
		return bind.Failf(l, "this kind of connection cannot be closed on one side")
	}
	return c.inTurn(l, func() (bool, error) { return false, nil }, func(context.Context) error {
		if c.broken != nil {
			return c.broken
		}
		c.broken = errors.New("the connection is closed for writing")
		_ = c.net.SetWriteDeadline(time.Time{})
		return half.CloseWrite()
	})
}

// inTurn runs f when no other task writes. If none writes now, it calls now before. f is not
// needed if now is done, or fails.
func (c *conn) inTurn(l *lua.LState, now func() (done bool, err error), f func(ctx context.Context) error) int {
	if c.securing {
		bind.Raise(l, "nothing can be written while starttls is under way")
	}
	if c.resource.Closed() {
		return bind.Fail(l, errClosed)
	}
	turn, stall := c.turns.Ask(), c.stall
	defer turn.Leave()
	if turn.Begun() && c.broken == nil {
		switch done, err := now(); {
		case err != nil:
			return bind.Fail(l, Plain(err))
		case done:
			return bind.Return(l, lua.LTrue)
		}
	}
	err := bind.Wait(l, func(ctx context.Context) error {
		if err := turn.Wait(ctx, stall); err != nil {
			return err
		}
		return f(ctx)
	})
	switch {
	case err == nil:
		return bind.Return(l, lua.LTrue)
	case c.resource.Closed():
		return bind.Fail(l, errClosed)
	}
	return bind.Fail(l, Plain(err))
}

// send writes data, of which some bytes are already written; the caller has the turn. A
// write that fails halfway marks the connection as broken for writing.
func (c *conn) send(ctx context.Context, data []byte, written int, stall time.Duration) error {
	if c.broken != nil {
		return c.broken
	}
	limit := writeLimit{conn: c.net, stall: stall}
	defer limit.watch(ctx)()
	for written < len(data) {
		limit.extend()
		n, err := c.net.Write(data[written:min(len(data), written+writePiece)])
		written += n
		if err != nil {
			if written > 0 || isTLS(c.net) {
				c.broken = errCutOff
			}
			return err
		}
	}
	return nil
}

// writeLimit is the deadline by which a write has to make progress.
type writeLimit struct {
	conn  net.Conn
	stall time.Duration

	mu    sync.Mutex
	final time.Time // set when the task is cancelled
}

func (w *writeLimit) extend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	deadline := w.final
	if deadline.IsZero() && w.stall > 0 {
		deadline = time.Now().Add(w.stall)
	}
	_ = w.conn.SetWriteDeadline(deadline)
}

// watch limits the write to writeGrace once ctx is done. stop ends the
// watching.
func (w *writeLimit) watch(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		defer close(done)
		w.mu.Lock()
		w.final = time.Now().Add(writeGrace)
		w.mu.Unlock()
		w.extend()
	})
	return func() {
		if !unwatch() {
			<-done // or it would set the deadline of the next write
		}
	}
}

// setTimeout is set_timeout(seconds). It limits each later read, and the time
// in which a write makes no progress; 0 removes the limits.
func setTimeout(l *lua.LState, c *conn) int {
	d := bind.CheckSeconds(l, 2)
	c.SetTimeout(d)
	c.stall = d
	return 0
}

// closeConn is close(). A task that reads or writes gets an error.
func closeConn(_ *lua.LState, c *conn) int {
	_ = c.resource.Close()
	return 0
}
