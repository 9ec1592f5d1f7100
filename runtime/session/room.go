package session

import (
	"context"
	"sync"
)

// itemCost is what a message in a mailbox takes beside its payload, in bytes.
const itemCost = 128

// room counts what waits in all mailboxes, so that reading can pause.
type room struct {
	max int

	mu   sync.Mutex
	used int
	more chan struct{} // closed when there is room again; nil if nobody waits
}

func newRoom(max int) *room { return &room{max: max} }

// take counts a message in, and waits while there is no room for it. One that
// alone is over the limit gets in when all else is done.
func (r *room) take(ctx context.Context, payload int) {
	size := payload + itemCost
	for {
		r.mu.Lock()
		if r.used == 0 || r.used+size <= r.max || ctx.Err() != nil {
			r.used += size
			r.mu.Unlock()
			return
		}
		if r.more == nil {
			r.more = make(chan struct{})
		}
		more := r.more
		r.mu.Unlock()
		select {
		case <-more:
		case <-ctx.Done():
		}
	}
}

// free counts a message out.
func (r *room) free(payload int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.used -= payload + itemCost
	if r.more != nil && r.used <= r.max*3/4 {
		close(r.more)
		r.more = nil
	}
}
