// Package link is the connection to Spectrum: one reader, one writer, a queue
// between the backend and the writer, and what must happen without the script:
// PONG, STATS, EXIT.
//
// A Link outlives nothing: it serves one connection. What sends through it
// knows only Send, Full and WaitCapacity, so that a link can come and go under the
// users' sessions.
package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/pb"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/schema"
)

// Defaults of Options.
const (
	DefaultMaxQueue     = 4 << 20
	DefaultWriteTimeout = 60 * time.Second
	DefaultPulse        = 5 * time.Second
)

// garbageEvery is how often the same complaint about what Spectrum sends comes
// back in the log.
const garbageEvery = time.Minute

// lastWords is how long is still read after a write has failed: Spectrum may
// have said EXIT before it hung up.
const lastWords = 100 * time.Millisecond

// ErrClosed is what Send returns once the link has ended.
var ErrClosed = errors.New("the connection to Spectrum is closed")

// errInterrupted ends the reader when the context is done.
var errInterrupted = errors.New("interrupted")

// Options says how a Link behaves. The zero value of each field but Receive
// stands for its default.
type Options struct {
	// Receive takes every message but PING and EXIT. The payload is valid
	// until it returns. It is called by the goroutine of Run, one message at a
	// time; for as long as it blocks, nothing more is read from Spectrum. Its
	// context ends when Run is to return.
	Receive func(ctx context.Context, typ *schema.Type, payload []byte)
	// MaxFrame is the longest frame that is read, in bytes; default
	// wire.DefaultMaxFrame.
	MaxFrame int
	// MaxQueue is how many bytes may wait to be written before Full; default
	// DefaultMaxQueue.
	MaxQueue int
	// WriteTimeout ends a link whose peer takes nothing for so long; default
	// DefaultWriteTimeout.
	WriteTimeout time.Duration
	// Pulse is how often STATS leave while Receive is busy and nothing else
	// leaves, so that Spectrum does not take the backend for dead; default
	// DefaultPulse.
	Pulse time.Duration
	// Log takes warnings; default: they are dropped.
	Log logrus.FieldLogger
	// Observer is told of what passes; default: nobody is.
	Observer Observer
}

// Observer is told of each message as it passes, in order, all but PING, PONG and
// STATS: In before Receive is called, Out as it is queued. A payload is valid
// until the method returns; nil is none. The methods may be called from any
// goroutine, must not block and must not use the link.
type Observer interface {
	In(typ pb.WrapperMessage_Type, payload []byte)
	Out(typ pb.WrapperMessage_Type, payload []byte)
}

// Link is one connection to Spectrum. Its methods may be called from any
// goroutine.
type Link struct {
	opts    Options
	log     logrus.FieldLogger
	once    logging.Once
	garbage logging.Once

	out       *outbox
	initRSS   int32
	receiving atomic.Bool
	closeOnce sync.Once

	mu         sync.Mutex
	closed     bool
	conn       net.Conn           // what Run serves; nil before
	interrupt  context.CancelFunc // ends Run's context
	readerDone chan struct{}
	writerDone chan struct{}
}

// New makes a link that is not connected yet: what is sent waits.
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
	resident, _ := memory()
	return &Link{
		opts:    o,
		log:     log,
		garbage: logging.Once{Every: garbageEvery},
		out:     newOutbox(o.MaxQueue, o.Observer),
		initRSS: resident,
	}
}

// Send queues a message for Spectrum and never blocks. A nil payload is left
// out. Until the first PONG nothing leaves; BACKEND_CONFIG then goes ahead of
// it, and everything else behind it. The error is ErrClosed once the link has
// ended; messages are then dropped.
func (l *Link) Send(typ pb.WrapperMessage_Type, payload []byte) error {
	return l.out.push(typ, payload)
}

// Sent counts the messages that Send has queued so far, whether they have left
// or not.
func (l *Link) Sent() uint64 { return l.out.count() }

// Full tells whether MaxQueue bytes or more wait to be written. A sender that
// can wait should then call WaitCapacity, and ask again before it sends: others
// were waiting too.
func (l *Link) Full() bool { return l.out.full() }

// WaitCapacity returns at once unless the link is Full. Otherwise it blocks until
// half of MaxQueue is free, the link has ended or ctx is done, and returns
// ctx's error if it is done.
func (l *Link) WaitCapacity(ctx context.Context) error { return l.out.waitCapacity(ctx) }

// Run serves the connection until Spectrum says EXIT, closes it, breaks the
// framing, ctx is done or Close is called. It returns nil for EXIT, for an end
// of the stream between two frames, for ctx and for Close; otherwise what went
// wrong, wrapping wire.ErrTooLong for a length over the limit. Messages can
// still be sent afterwards; Close ends that. Run is called once; after Close
// it closes the connection and returns ErrClosed.
func (l *Link) Run(ctx context.Context, conn net.Conn) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if !l.start(conn, func() { cancel(nil) }) {
		_ = conn.Close()
		return ErrClosed
	}
	defer close(l.readerDone)
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
	helpers.Go(func() { // whoever waits for Spectrum's next frame wakes up
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

// writeError is the cause that ends Run's context when a write has failed.
type writeError struct{ error }

// writeFailure is the write that ended a context, or nil if something else
// did.
func writeFailure(ctx context.Context) error {
	if failed := (writeError{}); errors.As(context.Cause(ctx), &failed) {
		return failed.error
	}
	return nil
}

// start takes the connection, unless the link has been closed.
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

func (l *Link) read(ctx context.Context, conn net.Conn) error {
	frames := newFrames(conn, l.opts.MaxFrame, func() { l.out.pushPong(l.stats()) })
	for {
		frame, err := frames.Next()
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return nil
		case ctx.Err() != nil:
			return errInterrupted
		case errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("Spectrum closed the connection in the middle of a frame: %w", err)
		default:
			return fmt.Errorf("reading from Spectrum: %w", err)
		}
		if exit := l.handle(ctx, frame); exit {
			return nil
		}
	}
}

// handle deals with one frame and tells whether it was EXIT. Whatever cannot
// be understood is logged and passed over.
func (l *Link) handle(ctx context.Context, frame []byte) (exit bool) {
	if len(frame) == 0 {
		l.once.Do("empty", func() { l.log.Warn("an empty frame from Spectrum is passed over (logged once)") })
		return false
	}
	number, payload, err := pb.SplitWrapper(frame)
	if err != nil {
		l.garbage.Do(err.Error(), func() {
			l.log.WithField("bytes", len(frame)).Warnf("a frame from Spectrum is passed over: %v (logged once in %v)", err, garbageEvery)
		})
		return false
	}
	if number == pb.WrapperMessage_TYPE_PING {
		l.out.pushPong(l.stats())
		return false
	}
	if l.opts.Observer != nil {
		l.opts.Observer.In(number, payload)
	}
	if number == pb.WrapperMessage_TYPE_EXIT {
		l.log.Info("Spectrum said EXIT")
		return true
	}
	typ := schema.TypeByNumber(number)
	if typ == nil {
		l.once.Do("type "+strconv.Itoa(int(number)), func() {
			l.log.Warnf("messages of the unknown type %d are passed over: Spectrum is newer than this program (logged once)", number)
		})
		return false
	}
	l.receiving.Store(true)
	l.opts.Receive(ctx, typ, payload)
	l.receiving.Store(false)
	return false
}

// pulse sends STATS when Receive is busy and nothing else has left since the
// last time: then a PING may be waiting unread.
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
