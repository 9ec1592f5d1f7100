package task

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// The causes that end a task.
var (
	ErrCancelled = errors.New("the task was cancelled")
	ErrReplaced  = errors.New("the task was replaced by another one of its name")
)

// RanTooLongError is the cause that ends a task which ran for too long without
// waiting.
type RanTooLongError struct{ Limit time.Duration }

func (e *RanTooLongError) Error() string {
	return fmt.Sprintf("stopped: it ran for %v without waiting (handler_timeout)", e.Limit)
}

// Task is one flow of control: the handling of an owner's messages, or
// something that was spawned.
//
// It is a context.Context for what runs in it, whose Err is the cause, so that
// an interpreter which only knows contexts reports why it was stopped. For Go
// code that compares Err with context.Canceled, use Context.
type Task struct {
	owner *Owner
	name  string
	ctx   context.Context
	done  <-chan struct{} // ctx.Done(), which is asked for at every instruction
	stop  context.CancelCauseFunc

	// Of a spawned task:
	body  func(*Task)
	ended chan struct{} // closed when it has ended
	next  *Task         // starts then; guarded by sched.mu

	// Local belongs to whoever runs the task, for the time that it runs.
	Local any
}

func newTask(o *Owner, name string, parent context.Context) *Task {
	ctx, stop := context.WithCancelCause(parent)
	return &Task{owner: o, name: name, ctx: ctx, done: ctx.Done(), stop: stop}
}

// Owner is whom the task belongs to.
func (t *Task) Owner() *Owner { return t.owner }

// Name is the name that the task was spawned with, or "".
func (t *Task) Name() string { return t.name }

// Context is done when the task is cancelled; context.Cause tells why.
func (t *Task) Context() context.Context { return t.ctx }

// Deadline implements context.Context: a task has none.
func (t *Task) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done implements context.Context.
func (t *Task) Done() <-chan struct{} { return t.done }

// Err implements context.Context, but for the error, which is the cause.
func (t *Task) Err() error { return context.Cause(t.ctx) }

// Key is what the Value of a Task, and of each context derived from it, gives
// the task for.
var Key = new(struct{ int })

// Value implements context.Context.
func (t *Task) Value(key any) any {
	if key == any(Key) {
		return t
	}
	return t.ctx.Value(key)
}

// Cancel ends the task where it waits, or at the next instruction of its
// script, for the given cause. It does not wait for the end.
func (t *Task) Cancel(cause error) { t.cancel(cause) }

func (t *Task) cancel(cause error) { t.stop(cause) }

// Ended is closed when a spawned task has ended.
func (t *Task) Ended() <-chan struct{} { return t.ended }

// Wait gives up the baton, calls f with the task's context, and returns f's
// error when the baton has come back. If the task has been cancelled, before
// or meanwhile, the error is the cause. Only the goroutine of the task may
// call it, while it has the baton.
func (t *Task) Wait(f func(ctx context.Context) error) error {
	if t.ctx.Err() != nil {
		return context.Cause(t.ctx)
	}
	s := t.owner.sched
	s.release()
	defer s.acquire(t)
	err := f(t.ctx)
	if t.ctx.Err() != nil {
		return context.Cause(t.ctx)
	}
	return err
}

// run is the life of a spawned task.
func (t *Task) run() {
	o := t.owner
	s := o.sched
	if t.ctx.Err() == nil {
		s.setRunning(t)
		t.body(t)
		s.setRunning(nil)
	}
	t.stop(ErrCancelled)
	s.mu.Lock()
	defer s.mu.Unlock()
	close(t.ended)
	if t.name != "" && o.named[t.name] == t {
		delete(o.named, t.name)
	}
	if t.next != nil {
		s.enqueue(t.next)
	}
	o.leave()
}
