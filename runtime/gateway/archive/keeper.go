package archive

import (
	"context"
	"slices"
	"time"

	"spectrumlua/runtime/gateway/backlog"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
)

// Limits of what waits for the database. Beyond the size, in bytes, the oldest messages are
// lost; beyond the number of withdrawals, the oldest ones.
const (
	maxWaiting   = 8 << 20
	maxWithdrawn = 10_000
)

// trimEvery is the number of messages of a user after which the oldest ones are removed.
const trimEvery = 100

// batch is what one transaction writes.
type batch struct {
	waiting []users.Archived
	gone    []withdrawn // withdrawals, after the messages
}

// keeper has the messages that wait for the database. It writes all of them in one
// transaction, after the messages have left. The lock of the Writer guards everything.
type keeper struct {
	backlog.Writer[batch]
	batch
	size int // bytes of the stanzas in waiting
	lost int // messages and withdrawals since the last transaction
}

var keepers router.Common[keeper]

func (k *keeper) add(r *router.Router, m users.Archived) {
	k.Lock()
	defer k.Unlock()
	k.waiting = append(k.waiting, m)
	k.size += len(m.Stanza)
	first := 0
	for k.size > maxWaiting {
		k.size -= len(k.waiting[first].Stanza)
		first++
	}
	k.lost += first
	k.waiting = slices.Delete(k.waiting, 0, first)
	k.Begin(r, k)
}

// withdraw removes messages, after those that wait have been written.
func (k *keeper) withdraw(r *router.Router, p place, w *Withdrawal) {
	k.Lock()
	defer k.Unlock()
	k.gone = append(k.gone, withdrawn{p, w})
	k.shorten()
	k.Begin(r, k)
}

// shorten drops withdrawals beyond the limit. The lock is held.
func (k *keeper) shorten() {
	if more := len(k.gone) - maxWithdrawn; more > 0 {
		k.lost += more
		k.gone = slices.Delete(k.gone, 0, more)
	}
}

// Take implements backlog.Queue.
func (k *keeper) Take() (b batch, ok bool) {
	b, k.batch, k.size = k.batch, batch{}, 0
	return b, len(b.waiting)+len(b.gone) > 0
}

// Write implements backlog.Queue. It also removes old messages of the users in the batch,
// from time to time.
func (k *keeper) Write(r *router.Router, b batch) error {
	ctx := context.Background()
	if err := r.Store.SaveArchived(ctx, b.waiting, rewrites(b.gone)...); err != nil {
		return err
	}
	jids := make([]string, len(b.waiting))
	for i, m := range b.waiting {
		jids[i] = m.JID
	}
	most := r.Settings().Archive.Messages
	k.Trim(r, jids, backlog.Old{
		What: "messages", Every: trimEvery,
		Expire: func() error { return r.Store.ExpireArchive(ctx, oldest(r)) },
		Trim:   func(jid string) error { return r.Store.TrimArchive(ctx, jid, oldest(r), most) },
	})
	return nil
}

// Return implements backlog.Queue.
func (k *keeper) Return(b batch) {
	k.waiting = append(b.waiting, k.waiting...)
	k.gone = append(b.gone, k.gone...)
	k.shorten()
	k.measure()
}

// measure sets the size of what waits. The lock is held.
func (k *keeper) measure() {
	k.size = 0
	for _, m := range k.waiting {
		k.size += len(m.Stanza)
	}
}

// Report implements backlog.Queue.
func (k *keeper) Report(r *router.Router, err error, failing bool) {
	switch {
	case err == nil && k.lost > 0:
		r.Log().WithField("count", k.lost).Warn("the archive works again; changes are missing in it")
		k.lost = 0
	case err == nil && failing:
		r.Log().Info("the archive works again; nothing is missing in it")
	case err != nil && !failing:
		r.Log().WithField("error", err.Error()).Warn("messages cannot be archived, and wait")
	}
}

// oldest returns the time of the oldest message that is kept.
func oldest(r *router.Router) time.Time {
	return r.Clock.Now().Add(-time.Duration(r.Settings().Archive.Days) * 24 * time.Hour)
}

// drop forgets the messages of a user that wait.
func (k *keeper) drop(jid string) {
	k.Lock()
	defer k.Unlock()
	k.waiting = slices.DeleteFunc(k.waiting, func(m users.Archived) bool { return m.JID == jid })
	k.gone = slices.DeleteFunc(k.gone, func(w withdrawn) bool { return w.jid == jid })
	k.measure()
	k.Drop(jid)
}

// flushed waits for the messages of a session that ends.
func flushed(u *router.User) {
	ctx, cancel := u.Context()
	defer cancel()
	keepers.Of(u.Router()).Flush(ctx)
}
