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
//
// A task can be ended in two ways. Cancel ends it wherever it is. EndWaits ends
// it where it waits for something that has not come, so that nothing which has
// come is lost.
type Task struct {
	owner *Owner
	name  string
	ctx   context.Context
	done  <-chan struct{} // ctx.Done(), which is asked for at every instruction
	stop  context.CancelCauseFunc

	// Of a spawned task:
	body  func(*Task)
	ended chan struct{} // closed when it has ended

	// Guarded by sched.mu:
	next      *Task           // starts when this one has ended
	waits     context.Context // ctx, and done by EndWaits; nil until the first Wait
	stopWaits context.CancelCauseFunc
	noWaits   error // why EndWaits was called
	waiting   bool  // in Wait
	woken     bool  // its time is up; see Scheduler.woken

	// Local belongs to whoever runs the task, for the time that it runs.
	Local any
}

// newTask makes a task that ends with a context at the latest.
func newTask(ctx context.Context, o *Owner, name string) *Task {
	ctx, stop := context.WithCancelCause(ctx)
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
func (t *Task) Cancel(cause error) { t.stop(cause) }

// EndWaits ends the task where it waits for something that has not come, now or
// later: such a Wait cancels the task for the given cause. What a Wait has got
// is still handed out, and worked with until the next Wait. A task that has not
// started yet never runs. EndWaits does not wait for the end.
func (t *Task) EndWaits(cause error) {
	t.owner.sched.mu.Lock()
	defer t.owner.sched.mu.Unlock()
	t.endWaits(cause)
}

// endWaits is EndWaits. sched.mu is held.
func (t *Task) endWaits(cause error) {
	if t.noWaits != nil {
		return
	}
	t.noWaits = cause
	if t.stopWaits != nil {
		t.stopWaits(cause)
	}
}

// over tells whether nothing new should be begun in the task. sched.mu is held.
func (t *Task) over() bool { return t.noWaits != nil || t.ctx.Err() != nil }

// Ended is closed when a spawned task has ended.
func (t *Task) Ended() <-chan struct{} { return t.ended }

// Wait gives up the script lock, calls f, and returns f's error when the script lock has
// come back. f has to return soon after its context is done, and to return nil
// if and only if it has what it waited for: an error then becomes the cause of
// the task's end. If the task has been cancelled before, f is not called and
// the error is the cause. Only the goroutine of the task may call Wait, while
// it has the script lock.
func (t *Task) Wait(f func(ctx context.Context) error) error {
	ctx, err := t.letGo()
	if err != nil {
		return err
	}
	defer t.owner.sched.acquire(t)
	if err = f(ctx); err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
		t.stop(err)
	}
	return err
}

// letGo gives up the script lock and returns the context to wait with, or why the
// task may not wait any more.
func (t *Task) letGo() (context.Context, error) {
	s := t.owner.sched
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != t {
		panic("task: Wait was called without the script lock")
	}
	if t.noWaits != nil {
		t.stop(t.noWaits)
	}
	if t.ctx.Err() != nil {
		return nil, context.Cause(t.ctx)
	}
	if t == t.owner.handler {
		t.owner.handlerWaits()
	}
	if t.waits == nil {
		t.waits, t.stopWaits = context.WithCancelCause(t.ctx)
	}
	t.waiting = true
	s.release()
	return t.waits, nil
}

// run is the life of a spawned task. It implements job.
func (t *Task) run() {
	o, s := t.owner, t.owner.sched
	if !t.over() {
		s.setRunning(t)
		s.mu.Unlock()
		t.body(t)
		s.mu.Lock()
		s.setRunning(nil)
	}
	if t.noWaits != nil {
		t.stop(t.noWaits)
	}
	t.stop(ErrCancelled) // frees what the context holds
	t.body = nil
	close(t.ended)
	if t.name != "" && o.named[t.name] == t {
		delete(o.named, t.name)
	}
	if t.next != nil {
		s.enqueue(t.next)
		t.next = nil
	}
	o.leave()
}
