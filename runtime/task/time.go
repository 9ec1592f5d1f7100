package task

import (
	"context"
	"time"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/crash"
)

// Clock returns the clock of the task's sleeps and timeouts.
func (t *Task) Clock() clock.Clock { return t.owner.sched.opts.Clock }

// WithTimeout is context.WithTimeoutCause by the scheduler's clock. It may only be
// called by a function that is passed to Wait, and the context must not be used
// after that function returns.
func (t *Task) WithTimeout(ctx context.Context, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	c := t.Clock()
	if clock.IsReal(c) {
		return context.WithTimeoutCause(ctx, d, cause)
	}
	return clock.WithTimeout(ctx, c, d, cause, t.wakes)
}

// Sleep returns nil when d has passed by the scheduler's clock, or ctx's cause when
// ctx is done. It may only be called by a function that is passed to Wait.
func (t *Task) Sleep(ctx context.Context, d time.Duration) error {
	over, stop := t.after(d)
	defer stop()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// after returns a channel that receives a value or is closed when d has passed, and
// a function that stops the timer.
func (t *Task) after(d time.Duration) (<-chan time.Time, func() bool) {
	c := t.Clock()
	if clock.IsReal(c) { // saves a goroutine
		timer := time.NewTimer(d)
		return timer.C, timer.Stop
	}
	over := make(chan time.Time)
	timer := c.AfterFunc(d, func() {
		defer crash.Guard()
		t.wakes()
		close(over)
	})
	return over, timer.Stop
}

// wakes records that the task will soon ask for the script lock, because its time
// is up.
func (t *Task) wakes() {
	s := t.owner.sched
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.waiting && !t.woken {
		t.woken = true
		s.woken++
	}
}

// Soon records that the wait of the task ends without input from outside: it waits
// for work of this process, for example on a database. Settle then waits for the
// task. Soon may only be called by a function that is passed to Wait.
func (t *Task) Soon() { t.wakes() }

// Input tells Settle how to find out whether the input that the task waits for has arrived.
// arrived must not wait. Any goroutine may call it until done is called, which must happen as
// soon as the task has its input. Nil means that nobody can tell. With the real clock, which
// Settle is not for, Input does nothing. It may only be called by a function that is passed to
// Wait.
func (t *Task) Input(arrived func() bool) (done func()) {
	if arrived == nil || clock.IsReal(t.Clock()) {
		return func() {}
	}
	s := t.owner.sched
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inputs == nil {
		s.inputs = make(map[*Task]func() bool)
	}
	s.inputs[t] = arrived
	return t.wakes
}

// goesOn records that the task holds the script lock again. sched.mu is held.
func (t *Task) goesOn() {
	t.waiting = false
	delete(t.owner.sched.inputs, t)
	if t.woken {
		t.woken = false
		t.owner.sched.woken--
	}
}
