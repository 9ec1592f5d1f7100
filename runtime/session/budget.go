package session

import (
	"context"
	"sync"
	"time"
)

const (
	// itemCost is what a message in a mailbox takes beside its payload, in
	// bytes.
	itemCost = 128
	// stallTimeout is how long there may be no room before some is made.
	stallTimeout = 10 * time.Second
)

// room counts what waits in all mailboxes, so that reading can pause.
type budget struct {
	max int

	mu   sync.Mutex
	used int
	more chan struct{} // closed when there is room again; nil if nobody waits
}

func newBudget(max int) *budget { return &budget{max: max} }

// take counts a message in, and waits while there is no room for it. One that
// alone is over the limit gets in when all else is done, and any does when ctx
// is. Each time that nothing has helped for stallTimeout, it calls stalled.
func (r *budget) take(ctx context.Context, payload int, stalled func()) {
	more := r.tryTake(ctx, payload)
	if more == nil {
		return
	}
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

// tryTake counts a message in, or returns what to wait for.
func (r *budget) tryTake(ctx context.Context, payload int) (more <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	size := payload + itemCost
	if r.used == 0 || r.used+size <= r.max || ctx.Err() != nil {
		r.used += size
		return nil
	}
	if r.more == nil {
		r.more = make(chan struct{})
	}
	return r.more
}

// free counts a message out.
func (r *budget) free(payload int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= payload + itemCost
	if r.more != nil && r.used <= r.max*3/4 {
		close(r.more)
		r.more = nil
	}
}
