package session

import (
	"sync/atomic"

	"spectrumlua/runtime/task"
)

// item is a message in a mailbox. It is counted in the room, and in its
// mailbox, from when it is made until it is counted out.
type item struct {
	registry *Registry
	session  *Session // nil: the process
	message  Message
}

// counted is what takes room in a mailbox.
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

// post puts a message that is in the room into a mailbox and returns how many
// wait there. If the mailbox is closed it is dropped.
func (r *Registry) post(o *task.Owner, i counted) int {
	i.countIn()
	n := o.Post(i)
	if n == 0 {
		i.countOut()
	}
	return n
}

// drop counts out what was in a mailbox and will not be handled.
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
	s.began = true
	r.mu.Unlock()
	if err := r.script.Dispatch(t, s, l.message); err != nil {
		r.refuse(s, err)
	}
}

// logoutItem is the last item in a session's mailbox. It takes no room.
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
	r.script.Ended(s)
	r.logoutEnded(s)
}

// exitItem is the last item in the process's mailbox. It takes no room.
type exitItem struct {
	registry *Registry
	message  Message
	limit    func(*task.Task) *fuse
	done     chan struct{}
}

// Handle implements task.Item.
func (e *exitItem) Handle(t *task.Task) {
	defer close(e.done)
	defer e.limit(t).putOut()
	_ = e.registry.script.Dispatch(t, nil, e.message)
}
