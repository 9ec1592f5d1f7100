package session

import (
	"sync/atomic"

	"spectrumlua/runtime/task"
)

// item is a message in a mailbox. It counts against the budget and its mailbox from
// post until countOut.
type item struct {
	registry *Registry
	session  *Session // nil: a message of the process
	message  Message
}

// counted is an item that counts against the budget.
type counted interface {
	task.Item
	countIn()
	countOut()
}

// Handle implements task.Item.
func (i *item) Handle(t *task.Task) {
	i.countOut()
	_ = i.registry.script.Dispatch(t, i.session, i.message)
}

// size is what the message counts against the budget.
func (i *item) size() int { return len(i.message.Payload) + itemCost }

func (i *item) queued() *atomic.Int64 {
	if i.session == nil {
		return &i.registry.queued
	}
	return &i.session.queued
}

func (i *item) countIn() { i.queued().Add(int64(len(i.message.Payload))) }

func (i *item) countOut() {
	i.queued().Add(-int64(len(i.message.Payload)))
	i.registry.budget.free(len(i.message.Payload))
}

// post puts a message that take has counted into a mailbox. It returns the number of
// messages there, or drops the message and returns 0 if the mailbox is closed.
func (r *Registry) post(o *task.Owner, i counted) int {
	i.countIn()
	n := o.Post(i)
	if n == 0 {
		i.countOut()
	}
	return n
}

// atOnce is the message that a lender's goroutine handles at once. It never waits in a
// mailbox, so it does not count against the budget. Each lender has its own, because the
// next one receives messages while a handler keeps the goroutine.
type atOnce struct {
	lender task.Lender
	item
}

// Handle implements task.Item.
func (a *atOnce) Handle(t *task.Task) {
	i := a.item
	a.item = item{}
	_ = i.registry.script.Dispatch(t, i.session, i.message)
}

// handleNow handles a message and returns true if task.Owner.Handle does so.
func (r *Registry) handleNow(o *task.Owner, s *Session, m Message, lender task.Lender) bool {
	if r.at == nil || r.at.lender != lender {
		r.at = &atOnce{lender: lender}
	}
	r.at.item = item{r, s, m}
	if o.Handle(r.at, lender) {
		return true
	}
	r.at.item = item{}
	return false
}

// drop counts out items that were removed from a mailbox.
func (r *Registry) drop(items []task.Item) {
	for _, i := range items {
		if i, ok := i.(counted); ok {
			i.countOut()
		}
	}
}

// loginItem is the first item in a session's mailbox.
type loginItem struct{ item }

// Handle implements task.Item.
func (l *loginItem) Handle(t *task.Task) {
	l.countOut()
	r, s := l.registry, l.session
	r.mu.Lock()
	s.loginCalled = true
	r.mu.Unlock()
	if err := r.script.Dispatch(t, s, l.message); err != nil {
		r.refuse(s, err)
	}
}

// logoutItem is the last item in a session's mailbox. It does not count against the
// budget.
type logoutItem struct {
	registry *Registry
	session  *Session
	message  Message
}

// Handle implements task.Item.
func (l *logoutItem) Handle(t *task.Task) {
	r, s := l.registry, l.session
	if r.logoutBegins(s, t) {
		_ = r.script.Dispatch(t, s, l.message)
	}
	r.showOffline(s)
	r.script.Ended(s)
	r.logoutEnded(s)
}

// exitItem is the last item in the process's mailbox. It does not count against the
// budget.
type exitItem struct {
	registry *Registry
	message  Message
	limit    func(*task.Task) *deadline
	done     chan struct{}
}

// Handle implements task.Item.
func (e *exitItem) Handle(t *task.Task) {
	defer close(e.done)
	defer e.limit(t).stop()
	_ = e.registry.script.Dispatch(t, nil, e.message)
}
