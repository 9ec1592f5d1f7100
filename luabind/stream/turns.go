package stream

import (
	"context"
	"slices"
	"sync"
	"time"

	"spectrumlua/luabind/bind"
)

// Turns let one task at a time write to something, in the order in which they
// ask. The zero value is ready.
type Turns struct {
	mu    sync.Mutex
	queue []*Turn // the first has it
}

// Turn is a place in the queue.
type Turn struct {
	turns *Turns
	begun chan struct{} // closed when it is at the front
}

// Ask takes a place, which Leave has to give back. It does not wait.
func (ts *Turns) Ask() *Turn {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := &Turn{turns: ts, begun: make(chan struct{})}
	ts.queue = append(ts.queue, t)
	if len(ts.queue) == 1 {
		close(t.begun)
	}
	return t
}

// Wait waits for the turn, for as long as limit; 0 means for ever.
func (t *Turn) Wait(ctx context.Context, limit time.Duration) error {
	select {
	case <-t.begun:
		return nil
	default:
	}
	var late <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case <-t.begun:
		return nil
	case <-late:
		return bind.ErrTimeout
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Leave ends the turn, or gives it up before it has come.
func (t *Turn) Leave() {
	ts := t.turns
	ts.mu.Lock()
	defer ts.mu.Unlock()
	at := slices.Index(ts.queue, t)
	ts.queue = slices.Delete(ts.queue, at, at+1)
	if at == 0 && len(ts.queue) > 0 {
		close(ts.queue[0].begun)
	}
}

// Empty tells whether nobody has a place.
func (ts *Turns) Empty() bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return len(ts.queue) == 0
}
