package net

import (
	"context"
	"slices"
	"sync"
	"time"

	"spectrumlua/luabind/bind"
)

// turns let one at a time have its turn, in the order of asking.
type turns struct {
	mu    sync.Mutex
	queue []*turn // the first has it
}

// turn is a place in the queue.
type turn struct {
	turns *turns
	begun chan struct{} // closed when it is at the front
}

// ask takes a place, which leave has to give back. It does not wait.
func (ts *turns) ask() *turn {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := &turn{turns: ts, begun: make(chan struct{})}
	ts.queue = append(ts.queue, t)
	if len(ts.queue) == 1 {
		close(t.begun)
	}
	return t
}

// wait waits for the turn, for as long as limit; 0 means for ever.
func (t *turn) wait(ctx context.Context, limit time.Duration) error {
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

// leave ends the turn, or gives it up before it has come.
func (t *turn) leave() {
	ts := t.turns
	ts.mu.Lock()
	defer ts.mu.Unlock()
	at := slices.Index(ts.queue, t)
	ts.queue = slices.Delete(ts.queue, at, at+1)
	if at == 0 && len(ts.queue) > 0 {
		close(ts.queue[0].begun)
	}
}

// empty tells whether nobody has a place.
func (ts *turns) empty() bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return len(ts.queue) == 0
}
