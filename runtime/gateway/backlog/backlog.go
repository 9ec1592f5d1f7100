// Package backlog writes to the database in the background, so that messages do not wait for
// it.
package backlog

import (
	"context"
	"sync"
	"time"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/gateway/router"
)

// RetryTime is the pause after an error of the database.
const RetryTime = 5 * time.Second

// expireEvery is the time between two calls of the function expire of Trim.
const expireEvery = 24 * time.Hour

// Queue has what waits for the database. A B is what one transaction writes. All methods but
// Write are called with the lock of the Writer.
type Queue[B any] interface {
	// Take empties the queue. ok is false if nothing waits.
	Take() (batch B, ok bool)
	// Write writes a batch in one transaction.
	Write(r *router.Router, batch B) error
	// Return puts a batch back, in front of what waits. Write has failed.
	Return(batch B)
	// Report logs the outcome of Write. failing reports whether the call before has failed.
	Report(r *router.Router, err error, failing bool)
}

// Writer writes what waits in a Queue. A goroutine exists while something waits. The zero
// value is ready for use. The lock guards the Queue, too.
type Writer[B any] struct {
	sync.Mutex
	idle    chan struct{}  // closed when nothing waits any more; nil if nothing waits
	failing bool           // the last transaction failed
	count   map[string]int // rows of a user since the last trim
	expired time.Time      // when old rows of all users were removed last
}

// Begin starts to write, unless a goroutine does. The lock is held.
func (w *Writer[B]) Begin(r *router.Router, q Queue[B]) {
	if w.idle == nil {
		w.idle = make(chan struct{})
		go func() {
			defer crash.Guard()
			w.write(r, q)
		}()
	}
}

// Failing reports whether the last transaction failed. The lock is held.
func (w *Writer[B]) Failing() bool { return w.failing }

// write writes what waits until nothing is left.
func (w *Writer[B]) write(r *router.Router, q Queue[B]) {
	for {
		w.Lock()
		batch, ok := q.Take()
		if !ok {
			close(w.idle)
			w.idle = nil
			w.Unlock()
			return
		}
		w.Unlock()
		if !w.written(r, q, batch, q.Write(r, batch)) {
			return
		}
	}
}

// written notes the outcome of a transaction. It reports whether to go on at once: after an
// error, the batch waits for the next try.
func (w *Writer[B]) written(r *router.Router, q Queue[B], batch B, err error) bool {
	w.Lock()
	defer w.Unlock()
	q.Report(r, err, w.failing)
	w.failing = err != nil
	if err == nil {
		return true
	}
	q.Return(batch)
	close(w.idle) // nobody waits for a database that fails
	w.idle = make(chan struct{})
	r.Clock.AfterFunc(RetryTime, func() {
		defer crash.Guard()
		w.write(r, q)
	})
	return false
}

// Trim removes old rows from time to time. jids has the user of each row that has been
// written. expire removes what is too old for all users, who may not write any more. trim
// removes the oldest rows of a user, after that many new ones. The lock is not held.
func (w *Writer[B]) Trim(now time.Time, jids []string, every int, expire func() error, trim func(jid string) error) error {
	var due []string
	w.Lock()
	if w.count == nil {
		w.count = map[string]int{}
	}
	for _, jid := range jids {
		if w.count[jid]++; w.count[jid] == every {
			due = append(due, jid)
			delete(w.count, jid)
		}
	}
	old := now.Sub(w.expired) > expireEvery
	if old {
		w.expired = now
	}
	w.Unlock()
	if old {
		if err := expire(); err != nil {
			return err
		}
	}
	for _, jid := range due {
		if err := trim(jid); err != nil {
			return err
		}
	}
	return nil
}

// Drop forgets the rows of a user. The lock is held.
func (w *Writer[B]) Drop(jid string) { delete(w.count, jid) }

// Flush waits until everything is written that waited before, or ctx is done, or the
// database fails.
func (w *Writer[B]) Flush(ctx context.Context) {
	w.Lock()
	idle := w.idle
	if w.failing {
		idle = nil
	}
	w.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-ctx.Done():
	}
}
