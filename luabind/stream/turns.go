package stream

import (
	"context"
	"slices"
	"sync"
	"time"

	"spectrumlua/luabind/bind"
)

// Turns lets one task at a time write, in the order in which the tasks ask. The zero
// value is ready to use. It is safe for concurrent use.
type Turns struct {
	mu    sync.Mutex
	queue []*Turn // the first one may write
}

// Turn is a task's position in the queue.
type Turn struct {
	turns *Turns
	begun chan struct{} // closed when it is at the front
}

// Ask adds a turn to the queue and returns at once. Call Leave at the end.
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

// Begun reports whether the turn is the first.
func (t *Turn) Begun() bool {
	select {
	case <-t.begun:
		return true
	default:
		return false
	}
}

// Wait waits until the turn is the first. It returns bind.ErrTimeout if that takes longer
// than limit, and the cause if ctx ends. A limit of 0 means no limit.
func (t *Turn) Wait(ctx context.Context, limit time.Duration) error {
	if t.Begun() {
		return nil
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

// Leave removes the turn from the queue, whether it was the first or not.
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

// Empty reports whether the queue is empty.
func (ts *Turns) Empty() bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return len(ts.queue) == 0
}
