// Package capacity lets senders wait until a queue has capacity again.
package capacity

import (
	"context"
	"sync"
)

// Waiters are the goroutines that wait for the capacity of a queue. The mutex of the queue
// guards them. The zero value is ready for use.
type Waiters struct{ released chan struct{} } // nil if nobody waits

// Released returns a channel that the next Release closes. The caller holds the mutex.
func (w *Waiters) Released() <-chan struct{} {
	if w.released == nil {
		w.released = make(chan struct{})
	}
	return w.released
}

// Release ends all waits. The caller holds the mutex.
func (w *Waiters) Release() {
	if w.released != nil {
		close(w.released)
		w.released = nil
	}
}

// Wait returns nil at once if full returns false. Otherwise it waits for Release, or until
// ctx is done, and returns ctx's cause in the latter case. It locks mu, the mutex of the
// queue, while it calls full. The caller must not hold mu.
func (w *Waiters) Wait(ctx context.Context, mu *sync.Mutex, full func() bool) error {
	mu.Lock()
	if !full() {
		mu.Unlock()
		return nil
	}
	released := w.Released()
	mu.Unlock()
	select {
	case <-released:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
