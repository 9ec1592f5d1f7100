package task

import (
	"context"
	"sync/atomic"
	"time"
)

// cancellation is the part of a task that cancels it. Most tasks handle messages that
// nobody cancels, and each user has one, so a context is made only for code that asks
// for it.
type cancellation struct {
	parent context.Context       // ends the task, too
	cause  atomic.Pointer[error] // nil until the task is cancelled; changed with sched.mu

	// Guarded by sched.mu:
	ctx    context.Context // made by context; nil until needed
	cancel context.CancelCauseFunc
}

// Context returns a context that is done when the task is cancelled. context.Cause
// returns the reason.
func (t *Task) Context() context.Context {
	t.owner.sched.mu.Lock()
	defer t.owner.sched.mu.Unlock()
	if t.ctx == nil {
		t.ctx, t.cancel = context.WithCancelCause(t.parent)
		if cause := t.cause.Load(); cause != nil {
			t.cancel(*cause)
		}
	}
	return t.ctx
}

// Deadline implements context.Context. A task has no deadline.
func (t *Task) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context.
func (t *Task) Done() <-chan struct{} { return t.Context().Done() }

// Err implements context.Context, but returns the cause.
func (t *Task) Err() error {
	if cause := t.cause.Load(); cause != nil {
		return *cause
	}
	return context.Cause(t.parent)
}

// Key is the key under which the Value of a Task, and of each context derived from
// it, returns the task.
var Key = new(struct{ int })

// Value implements context.Context.
func (t *Task) Value(key any) any {
	if key == any(Key) {
		return t
	}
	return t.Context().Value(key)
}

// Cancel ends the task with the given cause, where it waits or at the next
// instruction of its script. Cancel does not wait for the end.
func (t *Task) Cancel(cause error) {
	t.owner.sched.mu.Lock()
	defer t.owner.sched.mu.Unlock()
	t.stop(cause)
}

// stop is Cancel. If the parent has ended before, its cause counts. sched.mu is held.
func (t *Task) stop(cause error) {
	if t.cause.Load() != nil {
		return
	}
	switch {
	case t.parent.Err() != nil:
		cause = context.Cause(t.parent)
	case cause == nil:
		cause = context.Canceled
	}
	t.cause.Store(&cause)
	if t.cancel != nil {
		t.cancel(cause)
	}
	t.resume(cause)
	if t.stopWaits != nil {
		t.stopWaits(cause)
	}
}

// cancelled reports whether the task or its parent has ended. Code.Done only knows about
// the parent after a call. sched.mu is held.
func (t *Task) cancelled() bool {
	if t.cause.Load() == nil && t.parent.Err() != nil {
		t.stop(nil)
	}
	return t.cause.Load() != nil
}

// over reports whether the task should not start anything new. sched.mu is held.
func (t *Task) over() bool { return t.cancelled() || t.noWaits != nil }
