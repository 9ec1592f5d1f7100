package session

import (
	"context"
	"time"

	"spectrumlua/runtime/task"
)

// Exit ends all sessions and the process's tasks. Logins stop first. Then the
// script handles exit as a message of the process. Then each session ends as at
// LOGOUT, but may still send. Then the process's tasks are cancelled. Each step
// gets a part of the time that ctx leaves; what takes longer is cancelled. Exit
// returns when all tasks have ended or ctx is done, and cancels the tasks that are
// left.
//
// Exit must be called without the script lock. Calls after the first return at
// once.
func (r *Registry) Exit(ctx context.Context, exit Message) {
	if !r.stopLogins() {
		return
	}
	defer r.cancelAll()
	if !r.handleExit(ctx, exit) || !await(ctx, r.endAll(ctx)) {
		return
	}
	r.drop(r.process.Cancel(errExit))
	await(ctx, r.process.Idle())
}

// part returns the time that ctx leaves divided by parts, at most longest.
func part(ctx context.Context, parts int, longest time.Duration) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return longest
	}
	return min(time.Until(deadline)/time.Duration(parts), longest)
}

// await waits for done and reports whether it was closed before ctx was done.
func await(ctx context.Context, done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	case <-ctx.Done():
		return false
	}
}

// stopLogins prevents new sessions. It returns false if an earlier call has done so.
func (r *Registry) stopLogins() bool {
	r.mu.Lock()
	defer r.unlock()
	if r.exiting {
		return false
	}
	r.exiting = true
	for s := range r.all {
		if s.state == waiting {
			r.end(s, r.terms(Message{}, errExit))
		}
	}
	return true
}

// handleExit runs on.exit. The messages that are queued before it get a sixth of
// the time, on.exit gets a third. It reports whether on.exit returned before ctx
// was done.
func (r *Registry) handleExit(ctx context.Context, exit Message) bool {
	last := &exitItem{registry: r, message: exit, done: make(chan struct{})}
	last.limit = func(t *task.Task) *deadline {
		return r.newDeadline(r.process, part(ctx, 3, r.opts.LogoutTimeout), func() { t.Cancel(errExitTooLong) })
	}
	if !r.process.Finish(last) {
		return false
	}
	grace := r.newDeadline(r.process, part(ctx, 6, r.opts.LogoutGrace), func() { r.drop(r.process.Interrupt(errExit)) })
	defer grace.stop()
	return await(ctx, last.done)
}

// endAll ends every session. It returns a channel that is closed when all have
// ended.
func (r *Registry) endAll(ctx context.Context) <-chan struct{} {
	r.mu.Lock()
	defer r.unlock()
	third := part(ctx, 3, time.Hour)
	for s := range r.all {
		how := r.terms(logoutOf(s), errExit)
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

// cancelAll cancels and forgets the sessions and tasks that are left.
func (r *Registry) cancelAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for s := range r.all {
		r.dropBacklog(s)
		r.drop(s.owner.Cancel(errExit))
	}
	r.drop(r.process.Cancel(errExit))
	clear(r.users)
	clear(r.last)
	clear(r.all)
}
