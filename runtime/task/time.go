package task

import (
	"context"
	"runtime"
	"time"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/crash"
)

// Clock is what the task's sleeps and timeouts go by.
func (t *Task) Clock() clock.Clock { return t.owner.sched.opts.Clock }

// WithTimeout is context.WithTimeoutCause by the scheduler's clock, for a
// function that is given to Wait: the context must not outlive that.
func (t *Task) WithTimeout(ctx context.Context, d time.Duration, cause error) (context.Context, context.CancelFunc) {
	c := t.Clock()
	if clock.IsReal(c) {
		return context.WithTimeoutCause(ctx, d, cause)
	}
	return clock.WithTimeout(ctx, c, d, cause, t.wakes)
}

// Sleep returns when d has passed by the scheduler's clock, or with ctx's cause
// when that is done. It is for a function that is given to Wait.
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

// after has something come when d has passed.
func (t *Task) after(d time.Duration) (<-chan time.Time, func() bool) {
	c := t.Clock()
	if clock.IsReal(c) { // which spares a goroutine
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

// wakes notes that the task is about to go on since its time is up.
func (t *Task) wakes() {
	s := t.owner.sched
	s.mu.Lock()
	defer s.mu.Unlock()
	if t.waiting && !t.woken {
		t.woken = true
		s.woken++
	}
}

// Soon notes, from a function that is given to Wait, that the task goes on by
// itself: what it waits for is work of this process's own, such as a database's,
// and Settle waits for it, too.
func (t *Task) Soon() { t.wakes() }

// goesOn notes that the task has the script lock. sched.mu is held.
func (t *Task) goesOn() {
	t.waiting = false
	if t.woken {
		t.woken = false
		t.owner.sched.woken--
	}
}

const (
	// settling is how long nothing must have run for all to count as settled:
	// what crosses a socket on this machine is there by then.
	settling = time.Millisecond
	// unsettled is how long Settle waits for tasks that never rest.
	unsettled = 100 * time.Millisecond
)

// Settle returns when the schedulers' tasks have all run until they wait for
// what does not come at once, and at the latest when ctx is done. It is what
// clock.NewMovable wants to know. It looks at goroutines from outside: what
// other processes send may come later, and tasks that never rest are left to it
// after a tenth of a second.
func Settle(ctx context.Context, schedulers ...*Scheduler) {
	before, late := uint64(0), time.Now().Add(unsettled)
	for ctx.Err() == nil && time.Now().Before(late) {
		for range schedulers {
			runtime.Gosched()
		}
		turns, rest := uint64(0), true
		for _, s := range schedulers {
			turn, settled := s.settled()
			turns, rest = turns+turn, rest && settled
		}
		if rest && turns == before {
			return
		}
		before = turns
		time.Sleep(settling)
	}
}

// settled tells whether nobody runs or is about to, as far as the scheduler
// knows, and how often the script lock has gone round.
func (s *Scheduler) settled() (turn uint64, settled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.turn, !s.held && s.ready.len() == 0 && s.woken == 0
}
