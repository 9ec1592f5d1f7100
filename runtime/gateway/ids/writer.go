package ids

import (
	"context"
	"slices"
	"time"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
)

// Limits of the pairs in the database.
const (
	maxAge    = 90 * 24 * time.Hour
	maxStored = 5_000 // of one user
)

// trimEvery is the number of pairs of a user after which the oldest ones are removed. Those
// of users who do not write any more are removed each expireEvery.
const (
	trimEvery   = 200
	expireEvery = 24 * time.Hour
)

// retryTime is the pause after an error of the database.
const retryTime = 5 * time.Second

// writer has the pairs that wait for the database. A goroutine exists while pairs wait. It
// writes all of them in one transaction. memory.mu guards it.
type writer struct {
	waiting []users.Pair
	count   map[string]int // pairs of a user since the last trim
	idle    chan struct{}  // closed when nothing waits any more; nil if nothing waits
	failing bool           // the last transaction failed
	expired time.Time      // when old pairs of all users were removed last
}

// store lets a pair wait for the database. m.mu is locked.
func (m *memory) store(r *router.Router, p *pair) {
	if len(m.waiting) == maxMemory {
		m.waiting = slices.Delete(m.waiting, 0, maxMemory/10)
	}
	m.waiting = append(m.waiting, users.Pair{
		JID: p.jid, Stanza: int64(p.byStanza), Network: int64(p.byNetwork), Stored: r.Clock.Now(), IDs: p.pack(),
	})
	if m.idle == nil {
		m.idle = make(chan struct{})
		go func() {
			defer crash.Guard()
			m.write(r)
		}()
	}
}

// write writes what waits until nothing is left.
func (m *memory) write(r *router.Router) {
	for {
		m.mu.Lock()
		batch := m.waiting
		if len(batch) == 0 {
			close(m.idle)
			m.idle = nil
			m.mu.Unlock()
			return
		}
		m.waiting = nil
		m.mu.Unlock()
		err := r.Store.SavePairs(context.Background(), batch)
		if err == nil {
			err = m.trim(r, batch)
		}
		if !m.written(r, batch, err) {
			return
		}
	}
}

// written notes the outcome of a transaction. It reports whether to go on at once: after an
// error, the pairs wait for the next try.
func (m *memory) written(r *router.Router, batch []users.Pair, err error) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err == nil && m.failing:
		r.Log().Info("ids of messages are stored again")
	case err != nil && !m.failing:
		r.Log().Warnf("ids of messages cannot be stored, and wait: %v", err)
	}
	m.failing = err != nil
	if err == nil {
		return true
	}
	m.waiting = append(batch, m.waiting...)
	m.waiting = slices.Delete(m.waiting, 0, max(0, len(m.waiting)-maxMemory))
	close(m.idle) // nobody waits for a database that fails
	m.idle = make(chan struct{})
	r.Clock.AfterFunc(retryTime, func() {
		defer crash.Guard()
		m.write(r)
	})
	return false
}

// trim removes old pairs, from time to time.
func (m *memory) trim(r *router.Router, batch []users.Pair) error {
	var due []string
	m.mu.Lock()
	if m.count == nil {
		m.count = map[string]int{}
	}
	for _, p := range batch {
		if m.count[p.JID]++; m.count[p.JID] == trimEvery {
			due = append(due, p.JID)
			delete(m.count, p.JID)
		}
	}
	now := r.Clock.Now()
	expire := now.Sub(m.expired) > expireEvery
	if expire {
		m.expired = now
	}
	m.mu.Unlock()
	if expire {
		if err := r.Store.ExpirePairs(context.Background(), now.Add(-maxAge)); err != nil {
			return err
		}
	}
	for _, jid := range due {
		if err := r.Store.TrimPairs(context.Background(), jid, maxStored); err != nil {
			return err
		}
	}
	return nil
}

// flush waits until everything is written that was added before, or ctx is done, or the
// database fails.
func (m *memory) flush(ctx context.Context) {
	m.mu.Lock()
	idle := m.idle
	if m.failing {
		idle = nil
	}
	m.mu.Unlock()
	if idle == nil {
		return
	}
	select {
	case <-idle:
	case <-ctx.Done():
	}
}

// discard forgets the pairs of a user that wait. m.mu is locked.
func (m *memory) discard(jid string) {
	m.waiting = slices.DeleteFunc(m.waiting, func(p users.Pair) bool { return p.JID == jid })
	delete(m.count, jid)
}
