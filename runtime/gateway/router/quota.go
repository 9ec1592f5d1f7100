package router

import (
	"context"
	"sync"
)

// quota counts the bytes in queues. It never refuses bytes; a caller that can wait asks
// whether it is full.
type quota struct {
	max int

	mu   sync.Mutex
	used int
	more chan struct{} // closed when half of max is free; nil if nothing waits
}

func newQuota(max int) *quota { return &quota{max: max} }

func (q *quota) add(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.used += n
}

func (q *quota) free(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.used -= n
	if q.more != nil && q.used <= q.max/2 {
		close(q.more)
		q.more = nil
	}
}

func (q *quota) full() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.used >= q.max
}

// wait returns nil at once unless the quota is full. Otherwise it waits until half of it
// is free, or returns the cause of ctx.
func (q *quota) wait(ctx context.Context) error {
	q.mu.Lock()
	if q.used < q.max {
		q.mu.Unlock()
		return nil
	}
	if q.more == nil {
		q.more = make(chan struct{})
	}
	more := q.more
	q.mu.Unlock()
	select {
	case <-more:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
