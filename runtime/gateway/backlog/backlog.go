// Package backlog writes to the database in the background, so that messages do not wait for
// it.
package backlog

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
)

// RetryTime is the pause after an error of the database.
const RetryTime = 5 * time.Second

// Times between two calls of Old.Expire: after a success, and after a failure.
const (
	expireEvery = 24 * time.Hour
	expireAgain = 10 * time.Minute
)

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
	expired time.Time      // when Old.Expire was called last, or earlier after a failure
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

// Old is what Trim removes from the database, now and then.
type Old struct {
	What   string                 // for the log: "messages"
	Every  int                    // rows of a user between two calls of Trim
	Expire func() error           // removes what is too old, of all users, who may not write any more
	Trim   func(jid string) error // removes the oldest rows of a user
}

// Trim removes old rows from time to time. jids has the user of each row that has been
// written. A failure is logged and tried again, and does not concern the written rows. The
// lock is not held.
func (w *Writer[B]) Trim(r *router.Router, jids []string, old Old) {
	due, expired := w.due(r.Clock.Now(), jids, old.Every)
	failed := func(err error) {
		level := logrus.WarnLevel
		if errors.Is(err, users.ErrOutage) { // the router logs it
			level = logrus.DebugLevel
		}
		r.Log().WithFields(logrus.Fields{"what": old.What, "error": err.Error()}).Log(level, "old rows stay in the database for now")
	}
	if expired {
		if err := old.Expire(); err != nil {
			failed(err)
			w.Lock()
			w.expired = w.expired.Add(expireAgain - expireEvery)
			w.Unlock()
		}
	}
	for _, jid := range due {
		if err := old.Trim(jid); err != nil {
			failed(err)
			w.Lock()
			w.count[jid] += old.Every - 1 // with the next row
			w.Unlock()
		}
	}
}

// due counts rows. It returns the users whose rows are to be trimmed, and reports whether those
// of all users are to expire.
func (w *Writer[B]) due(now time.Time, jids []string, every int) (due []string, expired bool) {
	w.Lock()
	defer w.Unlock()
	if w.count == nil {
		w.count = map[string]int{}
	}
	for _, jid := range jids {
		if w.count[jid]++; w.count[jid] >= every {
			due = append(due, jid)
			delete(w.count, jid)
		}
	}
	if expired = now.Sub(w.expired) > expireEvery; expired {
		w.expired = now
	}
	return due, expired
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
