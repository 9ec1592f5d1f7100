package session

import (
	"context"
	"sync"
	"time"

	"spectrumlua/runtime/capacity"
)

const (
	// itemCost is the memory of a message in a mailbox besides its payload, in
	// bytes.
	itemCost = 128
	// stallTimeout is how long reading may pause before shedLoad is called.
	stallTimeout = 10 * time.Second
)

// budget counts the bytes in all mailboxes. Reading from Spectrum pauses while they
// exceed the limit.
type budget struct {
	max int

	mu       sync.Mutex
	used     int
	messages int
	waiters  capacity.Waiters // for a quarter of max
}

func newBudget(max int) *budget { return &budget{max: max} }

// take counts a message in. It blocks while the message does not fit, unless ctx is
// done; a message over the limit fits an empty budget. It calls blocks before that, and
// stalled each time that it has waited for stallTimeout.
func (r *budget) take(ctx context.Context, payload int, blocks, stalled func()) {
	more := r.tryTake(ctx, payload)
	if more == nil {
		return
	}
	blocks()
	stall := time.NewTimer(stallTimeout)
	defer stall.Stop()
	for more != nil {
		select {
		case <-more:
		case <-ctx.Done():
		case <-stall.C:
			stalled()
			stall.Reset(stallTimeout)
		}
		more = r.tryTake(ctx, payload)
	}
}

// tryTake counts a message in and returns nil, or returns a channel to wait for.
func (r *budget) tryTake(ctx context.Context, payload int) (more <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	size := payload + itemCost
	if r.used == 0 || r.used+size <= r.max || ctx.Err() != nil {
		r.used += size
		r.messages++
		return nil
	}
	return r.waiters.Released()
}

// add counts a message in without waiting.
func (r *budget) add(payload int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used += payload + itemCost
	r.messages++
}

// free counts a message out.
func (r *budget) free(payload int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= payload + itemCost
	r.messages--
	if r.used <= r.max*3/4 {
		r.waiters.Release()
	}
}

// count returns the number of messages that are counted in, and their bytes.
func (r *budget) count() (messages, bytes int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.messages, r.used - r.messages*itemCost
}
