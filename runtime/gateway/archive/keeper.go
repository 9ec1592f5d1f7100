package archive

import (
	"context"
	"slices"
	"sync"
	"time"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
)

// Limits of what waits for the database. Beyond the size, in bytes, the oldest messages are
// lost; beyond the number of withdrawals, the oldest ones.
const (
	maxWaiting   = 8 << 20
	maxWithdrawn = 10_000
	retryTime    = 5 * time.Second // after an error
)

// trimEvery is the number of messages of a user after which the oldest ones are removed.
// The messages of users who do not write any more are removed each expireEvery.
const (
	trimEvery   = 100
	expireEvery = 24 * time.Hour
)

// keeper has the messages that wait for the database. A goroutine exists while messages
// wait. It writes all of them in one transaction, after the messages have left.
type keeper struct {
	mu      sync.Mutex
	waiting []users.Archived
	gone    []withdrawn    // withdrawals that wait, too
	size    int            // bytes of the stanzas in waiting
	lost    int            // messages and withdrawals since the last transaction
	count   map[string]int // messages of a user since the last trim
	idle    chan struct{}  // closed when nothing waits any more; nil if nothing waits
	failing bool           // the last transaction failed
	expired time.Time      // when old messages of all users were removed last
}

var keepers router.Common[keeper]

func (k *keeper) add(r *router.Router, m users.Archived) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting = append(k.waiting, m)
	k.size += len(m.Stanza)
	first := 0
	for k.size > maxWaiting {
		k.size -= len(k.waiting[first].Stanza)
		first++
	}
	k.lost += first
	k.waiting = slices.Delete(k.waiting, 0, first)
	k.begin(r)
}

// withdraw removes messages, after those that wait have been written.
func (k *keeper) withdraw(r *router.Router, p place, w *Withdrawal) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.gone = append(k.gone, withdrawn{p, w})
	k.shorten()
	k.begin(r)
}

// shorten drops withdrawals beyond the limit. k.mu is locked.
func (k *keeper) shorten() {
	if more := len(k.gone) - maxWithdrawn; more > 0 {
		k.lost += more
		k.gone = slices.Delete(k.gone, 0, more)
	}
}

// begin starts to write, unless a goroutine does. k.mu is locked.
func (k *keeper) begin(r *router.Router) {
	if k.idle == nil {
		k.idle = make(chan struct{})
		go func() {
			defer crash.Guard()
			k.write(r)
		}()
	}
}

// write writes what waits until nothing is left.
func (k *keeper) write(r *router.Router) {
	for {
		k.mu.Lock()
		batch, gone := k.waiting, k.gone
		if len(batch)+len(gone) == 0 {
			close(k.idle)
			k.idle = nil
			k.mu.Unlock()
			return
		}
		k.waiting, k.gone, k.size = nil, nil, 0
		k.mu.Unlock()
		err := r.Store.SaveArchived(context.Background(), batch, rewrites(gone)...)
		if err == nil {
			err = k.trim(r, batch)
		}
		if !k.written(r, batch, gone, err) {
			return
		}
	}
}

// written notes the outcome of a transaction. It reports whether to go on at once: after
// an error, the messages wait for the next try.
func (k *keeper) written(r *router.Router, batch []users.Archived, gone []withdrawn, err error) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch {
	case err == nil && (k.failing || k.lost > 0):
		r.Log().Warnf("the archive works again; %d changes are missing in it", k.lost)
		k.lost = 0
	case err != nil && !k.failing:
		r.Log().Warnf("messages cannot be archived, and wait: %v", err)
	}
	k.failing = err != nil
	if err == nil {
		return true
	}
	k.waiting = append(batch, k.waiting...)
	k.gone = append(gone, k.gone...)
	k.shorten()
	k.size = 0
	for _, m := range k.waiting {
		k.size += len(m.Stanza)
	}
	close(k.idle) // nobody waits for a database that fails
	k.idle = make(chan struct{})
	r.Clock.AfterFunc(retryTime, func() {
		defer crash.Guard()
		k.write(r)
	})
	return false
}

// trim removes old messages of the users in a batch, from time to time.
func (k *keeper) trim(r *router.Router, batch []users.Archived) error {
	s := r.Settings().Archive
	var due []string
	k.mu.Lock()
	if k.count == nil {
		k.count = map[string]int{}
	}
	for _, m := range batch {
		if k.count[m.JID]++; k.count[m.JID] == trimEvery {
			due = append(due, m.JID)
			delete(k.count, m.JID)
		}
	}
	now := r.Clock.Now()
	expire := now.Sub(k.expired) > expireEvery
	if expire {
		k.expired = now
	}
	k.mu.Unlock()
	if expire {
		if err := r.Store.ExpireArchive(context.Background(), oldest(r)); err != nil {
			return err
		}
	}
	for _, jid := range due {
		if err := r.Store.TrimArchive(context.Background(), jid, oldest(r), s.Messages); err != nil {
			return err
		}
	}
	return nil
}

// oldest returns the time of the oldest message that is kept.
func oldest(r *router.Router) time.Time {
	return r.Clock.Now().Add(-time.Duration(r.Settings().Archive.Days) * 24 * time.Hour)
}

// flush waits until everything is written that was kept before, or ctx is done, or the
// database fails.
func (k *keeper) flush(ctx context.Context) {
	k.mu.Lock()
	idle := k.idle
	if k.failing {
		idle = nil
	}
	k.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// drop forgets the messages of a user that wait.
func (k *keeper) drop(jid string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.waiting = slices.DeleteFunc(k.waiting, func(m users.Archived) bool { return m.JID == jid })
	k.gone = slices.DeleteFunc(k.gone, func(w withdrawn) bool { return w.jid == jid })
	delete(k.count, jid)
}

// flushed waits for the messages of a session that ends.
func flushed(u *router.User) {
	ctx, cancel := u.Context()
	defer cancel()
	keepers.Of(u.Router()).flush(ctx)
}
