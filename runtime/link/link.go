// Package link is the connection to Spectrum: one reader, one writer, a queue
// between the backend and the writer, and what must happen without the script:
// PONG, STATS, EXIT.
//
// A Link outlives nothing: it serves one connection. What sends through it
// knows only Send, Full and WaitRoom, so that a link can come and go under the
// users' sessions.
package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/pb"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/logging"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/wire"
)

// Defaults of Options.
const (
	DefaultMaxQueue     = 4 << 20
	DefaultWriteTimeout = 60 * time.Second
	DefaultPulse        = 5 * time.Second
)

// ErrClosed is what Send returns once the link has ended.
var ErrClosed = errors.New("the connection to Spectrum is closed")

// Options says how a Link behaves. The zero value of each field but Receive
// stands for its default.
type Options struct {
	// Receive takes every message but PING and EXIT. The payload is valid
	// until it returns. It is called by the goroutine of Run, one message at a
	// time; for as long as it blocks, nothing more is read from Spectrum.
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
	// Pulse is how often STATS leave while Receive blocks, so that Spectrum
	// does not take the backend for dead; default DefaultPulse.
	Pulse time.Duration
	// Log takes warnings; default: they are dropped.
	Log logrus.FieldLogger
}

// Link is one connection to Spectrum. Its methods may be called from any
// goroutine.
type Link struct {
	opts Options
	log  logrus.FieldLogger
	once logging.Once

	out       *outbox
	conn      net.Conn
	writer    sync.WaitGroup
	closeOnce sync.Once
	closing   chan struct{}

	initRSS   int32
	received  atomic.Uint64
	receiving atomic.Bool
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
	return &Link{opts: o, log: log, out: newOutbox(o.MaxQueue), closing: make(chan struct{}), initRSS: resident}
}

// Send queues a message for Spectrum and never blocks. A nil payload is left
// out. Until the first PONG only BACKEND_CONFIG leaves; everything else waits
// behind it. The error is ErrClosed once the link has ended; messages are then
// dropped.
func (l *Link) Send(typ pb.WrapperMessage_Type, payload []byte) error {
	return l.out.push(typ, payload)
}

// Full tells whether more than MaxQueue bytes wait to be written. A sender
// that can wait should then call WaitRoom.
func (l *Link) Full() bool { return l.out.full() }

// WaitRoom blocks until less than MaxQueue bytes wait, the link has ended or
// ctx is done, and returns ctx's error if it is done.
func (l *Link) WaitRoom(ctx context.Context) error { return l.out.waitRoom(ctx) }

// Run serves the connection until Spectrum says EXIT, closes it, breaks the
// framing, or ctx is done. It returns nil for EXIT, for an end of the stream
// between two frames, and for ctx; otherwise what went wrong, wrapping
// wire.ErrTooLong for a length over the limit. Messages can still be sent
// afterwards; Close ends that. Run is called once.
func (l *Link) Run(ctx context.Context, conn net.Conn) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l.conn = conn
	writeFailed := make(chan error, 1)
	l.writer.Go(func() {
		defer crash.Guard()
		if err := l.write(conn); err != nil {
			writeFailed <- err
			cancel()
		}
	})
	pulse := make(chan struct{})
	go func() {
		defer crash.Guard()
		defer close(pulse)
		l.pulse(ctx)
	}()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Now()) })
	defer stop()

	err := l.read(ctx, conn)
	cancel()
	<-pulse
	select {
	case werr := <-writeFailed:
		return werr
	default:
		return err
	}
}

// Close writes what is queued for as long as ctx lasts, closes the connection
// and ends the writer. Further calls do nothing.
func (l *Link) Close(ctx context.Context) {
	l.closeOnce.Do(func() {
		l.out.close()
		if l.conn == nil {
			return
		}
		stop := context.AfterFunc(ctx, func() { _ = l.conn.SetWriteDeadline(time.Now()); close(l.closing) })
		l.writer.Wait()
		stop()
		_ = l.conn.Close()
	})
}

func (l *Link) read(ctx context.Context, conn net.Conn) error {
	frames := wire.NewReader(conn, l.opts.MaxFrame)
	for {
		frame, err := frames.Next()
		switch {
		case err == nil:
		case ctx.Err() != nil, errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, io.ErrUnexpectedEOF):
			return fmt.Errorf("spectrum closed the connection in the middle of a frame: %w", err)
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
		l.log.WithField("bytes", len(frame)).Warnf("a frame from Spectrum is passed over: %v", err)
		return false
	}
	switch number {
	case pb.WrapperMessage_TYPE_PING:
		l.pong()
		return false
	case pb.WrapperMessage_TYPE_EXIT:
		l.log.Info("Spectrum said EXIT")
		return true
	}
	typ := schema.TypeByNumber(number)
	if typ == nil {
		l.once.Do(fmt.Sprintf("type %d", number), func() {
			l.log.Warnf("messages of the unknown type %d are passed over: Spectrum is newer than this program (logged once)", number)
		})
		return false
	}
	l.receiving.Store(true)
	l.opts.Receive(ctx, typ, payload)
	l.receiving.Store(false)
	l.received.Add(1)
	return false
}

// pong answers a PING ahead of everything queued.
func (l *Link) pong() {
	l.out.pushPong(l.stats())
}

// pulse sends STATS while reading pauses.
func (l *Link) pulse(ctx context.Context) {
	tick := time.NewTicker(l.opts.Pulse)
	defer tick.Stop()
	last := uint64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := l.received.Load()
		if now == last && l.receiving.Load() {
			l.out.pushStats(l.stats())
		}
		last = now
	}
}
