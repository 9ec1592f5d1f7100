package link

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"

	"spectrumlua/pb"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/slowpeer"
)

// One goroutine at a time reads from the connection: the leader. It lends itself to the
// handlers of the messages that it reads, and writes what they send, so that a message
// and its answer need no switch between goroutines. A handler that takes long keeps the
// goroutine, and another one becomes the leader.

const (
	// flushSize is the number of queued bytes from which the leader writes although more
	// frames are already buffered.
	flushSize = 16 << 10
	// maxSpare is the number of idle goroutines that are kept to lead.
	maxSpare = 4
)

// lead is the work of the leader. It sends the result of reading to ended.
type lead struct {
	link  *Link
	ctx   context.Context
	in    *frames
	now   *slowpeer.Now // nil: the connection is not a socket
	ended chan error
	// next receives a value when a spare goroutine has to lead.
	next chan struct{}
	// spare is the number of goroutines that wait for that.
	spare atomic.Int32
}

// run leads until the goroutine is kept, and again each time that a leader is needed.
func (l *lead) run() {
	defer crash.Guard()
	for l.leads() && l.waits() {
	}
}

// waits waits until a leader is needed. It returns false if enough goroutines wait
// already, or reading has ended.
func (l *lead) waits() bool {
	defer l.spare.Add(-1)
	if l.spare.Add(1) > maxSpare {
		return false
	}
	select {
	case <-l.next:
		return true
	case <-l.ctx.Done():
		return false
	}
}

// leads reads and handles frames. It returns true if a handler has kept the goroutine,
// and false after the end of reading.
func (l *lead) leads() (kept bool) {
	t := &turn{lead: l}
	l.link.receiving.Store(false)
	for {
		l.flush()
		frame, err := l.in.Next()
		if err != nil {
			l.end(l.explain(err))
			return false
		}
		exit := l.link.handle(l.ctx, frame, t)
		switch {
		case t.kept:
			t.Waits()
			return true
		case exit:
			l.end(nil)
			return false
		}
		l.link.out.quiet.Store(false)
	}
}

// end ends reading. The writer writes what flush has not.
func (l *lead) end(err error) {
	l.link.out.signal()
	l.ended <- err
}

// turn lends the leader's goroutine. It implements task.Lender.
type turn struct {
	lead *lead
	kept bool // guarded by the scheduler's lock while Receive runs
}

// Lend makes the messages of the handler wait for flush.
func (t *turn) Lend() {
	if t.lead.now != nil {
		t.lead.link.out.quiet.Store(true)
	}
}

// Keep makes another goroutine the leader. It begins by writing what the handler has sent.
func (t *turn) Keep() {
	t.kept = true
	select {
	case t.lead.next <- struct{}{}:
	default:
		go t.lead.run()
	}
}

// Blocks makes the writer write what earlier handlers have sent.
func (t *turn) Blocks() { t.Flush() }

// Flush makes the writer write what a handler has sent that computes for long.
func (t *turn) Flush() {
	if out := t.lead.link.out; out.queued.Load() > 0 {
		out.signal()
	}
}

// Waits makes each further message of the handler wake up the writer.
func (t *turn) Waits() {
	t.lead.link.out.quiet.Store(false)
	t.Flush()
}

// flush writes what handlers have sent, before the leader waits for data or when enough
// is queued.
func (l *lead) flush() {
	queued := l.link.out.queued.Load()
	if queued == 0 || l.now == nil || queued < flushSize && l.in.Buffered() {
		return
	}
	if parts, _ := l.link.out.take(); parts != nil {
		rest, _ := l.now.Write(parts) // the writer fails too
		l.link.out.wrote(rest)
	}
}

// explain returns the result of reading after an error.
func (l *lead) explain(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case l.ctx.Err() != nil:
		return errInterrupted
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("Spectrum closed the connection in the middle of a frame: %w", err)
	}
	return fmt.Errorf("reading from Spectrum: %w", err)
}

// handle handles one frame and reports whether it was EXIT. It logs and ignores
// frames that it cannot decode.
func (l *Link) handle(ctx context.Context, frame []byte, t *turn) (exit bool) {
	if len(frame) == 0 {
		l.once.Do("empty", func() { l.log.Warn("an empty frame from Spectrum is ignored (logged once)") })
		return false
	}
	number, payload, err := pb.SplitWrapper(frame)
	if err != nil {
		l.garbage.Do(err.Error(), func() {
			l.log.WithField("bytes", len(frame)).Warnf("a frame from Spectrum is ignored: %v (logged once in %v)", err, garbageEvery)
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
			l.log.Warnf("messages of the unknown type %d are ignored: Spectrum is newer than this program (logged once)", number)
		})
		return false
	}
	l.receive(ctx, typ, payload, t)
	return false
}

// receive calls Receive.
func (l *Link) receive(ctx context.Context, typ *schema.Type, payload []byte, t *turn) {
	l.receiving.Store(true)
	if t.lead.in.keepsUp() {
		l.opts.Receive(ctx, typ, payload, t)
	} else {
		t.Flush() // Receive may block
		l.opts.Receive(ctx, typ, payload, nil)
	}
	if !t.kept {
		l.receiving.Store(false)
	}
}
