package users

import (
	"context"
	"sync"

	"spectrumlua/runtime/database"
)

// onlineQueue collects the calls of SetOnline that wait for the database. One of the
// callers writes all of them in one transaction, because each transaction waits for the
// disk and thousands of users may log in at once.
type onlineQueue struct {
	mu      sync.Mutex
	waiting []*onlineWrite
	writing bool // a caller is writing; it continues until waiting is empty
}

type onlineWrite struct {
	id     int64
	online bool
	done   chan struct{}
	err    error // valid when done is closed
}

// SetOnline writes whether a user is online, and the time as their last login. It
// returns when that is stored, or when ctx ends; the write may still happen then.
func (s *Store) SetOnline(ctx context.Context, id int64, online bool) error {
	w := &onlineWrite{id: id, online: online, done: make(chan struct{})}
	q := &s.online
	q.mu.Lock()
	q.waiting = append(q.waiting, w)
	first := !q.writing
	q.writing = true
	q.mu.Unlock()
	if first {
		go s.writeOnline()
	}
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return failure(ctx.Err())
	}
}

// writeOnline writes the queue until it is empty.
func (s *Store) writeOnline() {
	q := &s.online
	for {
		q.mu.Lock()
		batch := q.waiting
		q.waiting = nil
		q.writing = len(batch) > 0
		q.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		err := s.change(context.Background(), func(ctx context.Context, tx *database.Tx) error {
			for _, w := range batch {
				if _, err := s.exec(ctx, tx, updateOnline, w.online, w.id); err != nil {
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
