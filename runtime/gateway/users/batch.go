package users

import (
	"context"
	"sync"
	"time"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/database"
)

// batches collects changes that wait for the database. One goroutine writes all of them in
// one transaction, because each transaction waits for the disk and thousands of users may
// log in at once.
type batches struct {
	mu      sync.Mutex
	waiting []*batched
	idle    chan struct{} // closed when nothing waits any more; nil unless a goroutine is writing
	closed  bool          // no goroutine begins to write any more
}

type batched struct {
	do   func(ctx context.Context, tx *database.Tx) error
	done chan struct{}
	err  error // valid when done is closed
}

// batch runs a function in a transaction that it shares with others. An error of one fails
// all of them, so do must only return errors of the database. batch returns when the
// change is stored, or when ctx ends; the change may still happen then.
func (s *Store) batch(ctx context.Context, do func(ctx context.Context, tx *database.Tx) error) error {
	w := &batched{do: do, done: make(chan struct{})}
	q := &s.batches
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return s.change(ctx, do) // it says why it fails
	}
	q.waiting = append(q.waiting, w)
	if q.idle == nil {
		q.idle = make(chan struct{})
		go s.writeBatches()
	}
	q.mu.Unlock()
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return failure(ctx.Err())
	}
}

// writeBatches writes what waits until nothing is left.
func (s *Store) writeBatches() {
	defer crash.Guard()
	q := &s.batches
	for {
		q.mu.Lock()
		batch := q.waiting
		q.waiting = nil
		if len(batch) == 0 {
			close(q.idle)
			q.idle = nil
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
		err := s.change(context.Background(), func(ctx context.Context, tx *database.Tx) error {
			for _, w := range batch {
				if err := w.do(ctx, tx); err != nil {
					return err
				}
			}
			return nil
		})
		for _, w := range batch {
			w.err = err
			close(w.done)
		}
	}
}

// closeTime limits how long Close waits: a process may take three seconds to end.
const closeTime = time.Second

// close waits until everything that waits is written, or has failed, but not for long.
func (q *batches) close() {
	q.mu.Lock()
	q.closed = true
	idle := q.idle
	q.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-time.After(closeTime):
	}
}

// SetOnline writes whether a user is online, and the time as their last login.
func (s *Store) SetOnline(ctx context.Context, id int64, online bool) error {
	return s.batch(ctx, func(ctx context.Context, tx *database.Tx) error {
		_, err := s.exec(ctx, tx, updateOnline, online, id)
		return err
	})
}
