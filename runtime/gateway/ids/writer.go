package ids

import (
	"context"
	"slices"
	"time"

	"spectrumlua/runtime/gateway/backlog"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
)

// Limits of the pairs in the database.
const (
	maxAge    = 90 * 24 * time.Hour
	maxStored = 5_000 // of one user
)

// trimEvery is the number of pairs of a user after which the oldest ones are removed.
const trimEvery = 200

// store lets a pair wait for the database. The lock is held.
func (m *memory) store(r *router.Router, p *pair) {
	if len(m.waiting) == maxMemory {
		m.waiting = slices.Delete(m.waiting, 0, maxMemory/10)
	}
	m.waiting = append(m.waiting, users.Pair{
		JID: p.jid, Stanza: p.byStanza.stored(), Network: p.byNetwork.stored(), Stored: r.Clock.Now(), IDs: p.pack(),
	})
	m.Begin(r, m)
}

// Take implements backlog.Queue.
func (m *memory) Take() (batch []users.Pair, ok bool) {
	batch, m.waiting = m.waiting, nil
	return batch, len(batch) > 0
}

// Write implements backlog.Queue. It also removes old pairs, from time to time.
func (m *memory) Write(r *router.Router, batch []users.Pair) error {
	ctx := context.Background()
	if err := r.Store.SavePairs(ctx, batch); err != nil {
		return err
	}
	jids := make([]string, len(batch))
	for i, p := range batch {
		jids[i] = p.JID
	}
	now := r.Clock.Now()
	m.Trim(r, jids, backlog.Old{
		What: "ids of messages", Every: trimEvery,
		Expire: func() error { return r.Store.ExpirePairs(ctx, now.Add(-maxAge)) },
		Trim:   func(jid string) error { return r.Store.TrimPairs(ctx, jid, maxStored) },
	})
	return nil
}

// Return implements backlog.Queue.
func (m *memory) Return(batch []users.Pair) {
	m.waiting = append(batch, m.waiting...)
	m.waiting = slices.Delete(m.waiting, 0, max(0, len(m.waiting)-maxMemory))
}

// Report implements backlog.Queue.
func (m *memory) Report(r *router.Router, err error, failing bool) {
	switch {
	case err == nil && failing:
		r.Log().Info("ids of messages are stored again")
	case err != nil && !failing:
		r.Log().WithField("error", err.Error()).Warn("ids of messages cannot be stored, and wait")
	}
}

// discard forgets the pairs of a user that wait. The lock is held.
func (m *memory) discard(jid string) {
	m.waiting = slices.DeleteFunc(m.waiting, func(p users.Pair) bool { return p.JID == jid })
	m.Drop(jid)
}
