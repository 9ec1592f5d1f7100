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

// Options are the options of a simulated Spectrum. A zero field has its default.
type Options struct {
	// Manners is what the simulator does by itself; by default it does nothing.
	Manners Manners
	// Timeout limits each wait, in addition to its context; default: DefaultTimeout.
	Timeout time.Duration
	// KeepFrames and KeepBytes limit the frames that the simulator keeps. It drops the
	// oldest first, even if no call has taken them.
	KeepFrames, KeepBytes int
	// MaxFrame is the largest frame that the simulator reads, in bytes; default:
	// wire.DefaultMaxFrame.
	MaxFrame int
	// Gateway plays the gateway of serve instead of Spectrum: the backend may send the types
	// and fields that only the gateway knows.
	Gateway bool
	// Trace receives each frame in both directions. Calls do not overlap. It must not
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

// Backend is one connected backend, as Spectrum sees it. It is safe for concurrent use.
type Backend struct {
	opts    Options
	conn    net.Conn
	journal journal
	gate    gate

	writeMu sync.Mutex
	out     []byte

	violations violations
	occupancy  occupancy
	manners    *manners // nil if the simulator sends nothing by itself

	goroutines sync.WaitGroup
	closeOnce  sync.Once
	done       chan struct{} // closed when reading has ended
	closing    chan struct{}
}

// Attach plays Spectrum on a connection. The Backend owns the connection. The caller
// must call Close.
func Attach(conn net.Conn, o Options) *Backend {
	o = o.withDefaults()
	b := &Backend{
		opts:    o,
		conn:    conn,
		gate:    gate{conn: conn},
		journal: journal{keepFrames: o.KeepFrames, keepBytes: o.KeepBytes, trace: o.Trace},
		done:    make(chan struct{}),
		closing: make(chan struct{}),

		violations: violations{gateway: o.Gateway},
		occupancy:  occupancy{gateway: o.Gateway},
	}
	if o.Manners != (Manners{}) {
		b.manners = newManners(b, o.Manners)
		b.goroutines.Go(b.manners.run)
	}
	b.goroutines.Go(b.read)
	return b
}

// Gateway reports whether the simulator plays the gateway; see Options.
func (b *Backend) Gateway() bool { return b.opts.Gateway }

// Close closes the connection and waits for the Backend's goroutines. It may be called
// again. The received frames remain available.
func (b *Backend) Close() {
	b.closeOnce.Do(func() {
		close(b.closing)
		b.gate.open()
		_ = b.conn.Close()
	})
	b.goroutines.Wait()
}

// CloseWrite closes the sending direction and continues to read. It returns an error if
// the connection cannot do this; a TCP connection can.
func (b *Backend) CloseWrite() error {
	half, ok := b.conn.(interface{ CloseWrite() error })
	if !ok {
		return fmt.Errorf("a %T cannot close only its writing direction", b.conn)
	}
	return half.CloseWrite()
}

// Done is closed when the connection has ended and everything is read.
func (b *Backend) Done() <-chan struct{} { return b.done }

// Err returns why the connection ended: io.EOF if the backend closed it between two
// frames, net.ErrClosed after Close, or another error. It returns nil before Done is
// closed.
func (b *Backend) Err() error {
	b.journal.mu.Lock()
	defer b.journal.mu.Unlock()
	return b.journal.ended
}

// StopReading stops reading from the backend until Resume. A frame that is already read
// may still appear after it returns.
func (b *Backend) StopReading() { b.gate.shut() }

// Resume ends StopReading.
func (b *Backend) Resume() { b.gate.open() }

// Frames returns the kept frames of both directions, oldest first, and the number of
// frames before them.
func (b *Backend) Frames() (frames []Frame, forgotten uint64) { return b.journal.snapshot() }

// Received returns the number of frames from the backend.
func (b *Backend) Received() int {
	b.journal.mu.Lock()
	defer b.journal.mu.Unlock()
	return b.journal.frames
}

// read runs the reading goroutine.
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
		f.Dropped = b.occupancy.dropped(f)
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

// gate reads from a connection, except while it is shut.
type gate struct {
	conn net.Conn

	mu   sync.Mutex
	held chan struct{} // closed when the gate opens; nil while it is open
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == nil {
		g.held = make(chan struct{})
		_ = g.conn.SetReadDeadline(time.Unix(1, 0)) // interrupts a running Read
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
		// Only the gate sets a deadline.
		if n > 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			return n, err
		}
	}
}
