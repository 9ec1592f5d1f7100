package chat

import (
	"context"
	"sync"

	"spectrumlua/cmd/spectrum2-lua/devkit/harness"
	"spectrumlua/cmd/spectrum2-lua/devkit/simulator"
	"spectrumlua/pb"
)

// event is a frame that passed, a line of the log, a login that is retried, or the
// result of /lua.
type event struct {
	frame  *simulator.Frame
	line   *harness.Line
	retry  *retry
	answer *answer
	// after is the number of messages that were sent before the event, if it is not a
	// frame.
	after uint64
}

// feed passes events from many goroutines to one. Its queue has no limit, because
// the senders must not wait.
type feed struct {
	mu     sync.Mutex
	events []event
	put    uint64 // events so far, without PING, PONG and STATS
	more   chan struct{}
	idle   chan struct{} // closed when all events are handled; nil if nobody waits
	busy   bool
}

func newFeed() *feed { return &feed{more: make(chan struct{}, 1)} }

func (f *feed) add(e event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.events = append(f.events, e)
	if e.frame == nil || !isLife(e.frame.Type) {
		f.put++
	}
	select {
	case f.more <- struct{}{}:
	default:
	}
}

// take waits for events and returns them, or nil when ctx is done. A call means that
// the events of the previous call are handled.
func (f *feed) take(ctx context.Context) []event {
	for {
		f.mu.Lock()
		events := f.events
		f.events = nil
		f.busy = len(events) > 0
		if !f.busy && f.idle != nil {
			close(f.idle)
			f.idle = nil
		}
		f.mu.Unlock()
		if len(events) > 0 {
			return events
		}
		select {
		case <-f.more:
		case <-ctx.Done():
			return nil
		}
	}
}

// total returns the number of events so far, without PING, PONG and STATS.
func (f *feed) total() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.put
}

// drained waits until all events are handled.
func (f *feed) drained(ctx context.Context) error {
	f.mu.Lock()
	if !f.busy && len(f.events) == 0 {
		f.mu.Unlock()
		return nil
	}
	if f.idle == nil {
		f.idle = make(chan struct{})
	}
	idle := f.idle
	f.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// isLife reports whether messages of a type pass without a command.
func isLife(t pb.WrapperMessage_Type) bool {
	switch t {
	case pb.WrapperMessage_TYPE_PING, pb.WrapperMessage_TYPE_PONG, pb.WrapperMessage_TYPE_STATS:
		return true
	}
	return false
}
