package router

import (
	"context"
	"sync"

	"spectrumlua/runtime/capacity"
)

// quota counts the bytes in queues. It never refuses bytes; a caller that can wait asks
// whether it is full.
type quota struct {
	max int

	mu      sync.Mutex
	used    int
	waiters capacity.Waiters // for half of max
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
	if q.used <= q.max/2 {
		q.waiters.Release()
	}
}

func (q *quota) size() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return int64(q.used)
}

func (q *quota) full() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.isFull()
}

// wait returns nil at once unless the quota is full. Otherwise it waits until half of it
// is free, or returns the cause of ctx.
func (q *quota) wait(ctx context.Context) error { return q.waiters.Wait(ctx, &q.mu, q.isFull) }

// isFull is full. q.mu is held.
func (q *quota) isFull() bool { return q.used >= q.max }
