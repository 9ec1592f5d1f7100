package websocket

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/coder/websocket"

	"spectrumlua/runtime/crash"
)

// goodbye is how long to wait for the peer's answer to a close frame.
const goodbye = 2 * time.Second

// pump reads for as long as the connection lives. Pings and the peer's close
// frame need an answer even when no script receives.
func (s *socket) pump() {
	defer crash.Guard()
	defer s.cancel()
	for {
		kind, data, err := s.ws.Read(s.ctx)
		if err != nil {
			s.end(err)
			return
		}
		s.inbox.put(s.ctx, message{kind: kind, data: data})
	}
}

// end ends the connection. It tells the peer the reason if the peer has broken
// the protocol.
func (s *socket) end(err error) {
	s.inbox.finish(err)
	var broken *violation
	if !errors.As(err, &broken) {
		_ = s.ws.CloseNow()
		return
	}
	late := time.AfterFunc(goodbye, func() { _ = s.conn.Close() })
	defer late.Stop()
	_ = s.ws.Close(broken.code, broken.text)
}

var errDead = errors.New("the peer does not answer pings")

// keepAlive sends pings and ends the connection if the peer does not answer.
func (s *socket) keepAlive() {
	defer crash.Guard()
	tick := time.NewTicker(s.settings.interval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			s.checkPeer()
		case <-s.ctx.Done():
			return
		}
	}
}

// checkPeer sends a ping and waits for the answer. Data that arrives meanwhile
// counts as an answer too. A peer is never considered dead while this side
// does not read or still writes.
func (s *socket) checkPeer() {
	ctx, cancel := context.WithTimeout(s.ctx, s.settings.interval)
	defer cancel()
	before := s.conn.reads.Load()
	unsure := func() bool { return s.inbox.blocked() || !s.turns.Empty() }
	if unsure() || s.ws.Ping(ctx) == nil {
		return
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) && s.conn.reads.Load() == before && !unsure() {
		s.inbox.finish(errDead)
		_ = s.ws.CloseNow()
	}
}

// closer ends a connection and tells the peer the reason.
type closer struct {
	ws     *websocket.Conn
	conn   *watched
	cancel context.CancelFunc

	mu     sync.Mutex
	code   websocket.StatusCode
	reason string
}

// say sets the reason that Close tells the peer.
func (c *closer) say(code websocket.StatusCode, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.code, c.reason = code, reason
}

// Close does not wait for the peer.
func (c *closer) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	go func(code websocket.StatusCode, reason string) {
		defer crash.Guard()
		late := time.AfterFunc(goodbye, func() { _ = c.conn.Close() })
		defer late.Stop()
		_ = c.ws.Close(code, reason)
		c.cancel()
	}(c.code, c.reason)
	return nil
}
