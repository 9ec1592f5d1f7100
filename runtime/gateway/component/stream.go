package component

import (
	"context"
	"io"
	"net"
	"sync"
	"time"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/slowpeer"
	"spectrumlua/runtime/xmltree"
)

const (
	readSize  = 32 << 10
	streamEnd = "</stream:stream>"
	// lastWords is how long the reader continues after a failed write, because the
	// server may have sent the reason.
	lastWords = 100 * time.Millisecond
	// lingerTime is how long an orderly end waits for the server's side.
	lingerTime = time.Second
	// looksPerTimeout is how often the reader checks for silence within a timeout.
	looksPerTimeout = 4
)

// stream is one connection.
type stream struct {
	c       *Component
	conn    net.Conn
	ack     func() // see quickAck
	writer  *slowpeer.Writer
	parser  *xmltree.Parser
	buf     []byte
	ready   []*xmltree.Node // parsed and not handled
	wrong   error           // of the parser
	heard   time.Time       // when the server has sent something
	drained bool            // the last read has emptied the socket
	looked  time.Time       // when the reader has checked for silence

	greeted bool // the server has opened a stream for components

	readerDone, writerDone chan struct{}
	ended                  chan struct{} // closed when the writer has to end at once
	endOnce                sync.Once

	mu      sync.Mutex
	failed  time.Time // when the writer failed; zero before
	failure error
}

// end ends the writer, even if it waits in a write.
func (s *stream) end() {
	s.endOnce.Do(func() {
		close(s.ended)
		_ = s.conn.Close()
	})
}

// read passes the stanzas to Handle until the stream ends or ctx is done. It returns nil
// in the latter case, otherwise an *Error.
func (s *stream) read(ctx context.Context) error {
	defer close(s.readerDone)
	stop := context.AfterFunc(ctx, func() { _ = s.conn.SetReadDeadline(time.Unix(1, 0)) })
	defer stop()
	s.heard = time.Now()
	s.looked = s.heard
	for {
		for len(s.ready) > 0 && ctx.Err() == nil {
			n := s.ready[0]
			s.ready[0] = nil
			s.ready = s.ready[1:]
			if err := s.handle(ctx, n); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		if s.parser.Closed() {
			return s.c.fail(ErrEnded, nil)
		}
		if s.drained && s.heard.Sub(s.looked) >= s.lookEvery() {
			if err := s.look(s.heard); err != nil {
				return err
			}
		}
		if err := s.fill(ctx); err != nil {
			return err
		}
	}
}

// fill reads and parses more data, and watches how long the server is silent.
func (s *stream) fill(ctx context.Context) error {
	_ = s.conn.SetReadDeadline(s.readDeadline())
	if ctx.Err() != nil { // the deadline above may have replaced that of ctx
		return nil
	}
	err := s.more()
	switch {
	case err == nil, ctx.Err() != nil:
		return nil
	case s.wrong != nil:
		return s.c.fail(ErrMalformed, s.wrong)
	case s.writeFailure() != nil:
		return s.writeFailure()
	case isTimeout(err):
		return s.look(time.Now())
	}
	return s.c.lost(err)
}

func (s *stream) readDeadline() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.failed.IsZero() {
		return s.failed.Add(lastWords)
	}
	return time.Now().Add(s.lookEvery())
}

func (s *stream) lookEvery() time.Duration {
	return min(s.c.opts.PingAfter, s.c.opts.PingTimeout) / looksPerTimeout
}

// more reads once and parses what has arrived. Elements before an error are ready.
func (s *stream) more() error {
	switch {
	case s.wrong != nil:
		return s.wrong
	case s.parser.Closed():
		return io.EOF
	}
	n, err := s.conn.Read(s.buf)
	s.ack()
	if n == 0 {
		return err
	}
	s.heard, s.drained = time.Now(), n < len(s.buf)
	done, wrong := s.parser.Feed(string(s.buf[:n]))
	s.ready, s.wrong = append(s.ready, done...), wrong
	return nil
}

// next waits for the next element.
func (s *stream) next() (*xmltree.Node, error) {
	for len(s.ready) == 0 {
		if err := s.more(); err != nil {
			return nil, err
		}
	}
	n := s.ready[0]
	s.ready = s.ready[1:]
	return n, nil
}

// look checks for silence: no answer to a ping, or nothing at all. Everything that has arrived
// must have been handled, because the answer may be in it.
func (s *stream) look(now time.Time) error {
	s.looked = now
	asked := s.c.out.pingAge()
	switch {
	case asked.IsZero():
		if now.Sub(s.heard) >= s.c.opts.PingAfter {
			s.c.out.ping()
		}
	case now.Sub(asked) < s.c.opts.PingTimeout:
	case s.heard.Before(asked):
		return s.c.fail(ErrTimeout, nil)
	case !s.c.out.pingAgain():
		s.c.once.Do("pings", func() {
			s.c.log.Warn("the XMPP server does not answer pings: stanzas may be lost when it restarts")
		})
	}
	return nil
}

// write is the writer. It returns when the outbox is closed and empty, a write fails or
// end is called.
func (s *stream) write() {
	defer close(s.writerDone)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		b := s.c.out.take(time.Now())
		switch {
		case b.end:
			_ = s.say(streamEnd)
			return
		case b.empty():
			timer.Reset(cmpDuration(b.wait, time.Hour))
			select {
			case <-s.c.out.wake:
			case <-timer.C:
			case <-s.ended:
				return
			}
			continue
		}
		if err := s.writer.Write(b.parts()); err != nil {
			s.writeFailed(err)
			return
		}
		s.c.out.wrote(b, time.Now())
	}
}

func cmpDuration(d, zero time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return zero
}

// writeFailed records an error of the writer and wakes up the reader.
func (s *stream) writeFailed(err error) {
	s.mu.Lock()
	s.failed, s.failure = time.Now(), s.c.lost(err)
	s.mu.Unlock()
	_ = s.conn.SetReadDeadline(time.Now().Add(lastWords))
	s.c.out.setOnline(false) // nothing is written any more: Handle may wait for capacity
}

func (s *stream) writeFailure() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failure
}

// start starts the writer.
func (s *stream) start() {
	go func() {
		defer crash.Guard()
		s.write()
	}()
}

// hangUp waits for the server's end of the stream, and closes the connection. A
// connection that is closed with unread input is reset, and data on its way to the
// server would be lost.
func (s *stream) hangUp(ctx context.Context) {
	stop := context.AfterFunc(ctx, func() { _ = s.conn.Close() })
	defer stop()
	_ = s.conn.SetReadDeadline(time.Now().Add(lingerTime))
	for !s.parser.Closed() {
		n, err := s.conn.Read(s.buf)
		if _, wrong := s.parser.Feed(string(s.buf[:n])); err != nil || wrong != nil {
			break
		}
	}
	_ = s.conn.Close()
}
