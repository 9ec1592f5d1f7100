package websocket

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdnet "net"
	"os"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/net"
	"spectrumlua/luabind/stream"
	"spectrumlua/runtime/task"
)

// socket is a connection as scripts hold it. The script lock guards it, except
// for the fields that say otherwise.
type socket struct {
	ws       *websocket.Conn // safe for concurrent use
	conn     *watched        // safe for concurrent use
	inbox    *inbox          // safe for concurrent use
	closer   *closer
	resource *task.Resource
	settings settings
	ctx      context.Context // ends with the connection
	cancel   context.CancelFunc
	turns    stream.Turns // for sending

	receiving bool
}

// Opened implements bind.Opened.
func (s *socket) Opened() *task.Resource { return s.resource }

var errClosed = errors.New("the connection is closed")

var socketClass = bind.NewClass("websocket", map[string]func(l *lua.LState, s *socket) int{
	"send":        func(l *lua.LState, s *socket) int { return send(l, s, websocket.MessageText) },
	"send_binary": func(l *lua.LState, s *socket) int { return send(l, s, websocket.MessageBinary) },
	"receive":     receive,
	"ping":        ping,
	"close":       closeSocket,
}, map[string]func(l *lua.LState, s *socket) lua.LValue{
	"peer":        func(_ *lua.LState, s *socket) lua.LValue { return lua.LString(net.AddressText(s.conn.RemoteAddr())) },
	"subprotocol": func(_ *lua.LState, s *socket) lua.LValue { return lua.LString(s.ws.Subprotocol()) },
})

// ReadMethod implements bind.Carrier.
func (s *socket) ReadMethod() string { return "receive" }

// Quiet reports whether the script has received all messages that have arrived.
func (s *socket) Quiet() bool { return s.inbox.empty() }

func newSocket(ws *websocket.Conn, conn *watched, owner *task.Owner, o settings) *socket {
	ws.SetReadLimit(o.longest)
	ctx, cancel := context.WithCancel(context.Background())
	s := &socket{ws: ws, conn: conn, inbox: newInbox(), settings: o, ctx: ctx, cancel: cancel}
	s.closer = &closer{ws: ws, conn: conn, cancel: cancel, code: websocket.StatusGoingAway}
	s.resource = owner.Own(s.closer)
	go s.pump()
	if o.interval > 0 {
		go s.keepAlive()
	}
	return s
}

// send is send(text) and send_binary(data). It returns true when the system
// has accepted the message. Tasks that send at the same time take turns in the
// order of their calls.
func send(l *lua.LState, s *socket, kind websocket.MessageType) int {
	data := l.CheckString(2)
	if kind == websocket.MessageText && !utf8.ValidString(data) {
		l.ArgError(2, "a text has to be UTF-8: convert it, or use send_binary")
	}
	if end := s.over(); end != nil {
		return bind.Fail(l, end)
	}
	turn := s.turns.Ask()
	defer turn.Leave()
	err := bind.Wait(l, func(ctx context.Context) error {
		if err := turn.Wait(ctx, stall); err != nil {
			return err
		}
		return s.write(ctx, kind, []byte(data))
	})
	if err == nil {
		return bind.Return(l, lua.LTrue)
	}
	return bind.Fail(l, s.explain(err))
}

var (
	errCutOff  = errors.New("an earlier message was cut off in the middle, which has ended the connection")
	errStalled = errors.New("the peer does not read")
)

// write sends a message; the caller has the turn. A message that is cut off
// ends the connection.
func (s *socket) write(ctx context.Context, kind websocket.MessageType, data []byte) error {
	patient, stop := withGrace(s.ctx, ctx, func() { s.inbox.finish(errCutOff) })
	defer stop()
	err := s.ws.Write(patient, kind, data)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		s.inbox.finish(errStalled)
	}
	if err != nil {
		_ = s.ws.CloseNow()
	}
	return err
}

// grace is how long a message may still take after its task is cancelled. A
// message that is cut off ends the connection.
const grace = 100 * time.Millisecond

// withGrace returns a context for the connection's writes. It is cancelled
// shortly after the task's wait is, and calls late just before.
func withGrace(connection, wait context.Context, late func()) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(connection)
	unwatch := context.AfterFunc(wait, func() {
		timer := time.AfterFunc(grace, func() {
			late()
			cancel()
		})
		context.AfterFunc(ctx, func() { timer.Stop() })
	})
	return ctx, func() {
		unwatch()
		cancel()
	}
}

// receive is receive([timeout]) → data, kind. At the end of the connection it
// returns nil, message, code, reason.
func receive(l *lua.LState, s *socket) int {
	if s.receiving {
		bind.Raise(l, "another task receives from this websocket")
	}
	limit, limited := time.Duration(0), l.Get(2) != lua.LNil
	if limited {
		limit = max(bind.CheckSeconds(l, 2), time.Millisecond)
	}
	if s.resource.Closed() {
		return bind.Fail(l, errClosed)
	}
	s.receiving = true
	defer func() { s.receiving = false }()
	if err := bind.WaitTimeout(l, limit, s.inbox.wait); err != nil {
		return bind.Fail(l, err)
	}
	m, end := s.inbox.take()
	switch {
	case s.resource.Closed():
		return bind.Fail(l, errClosed)
	case end != nil:
		code, reason := closing(end)
		return bind.Return(l, lua.LNil, lua.LString(s.explain(end).Error()), lua.LNumber(code), lua.LString(reason))
	case m.kind == websocket.MessageBinary:
		return bind.Return(l, lua.LString(m.data), lua.LString("binary"))
	}
	return bind.Return(l, lua.LString(m.data), lua.LString("text"))
}

// ping is ping([timeout]). It returns true when the peer has answered.
func ping(l *lua.LState, s *socket) int {
	limit := defaultTimeout
	if l.Get(2) != lua.LNil {
		limit = bind.CheckSeconds(l, 2)
	}
	if end := s.over(); end != nil {
		return bind.Fail(l, end)
	}
	err := bind.WaitTimeout(l, limit, func(ctx context.Context) error {
		patient, stop := withGrace(s.ctx, ctx, func() {})
		defer stop()
		return s.ws.Ping(patient)
	})
	if err == nil {
		return bind.Return(l, lua.LTrue)
	}
	return bind.Fail(l, s.explain(err))
}

// closeSocket is close([code [, reason]]). It does not wait for the peer.
func closeSocket(l *lua.LState, s *socket) int {
	code := websocket.StatusNormalClosure
	if l.Get(2) != lua.LNil {
		n, ok := bind.Integer(l.CheckNumber(2), 1000, 4999)
		if !ok || n > 1001 && n < 3000 {
			l.ArgError(2, "a code is 1000, 1001, or from 3000 to 4999")
		}
		code = websocket.StatusCode(n)
	}
	reason := l.OptString(3, "")
	if len(reason) > 123 || !utf8.ValidString(reason) {
		l.ArgError(3, "a reason is UTF-8 of at most 123 bytes")
	}
	s.closer.say(code, reason)
	_ = s.resource.Close()
	return 0
}

// closing returns the code and the reason that the peer gave for closing, or
// that it was sent. 1006 means that neither side sent a code, as RFC 6455
// defines.
func closing(end error) (code websocket.StatusCode, reason string) {
	var closed websocket.CloseError
	var broken *violation
	switch {
	case errors.As(end, &closed):
		return closed.Code, closed.Reason
	case errors.As(end, &broken):
		return broken.code, ""
	case errors.Is(end, websocket.ErrMessageTooBig):
		return websocket.StatusMessageTooBig, ""
	}
	return websocket.StatusAbnormalClosure, ""
}

// over returns why nothing can be sent, or nil if the connection is open.
func (s *socket) over() error {
	if end := s.inbox.why(); end != nil || s.resource.Closed() {
		return s.explain(end)
	}
	return nil
}

// explain turns an error into a message for scripts.
func (s *socket) explain(err error) error {
	end := s.inbox.why()
	if end == nil {
		end = err
	}
	var closed websocket.CloseError
	var broken *violation
	switch {
	case s.resource.Closed():
		return errClosed
	case errors.As(end, &broken):
		return broken
	case errors.As(end, &closed) && closed.Code == websocket.StatusNoStatusRcvd:
		return errors.New("closed by the peer")
	case errors.As(end, &closed) && closed.Reason == "":
		return fmt.Errorf("closed by the peer (%d)", int(closed.Code))
	case errors.As(end, &closed):
		return net.Plain(fmt.Errorf("closed by the peer (%d: %s)", int(closed.Code), closed.Reason))
	case errors.Is(end, websocket.ErrMessageTooBig):
		return fmt.Errorf("received a message of more than %d bytes (max_message)", s.settings.longest)
	case errors.Is(end, io.EOF), errors.Is(end, io.ErrUnexpectedEOF), errors.Is(end, stdnet.ErrClosed):
		return errors.New("closed by the peer without a close frame")
	}
	return net.Plain(end)
}
