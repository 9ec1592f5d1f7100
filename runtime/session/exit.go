package session

import (
	"context"
	"time"

	"spectrumlua/runtime/task"
)

// Exit is the end of the process. Nobody is logged in any more; exit is
// handled for no user; then every session ends as at LOGOUT, but for what it
// sends, which still leaves; then the process's tasks end. Each step gets a
// part of the time that ctx leaves, and what takes longer is cancelled. Exit
// returns when all is done or ctx is; then too, all that waits is cancelled.
//
// It is called once, and not with the script lock. Further calls return at once.
func (r *Registry) Exit(ctx context.Context, exit Message) {
	if !r.stopLogins() {
		return
	}
	defer r.cancelAll()
	if !r.handleExit(ctx, exit) || !await(ctx, r.endAll(ctx)) {
		return
	}
	r.drop(r.process.Cancel(ErrExit))
	await(ctx, r.process.Idle())
}

// part is a part of the time that ctx leaves, and not longer than max.
func part(ctx context.Context, parts int, longest time.Duration) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return longest
	}
	return min(time.Until(deadline)/time.Duration(parts), longest)
}

func await(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// stopLogins has no session begin from now on. It returns false if that is so
// already.
func (r *Registry) stopLogins() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.exiting {
		return false
	}
	r.exiting = true
	for s := range r.all {
		if s.state == waiting {
			r.end(s, r.terms(Message{}, ErrExit))
		}
	}
	return true
}

// handleExit has on.exit run: what is queued before it gets a sixth of the
// time, and it a third.
func (r *Registry) handleExit(ctx context.Context, exit Message) bool {
	last := &exitItem{registry: r, message: exit, done: make(chan struct{})}
	last.limit = func(t *task.Task) *fuse {
		return r.light(part(ctx, 3, r.opts.LogoutTimeout), func() { t.Cancel(ErrExitTooLong) })
	}
	if !r.process.Finish(last) {
		return false
	}
	grace := r.light(part(ctx, 6, r.opts.LogoutGrace), func() { r.drop(r.process.Interrupt(ErrExit)) })
	defer grace.putOut()
	return await(ctx, last.done)
}

// endAll has every session end. Its result is closed when all have.
func (r *Registry) endAll(ctx context.Context) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	third := part(ctx, 3, time.Hour)
	for s := range r.all {
		how := r.terms(logoutOf(s), ErrExit)
		how.grace, how.limit = min(how.grace, third), min(how.limit, third)
		how.heard = true
		r.end(s, how)
	}
	empty := make(chan struct{})
	if len(r.all) == 0 {
		close(empty)
	} else {
		r.empty = empty
	}
	return empty
}

// cancelAll cancels whatever is left, and forgets it.
func (r *Registry) cancelAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.all {
		r.drop(s.owner.Cancel(ErrExit))
	}
	r.drop(r.process.Cancel(ErrExit))
	clear(r.users)
	clear(r.last)
	clear(r.all)
}
