package session

import (
	"context"
	"time"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

// endingTimeout is how long a session's tasks may take to end once they have
// been cancelled, before the user's next session starts all the same.
const endingTimeout = 5 * time.Second

// stopWaiting takes away one reason why a session waits; with the last one its
// mailbox is opened. r.mu is held.
func (r *Registry) stopWaiting(s *Session) {
	s.waits--
	switch {
	case s.state == waiting && s.waits == 0:
		s.state = open
		s.owner.Release()
	case s.state == ending && s.waits == 0 && s.delay == nil:
		r.finish(s)
	}
}

// end takes a session off the list of users and has it end: what is queued
// gets its grace, then on.logout runs with m, then all that the session owns
// is ended. r.mu is held.
func (r *Registry) end(s *Session, m Message) { r.endWithin(s, m, r.opts.LogoutGrace, true) }

func (r *Registry) endWithin(s *Session, m Message, grace time.Duration, mute bool) {
	if r.users[s.User] == s {
		delete(r.users, s.User)
	}
	s.mute.Store(s.mute.Load() || mute)
	switch s.state {
	case waiting:
		r.cancelWaiting(s)
	case open:
		s.state = ending
		s.grace = time.AfterFunc(grace, func() { r.drop(s.owner.Interrupt(ErrLoggedOut)) })
		s.owner.Finish(&logoutItem{item{r, s, m}})
	case ending:
		if s.grace != nil && s.grace.Stop() {
			s.grace.Reset(grace)
		}
	}
}

// cancelWaiting ends a session that never began. It keeps its place in the
// chain until the one before it has ended. r.mu is held.
func (r *Registry) cancelWaiting(s *Session) {
	s.state = ending
	r.drop(s.owner.Cancel(ErrLoggedOut))
	if s.delay != nil {
		if s.delay.Stop() {
			s.waits--
		}
		s.delay = nil
	}
	if s.waits == 0 {
		r.finish(s)
	}
}

// logoutItem is the last item in a session's mailbox.
type logoutItem struct{ item }

// Handle implements task.Item.
func (l *logoutItem) Handle(t *task.Task) {
	r, s := l.registry, l.session
	s.grace.Stop()
	limit := time.AfterFunc(r.opts.LogoutTimeout, func() { t.Cancel(ErrLogoutTooLong) })
	_ = r.script.Handle(t, s, l.message)
	limit.Stop()
	r.script.Ended(s)
	r.drop(s.owner.Cancel(ErrLoggedOut))
	go func() {
		defer crash.Guard()
		select {
		case <-s.owner.Idle():
		case <-time.After(endingTimeout):
			r.log.WithField("user", s.User).Errorf("tasks of his have not ended %v after his logout", endingTimeout)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.finish(s)
	}()
}

// drop counts out what was in a mailbox and will not be handled.
func (r *Registry) drop(items []task.Item) {
	for _, i := range items {
		if i, ok := i.(*item); ok {
			r.room.free(len(i.message.Payload))
		}
	}
}

// finish lets the user's next session begin. r.mu is held.
func (r *Registry) finish(s *Session) {
	if s.state == ended {
		return
	}
	s.state = ended
	if r.last[s.User] == s {
		delete(r.last, s.User)
	}
	delete(r.all, s)
	if len(r.all) == 0 && r.empty != nil {
		close(r.empty)
		r.empty = nil
	}
	if s.next != nil {
		r.stopWaiting(s.next)
		s.next = nil
	}
}

// Exit is the end of the process: exit is handled for no user, then every
// session ends as at LOGOUT, with half of the time that ctx leaves as grace.
// It returns when all is done or ctx is.
func (r *Registry) Exit(ctx context.Context, exit Message) {
	left := time.Hour
	if deadline, ok := ctx.Deadline(); ok {
		left = time.Until(deadline)
	}
	last := &exitItem{item: item{r, nil, exit}, done: make(chan struct{})}
	half := time.AfterFunc(left/4, func() { r.drop(r.process.Interrupt(ErrExit)) })
	defer half.Stop()
	r.process.Finish(last)
	select {
	case <-last.done:
	case <-ctx.Done():
		return
	}
	r.mu.Lock()
	for s := range r.all {
		r.endWithin(s, logoutOf(s), left/4, false)
	}
	empty := make(chan struct{})
	if len(r.all) == 0 {
		close(empty)
	} else {
		r.empty = empty
	}
	r.mu.Unlock()
	select {
	case <-empty:
	case <-ctx.Done():
	}
	r.drop(r.process.Cancel(ErrExit))
}

// exitItem is the last item in the process's mailbox.
type exitItem struct {
	item
	done chan struct{}
}

// Handle implements task.Item.
func (e *exitItem) Handle(t *task.Task) {
	defer close(e.done)
	_ = e.registry.script.Handle(t, nil, e.message)
}
