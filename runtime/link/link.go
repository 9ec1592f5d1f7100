// Package link is the connection to Spectrum: a reader, a writer, and a queue in
// front of the writer. It answers PING itself, sends STATS and reports EXIT, so
// that these work while the script is busy.
//
// A Link serves one connection: New creates it, Run serves it and Close ends it. Code
// that sends messages needs only Send, Full and WaitCapacity.
package link

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/pb"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/memory"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/slowpeer"
	"spectrumlua/runtime/task"
)

// Defaults of Options.
const (
	DefaultMaxQueue     = 4 << 20
	DefaultWriteTimeout = 60 * time.Second
	DefaultPulse        = 5 * time.Second
)

// garbageEvery is how often the log repeats a warning about malformed frames.
const garbageEvery = time.Minute

// lastWords is how long the reader continues after a failed write, because Spectrum
// may have sent EXIT before it closed the connection.
const lastWords = 100 * time.Millisecond

// ErrClosed is returned by Send after the link has ended.
var ErrClosed = errors.New("the connection to Spectrum is closed")

// errInterrupted ends the reader when the context is done.
var errInterrupted = errors.New("interrupted")

// Options are the settings of a Link. Only Receive is required; the zero value of
// every other field selects its default.
type Options struct {
	// Receive is called for every message except PING and EXIT, one after the other. The
	// payload is valid until Receive returns. Reading from Spectrum pauses while Receive
	// blocks, unless it has called the lender's Keep. Receive must not use the payload
	// after that, and is called for the next message. The lender is nil while handlers are
	// too slow for the reader. The context ends when Run has to return.
	Receive func(ctx context.Context, typ *schema.Type, payload []byte, lender task.Lender)
	// MaxFrame is the size of the longest frame that is accepted, in bytes; default
	// wire.DefaultMaxFrame.
	MaxFrame int
	// MaxQueue is the number of queued bytes from which the link is Full; default
	// DefaultMaxQueue.
	MaxQueue int
	// WriteTimeout ends a link whose peer accepts no data for that long; default
	// DefaultWriteTimeout.
	WriteTimeout time.Duration
	// Pulse is how often the link sends STATS while Receive is busy and it sends
	// nothing else. Without them Spectrum would consider the backend dead. Default
	// DefaultPulse.
	Pulse time.Duration
	// Log receives warnings. Nil drops them.
	Log logrus.FieldLogger
	// Observer sees the messages. Nil means no observer.
	Observer Observer
}

// Observer is called for each message except PING, PONG and STATS, in order: In
// before Receive is called, Out when the message is queued. A payload is valid
// until the method returns, and nil if the message has no payload. The methods are
// called from any goroutine, must not block and must not use the link.
type Observer interface {
	In(typ pb.WrapperMessage_Type, payload []byte)
	Out(typ pb.WrapperMessage_Type, payload []byte)
}

// Link is one connection to Spectrum. It is safe for concurrent use.
type Link struct {
	opts    Options
	log     logrus.FieldLogger
	once    logging.Once
	garbage logging.Once

	out       *outbox
	initRSS   int32
	receiving atomic.Bool // the leader is in Receive
	connected atomic.Bool
	closeOnce sync.Once
	linger    time.Duration // lingerTime; tests change it

	mu         sync.Mutex
	closed     bool
	conn       net.Conn           // the connection of Run; nil before
	interrupt  context.CancelFunc // ends Run's context
	readerDone chan struct{}
	writerDone chan struct{}
}

// New returns a link without a connection. Messages are queued until Run.
func New(o Options) *Link {
	if o.MaxQueue <= 0 {
		o.MaxQueue = DefaultMaxQueue
	}
	if o.WriteTimeout <= 0 {
		o.WriteTimeout = DefaultWriteTimeout
	}
	if o.Pulse <= 0 {
		o.Pulse = DefaultPulse
	}
	log := o.Log
	if log == nil {
		quiet := logrus.New()
		quiet.SetOutput(io.Discard)
		log = quiet
	}
	resident, _ := memory.Resident()
	return &Link{
		opts:    o,
		log:     log,
		garbage: logging.Once{Every: garbageEvery},
		out:     newOutbox(o.MaxQueue, o.Observer),
		initRSS: int32(resident >> 10),
		linger:  lingerTime,
	}
}

// Send queues a message for Spectrum and never blocks. A nil payload is omitted.
// The link sends nothing before the first PONG; BACKEND_CONFIG then goes before it,
// and all other messages after it. Send returns ErrClosed and drops the message if
// the link has ended.
func (l *Link) Send(typ pb.WrapperMessage_Type, payload []byte) error {
	return l.out.push(typ, payload)
}

// Sent returns the number of messages that Send has queued so far.
func (l *Link) Sent() uint64 { return l.out.count() }

// Queued returns the number of bytes that wait to be written to Spectrum.
func (l *Link) Queued() int64 { return l.out.queued.Load() }

// Connected reports whether Run serves a connection.
func (l *Link) Connected() bool { return l.connected.Load() }

// Full reports whether at least MaxQueue bytes wait to be written. A sender that
// can wait should then call WaitCapacity, and check Full again before it sends,
// because other senders may have waited too.
func (l *Link) Full() bool { return l.out.full() }

// WaitCapacity returns nil at once unless the link is Full. Otherwise it blocks
// until half of MaxQueue is free, the link has ended or ctx is done. It returns
// ctx's cause if ctx is done.
func (l *Link) WaitCapacity(ctx context.Context) error { return l.out.waitCapacity(ctx) }

// Run serves the connection until Spectrum sends EXIT or closes it, a frame is
// malformed, ctx is done, or Close is called. It returns nil after EXIT, an end of
// the stream between two frames, ctx or Close. It returns an error that wraps
// wire.ErrTooLong if a frame is too long. Send still works after Run, until Close.
// Run may be called once. After Close it closes conn and returns ErrClosed.
func (l *Link) Run(ctx context.Context, conn net.Conn) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !l.start(conn, func() { cancel(nil) }) {
		_ = conn.Close()
		return ErrClosed
	}
	defer close(l.readerDone)
	l.connected.Store(true)
	defer l.connected.Store(false)
	go func() {
		defer crash.Guard()
		defer close(l.writerDone)
		if err := l.write(conn); err != nil {
			cancel(writeError{err})
		}
	}()
	var helpers sync.WaitGroup
	helpers.Go(func() {
		defer crash.Guard()
		l.pulse(ctx)
	})
	helpers.Go(func() { // wakes up the reader
		defer crash.Guard()
		<-ctx.Done()
		deadline := time.Unix(1, 0)
		if writeFailure(ctx) != nil {
			deadline = time.Now().Add(lastWords)
		}
		_ = conn.SetReadDeadline(deadline)
	})
	err := l.read(ctx, conn)
	if errors.Is(err, errInterrupted) {
		err = writeFailure(ctx)
	}
	cancel(nil)
	helpers.Wait()
	return err
}

// writeError is the cause that ends Run's context after a failed write.
type writeError struct{ error }

// writeFailure returns the write error that ended ctx, or nil if ctx ended
// otherwise.
func writeFailure(ctx context.Context) error {
	if failed := (writeError{}); errors.As(context.Cause(ctx), &failed) {
		return failed.error
	}
	return nil
}

// read reads until the end and returns its reason.
func (l *Link) read(ctx context.Context, conn net.Conn) error {
	ended := make(chan error, 1)
	in := newFrames(conn, l.opts.MaxFrame, func() { l.out.pushPong(l.stats()) })
	go (&lead{link: l, ctx: ctx, in: in, now: slowpeer.NewNow(conn), ended: ended, next: make(chan struct{})}).run()
	return <-ended
}

// start stores the connection. It returns false if the link is closed.
func (l *Link) start(conn net.Conn, interrupt context.CancelFunc) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		panic("link: Run is called twice")
	}
	if l.closed {
		return false
	}
	l.conn, l.interrupt = conn, interrupt
	l.readerDone, l.writerDone = make(chan struct{}), make(chan struct{})
	return true
}

// pulse sends STATS while Receive is busy and the link sends nothing else. A PING may
// then wait unread behind the current message.
func (l *Link) pulse(ctx context.Context) {
	tick := time.NewTicker(l.opts.Pulse)
	defer tick.Stop()
	last := l.out.taken()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := l.out.taken()
		if now == last && l.receiving.Load() {
			l.out.pushStats(l.stats())
		}
		last = now
	}
}
