package simulator

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"spectrumlua/runtime/wire"
)

// Defaults of Options.
const (
	DefaultTimeout    = 10 * time.Second
	DefaultKeepFrames = 10_000
	DefaultKeepBytes  = 64 << 20
)

// Options says how a simulated Spectrum behaves. The zero value of each field
// stands for its default.
type Options struct {
	// Manners is what happens without being asked; default: nothing does.
	Manners Manners
	// Timeout bounds each wait, whatever its context allows; default
	// DefaultTimeout.
	Timeout time.Duration
	// KeepFrames and KeepBytes bound what is remembered: the oldest frames go
	// first, whether taken or not.
	KeepFrames, KeepBytes int
	// MaxFrame is the longest frame that is read, in bytes; default
	// wire.DefaultMaxFrame.
	MaxFrame int
	// Trace is called with each frame as it passes, one at a time. It must not
	// block or use the Backend.
	Trace func(Frame)
}

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.KeepFrames <= 0 {
		o.KeepFrames = DefaultKeepFrames
	}
	if o.KeepBytes <= 0 {
		o.KeepBytes = DefaultKeepBytes
	}
	return o
}

// Backend is one connected backend, seen from Spectrum. Its methods may be
// called from any goroutine.
type Backend struct {
	opts    Options
	conn    net.Conn
	journal journal
	gate    gate

	writeMu sync.Mutex
	out     []byte

	violations violations
	manners    *manners // nil if the simulator sends nothing by itself

	goroutines sync.WaitGroup
	closeOnce  sync.Once
	done       chan struct{} // closed when nothing more will be read
	closing    chan struct{}
}

// Attach plays Spectrum on a connection, which from then on belongs to the
// Backend. Close must be called.
func Attach(conn net.Conn, o Options) *Backend {
	o = o.withDefaults()
	b := &Backend{
		opts:    o,
		conn:    conn,
		gate:    gate{conn: conn},
		journal: journal{keepFrames: o.KeepFrames, keepBytes: o.KeepBytes, trace: o.Trace},
		done:    make(chan struct{}),
		closing: make(chan struct{}),
	}
	if o.Manners != (Manners{}) {
		b.manners = newManners(b, o.Manners)
		b.goroutines.Go(b.manners.run)
	}
	b.goroutines.Go(b.read)
	return b
}

// Close closes the connection, waits until nothing of the Backend runs any
// more, and can be called again. What was received stays to be looked at.
func (b *Backend) Close() {
	b.closeOnce.Do(func() {
		close(b.closing)
		b.gate.open()
		_ = b.conn.Close()
	})
	b.goroutines.Wait()
}

// CloseWrite tells the backend that nothing more will come, and goes on
// reading. The connection must be able to: a TCP connection is.
func (b *Backend) CloseWrite() error {
	half, ok := b.conn.(interface{ CloseWrite() error })
	if !ok {
		return fmt.Errorf("a %T cannot be closed for writing alone", b.conn)
	}
	return half.CloseWrite()
}

// Done is closed when nothing more will come from the backend.
func (b *Backend) Done() <-chan struct{} { return b.done }

// Err is why nothing more will come: io.EOF if the backend closed the
// connection between two frames, net.ErrClosed after Close, otherwise what
// broke. It is nil before Done is closed.
func (b *Backend) Err() error {
	b.journal.mu.Lock()
	defer b.journal.mu.Unlock()
	return b.journal.ended
}

// StopReading leaves what the backend sends unread until Resume. What has been
// read already may still be remembered after it returns.
func (b *Backend) StopReading() { b.gate.shut() }

// Resume ends StopReading.
func (b *Backend) Resume() { b.gate.open() }

// Frames are the frames remembered, both directions, oldest first, and how
// many came before them.
func (b *Backend) Frames() (frames []Frame, forgotten uint64) { return b.journal.snapshot() }

// Received counts the frames from the backend.
func (b *Backend) Received() int {
	b.journal.mu.Lock()
	defer b.journal.mu.Unlock()
	return b.journal.frames
}

// read is the reading goroutine.
func (b *Backend) read() {
	frames := wire.NewReader(&b.gate, b.opts.MaxFrame)
	for {
		bytes, err := frames.Next()
		if err != nil {
			b.ended(err)
			return
		}
		f := Decode(FromBackend, append([]byte(nil), bytes...))
		b.violations.check(f)
		if b.manners == nil {
			b.journal.add(f)
			continue
		}
		b.manners.hearing.Lock()
		b.journal.add(f)
		b.manners.hear(f)
		b.manners.hearing.Unlock()
	}
}

func (b *Backend) ended(err error) {
	select {
	case <-b.closing:
		err = net.ErrClosed
	default:
		if errors.Is(err, wire.ErrTooLong) || errors.Is(err, io.ErrUnexpectedEOF) {
			b.violations.add(Violation{Text: "broken framing: " + err.Error()})
		}
	}
	b.journal.end(err)
	close(b.done)
}

// gate reads from a connection unless it is shut.
type gate struct {
	conn net.Conn

	mu   sync.Mutex
	held chan struct{} // closed when reads may go on; nil if they may
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == nil {
		g.held = make(chan struct{})
		_ = g.conn.SetReadDeadline(time.Unix(1, 0)) // ends a read under way
	}
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held != nil {
		_ = g.conn.SetReadDeadline(time.Time{})
		close(g.held)
		g.held = nil
	}
}

func (g *gate) Read(p []byte) (int, error) {
	for {
		g.mu.Lock()
		held := g.held
		g.mu.Unlock()
		if held != nil {
			<-held
		}
		n, err := g.conn.Read(p)
		// Nobody but the gate sets a deadline.
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
}
