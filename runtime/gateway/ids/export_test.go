package ids

import (
	"context"

	"spectrumlua/runtime/gateway/backlog"
	"spectrumlua/runtime/gateway/router"
)

// Flush waits until the pairs of a router are stored.
func Flush(ctx context.Context, r *router.Router) { memories.Of(r).Flush(ctx) }

// Forget makes a router look into the database for all pairs.
func Forget(r *router.Router) {
	m := memories.Of(r)
	m.Lock()
	defer m.Unlock()
	m.pairs, m.ring, m.next = nil, nil, 0
}

// Limits of the memory and of the database.
const (
	MaxMemory = maxMemory
	MaxStored = maxStored
	MaxAge    = maxAge
	RetryTime = backlog.RetryTime
)

// Failing reports whether the last transaction failed.
func Failing(r *router.Router) bool {
	m := memories.Of(r)
	m.Lock()
	defer m.Unlock()
	return m.Failing()
}

// Waiting returns the number of pairs that wait for the database.
func Waiting(r *router.Router) int {
	m := memories.Of(r)
	m.Lock()
	defer m.Unlock()
	return len(m.waiting)
}

// InMemory returns the number of pairs in memory.
func InMemory(r *router.Router) int {
	m := memories.Of(r)
	m.Lock()
	defer m.Unlock()
	return max(len(m.ring), len(m.pairs)/2)
}
