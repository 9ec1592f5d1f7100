package simulator

import (
	"context"
	"errors"
	"sync"

	"spectrumlua/pb"
)

// ErrEnded means that the connection ended before an expectation was met.
var ErrEnded = errors.New("the connection has ended")

// journal keeps the last frames and wakes the goroutines that wait for more.
type journal struct {
	keepFrames, keepBytes int
	trace                 func(Frame)

	mu      sync.Mutex
	entries []entry
	bytes   int
	dropped uint64 // the number of dropped entries
	pings   int    // sent
	pongs   int    // received
	frames  int    // received
	ended   error  // why the connection ended; nil while it is open
	changed chan struct{}
}

type entry struct {
	Frame
	taken bool
	pong  int // the number of the PONG, from 1; 0 for other types
}

// add numbers f and keeps it. If f is a PING or PONG, it returns how many there are now.
func (j *journal) add(f Frame) (count int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	e := entry{Frame: f}
	e.Seq = j.dropped + uint64(len(j.entries)) + 1
	if f.Direction == FromBackend {
		j.frames++
	}
	switch {
	case !f.understood():
	case f.Direction == ToBackend && f.Type == pb.WrapperMessage_TYPE_PING:
		j.pings++
		count = j.pings
	case f.Direction == FromBackend && f.Type == pb.WrapperMessage_TYPE_PONG:
		j.pongs++
		e.pong = j.pongs
		count = j.pongs
	}
	j.entries = append(j.entries, e)
	j.bytes += len(f.Bytes)
	drop := 0
	for len(j.entries)-drop > j.keepFrames || (j.bytes > j.keepBytes && len(j.entries)-drop > 1) {
		j.bytes -= len(j.entries[drop].Bytes)
		j.entries[drop] = entry{}
		drop++
	}
	j.entries = j.entries[drop:]
	j.dropped += uint64(drop)
	if j.trace != nil {
		j.trace(e.Frame)
	}
	j.wake()
	return count
}

// end ends all waits, because the connection has ended. Only the first reason counts.
func (j *journal) end(reason error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.ended == nil {
		j.ended = reason
	}
	j.wake()
}

// wake wakes all waits. j.mu is held.
func (j *journal) wake() {
	if j.changed != nil {
		close(j.changed)
		j.changed = nil
	}
}

// await calls try with j.mu held, now and after each change, until it returns true. It
// returns the cause of ctx when ctx is done, and ErrEnded when the connection has ended.
func (j *journal) await(ctx context.Context, try func() bool) error {
	for {
		j.mu.Lock()
		if try() {
			j.mu.Unlock()
			return nil
		}
		if j.ended != nil {
			j.mu.Unlock()
			return ErrEnded
		}
		if j.changed == nil {
			j.changed = make(chan struct{})
		}
		changed := j.changed
		j.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// find returns the first entry after seq that fits and that no call has taken, or nil.
// j.mu is held.
func (j *journal) find(seq uint64, fits func(*entry) bool) *entry {
	start := uint64(0)
	if seq > j.dropped {
		start = seq - j.dropped
	}
	for i := start; i < uint64(len(j.entries)); i++ {
		e := &j.entries[i]
		if e.Direction == FromBackend && !e.taken && fits(e) {
			return e
		}
	}
	return nil
}

// last returns the number of the last frame. j.mu is held.
func (j *journal) last() uint64 { return j.dropped + uint64(len(j.entries)) }

// snapshot copies the kept frames.
func (j *journal) snapshot() (frames []Frame, dropped uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	frames = make([]Frame, len(j.entries))
	for i := range j.entries {
		frames[i] = j.entries[i].Frame
	}
	return frames, j.dropped
}
