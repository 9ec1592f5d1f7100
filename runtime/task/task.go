package task

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"
)

// These errors are causes that end a task.
var (
	ErrCancelled = errors.New("the task was cancelled")
	ErrReplaced  = errors.New("the task was replaced by another task with the same name")
)

// RanTooLongError is the cause that ends a task which ran too long without waiting.
type RanTooLongError struct{ Limit time.Duration }

func (e *RanTooLongError) Error() string {
	return fmt.Sprintf("stopped: it ran for %v without waiting (handler_timeout)", e.Limit)
}

// Task is one flow of control: either the handling of an owner's messages, or a
// function that was spawned.
//
// A Task is a context.Context for the code that runs in it. Its Err returns the
// cause instead of context.Canceled, so that an interpreter that only knows
// contexts reports why it was stopped. Code that compares Err with context.Canceled
// needs Context.
//
// Cancel ends a task wherever it is. EndWaits ends it only where it waits for
// something that has not arrived, so that nothing that has arrived is lost.
type Task struct {
	owner *Owner
	name  string
	cancellation

	// Only for a spawned task:
	body  func(*Task)
	ended chan struct{} // closed when it has ended
	ran   bool          // it began; constant after that

	// steps counts the calls of Code.Done. hook is the Scheduler's when the task last took the
	// script lock, or computed for long; Sample replaces it for one instruction. Only the
	// goroutine that has that lock uses these fields and calls hook.
	steps uint32
	hook  atomic.Pointer[func(*Task)]
	// label is what SetLabel has set.
	label atomic.Pointer[Label]

	// Guarded by sched.mu:
	// lender owns the goroutine that the task runs on, until the task has waited; nil if
	// the task owns it. kept is set if Keep was called.
	lender    Lender
	kept      bool
	brief     uint8           // calls of Brief since the task took the script lock
	began     int64           // when it did so; 0 on a borrowed goroutine; see Scheduler.now
	next      *Task           // starts when this task has ended
	waits     context.Context // ends by Cancel or EndWaits; nil until the first Wait
	stopWaits context.CancelCauseFunc
	noWaits   error // the cause given to EndWaits
	waiting   bool  // inside Wait
	woken     bool  // its time is up, and Scheduler.woken counts it
	counted   bool  // Measure has counted the current call
	since     int64 // when it began to wait; see Scheduler.now

	// Local is a value of the code that runs the task, valid while the task runs.
	Local any
	// Place is a value of the code that waits in the task, valid while it waits. The
	// script lock guards it.
	Place any
	// Debug is a value of a debugger. The script lock guards it.
	Debug any
}

// newTask returns a task that ends at the latest when ctx is done.
func newTask(ctx context.Context, o *Owner, name string) *Task {
	return &Task{owner: o, name: name, cancellation: cancellation{parent: ctx}}
}

// Owner returns the owner of the task.
func (t *Task) Owner() *Owner { return t.owner }

// Name returns the name that the task was spawned with, or "".
func (t *Task) Name() string { return t.name }

// EndWaits ends the task where it waits for something that has not arrived, now or
// later: that Wait cancels the task with the given cause. A result that a Wait
// already has is still returned, and the task runs until its next Wait. A task that
// has not started never runs. EndWaits does not wait for the end.
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
	t.resume(cause)
	if t.stopWaits != nil {
		t.stopWaits(cause)
	}
}

// Ending reports whether the next Wait of the task fails because EndWaits was called.
// It may only be called with the script lock.
func (t *Task) Ending() bool {
	t.owner.sched.mu.Lock()
	defer t.owner.sched.mu.Unlock()
	return t.noWaits != nil
}

// Ended returns a channel that is closed when a spawned task has ended.
func (t *Task) Ended() <-chan struct{} { return t.ended }

// NeverRan returns nil if a spawned task ran, and otherwise why it ended before it began.
// It may only be called after the end.
func (t *Task) NeverRan() error {
	if t.ran {
		return nil
	}
	if err := t.Err(); err != nil {
		return err
	}
	return ErrCancelled
}

// Await waits for the end of a spawned task and returns NeverRan. If ctx is done before the
// end, it calls end with the cause: Cancel or EndWaits. The caller must not hold the script
// lock.
func (t *Task) Await(ctx context.Context, end func(cause error)) error {
	select {
	case <-t.ended:
	case <-ctx.Done():
		end(context.Cause(ctx))
		<-t.ended
	}
	return t.NeverRan()
}

// Limits of Brief without a Wait.
const (
	maxBrief  = 32
	briefTime = time.Millisecond
)

// Brief reports whether the task may do something that takes microseconds without Wait. It
// is false if Wait would fail. So that others get the script lock, it is also false after 32
// calls without a Wait, and if the task has had the lock for a millisecond, or for a few on a
// borrowed goroutine. Only the goroutine of the task may call Brief, while it holds the script
// lock.
func (t *Task) Brief() bool {
	s := t.owner.sched
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case t.noWaits != nil, t.cancelled(), t.brief == maxBrief:
		return false
	case t.began == 0:
		t.began = s.now()
	case s.now()-t.began > int64(briefTime):
		return false
	}
	t.brief++
	return true
}

// Wait releases the script lock, calls f, takes the lock again and returns f's
// error. f must return soon after its context is done, and must return nil if and
// only if it has what it waited for. If it fails after its context is done, Wait
// cancels the task and returns the context's cause. If the task was cancelled
// before, Wait does not call f and returns the cause. Only the goroutine of the
// task may call Wait, while it holds the script lock.
func (t *Task) Wait(f func(ctx context.Context) error) error {
	ctx, err := t.startWait()
	if err != nil {
		return err
	}
	defer t.owner.sched.acquire(t)
	if err = f(ctx); err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
		t.Cancel(err)
	}
	return err
}

// startWait releases the script lock and returns the context to wait with, or the
// reason why the task may not wait any more.
func (t *Task) startWait() (context.Context, error) {
	s := t.owner.sched
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != t {
		panic("task: Wait was called without the script lock")
	}
	if t.noWaits != nil {
		t.stop(t.noWaits)
	}
	if t.cancelled() {
		return nil, t.Err()
	}
	if t == t.owner.handler {
		t.owner.handlerWaits()
	}
	if t.waits == nil {
		t.waits, t.stopWaits = context.WithCancelCause(t.parent)
	}
	t.borrowedWaits()
	t.waiting, t.since = true, s.now()
	s.release()
	return t.waits, nil
}

// run runs a spawned task from its start to its end. It implements job.
func (t *Task) run() {
	o, s := t.owner, t.owner.sched
	if !t.over() {
		t.ran, t.counted = true, false
		s.setRunning(t)
		s.mu.Unlock()
		t.body(t)
		s.mu.Lock()
		s.setRunning(nil)
	}
	if t.noWaits != nil {
		t.stop(t.noWaits)
	}
	t.stop(ErrCancelled) // frees the contexts
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
