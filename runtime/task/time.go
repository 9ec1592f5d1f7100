package task

import (
	"context"
	"runtime"
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

// goesOn records that the task holds the script lock again. sched.mu is held.
func (t *Task) goesOn() {
	t.waiting = false
	if t.woken {
		t.woken = false
		t.owner.sched.woken--
	}
}

const (
	// settling is how long nothing may run before Settle returns. Data on a local
	// socket arrives within that time.
	settling = time.Millisecond
	// unsettled is how long Settle waits for tasks that never become idle.
	unsettled = 100 * time.Millisecond
)

// Settle returns when all tasks of the schedulers wait for something that does not
// arrive at once, or when ctx is done. It is meant for clock.NewMovable. Settle
// observes the schedulers from outside, so input from other processes may arrive
// later. It gives up after a tenth of a second on tasks that never become idle, but waits
// for those in Suspend.
func Settle(ctx context.Context, schedulers ...*Scheduler) {
	before, late := uint64(0), time.Now().Add(unsettled)
	for ctx.Err() == nil && time.Now().Before(late) {
		for range schedulers {
			runtime.Gosched()
		}
		turns, rest := uint64(0), true
		for _, s := range schedulers {
			turn, settled, suspended := s.settled()
			turns, rest = turns+turn, rest && settled
			if suspended {
				late = time.Now().Add(unsettled)
			}
		}
		if rest && turns == before {
			return
		}
		before = turns
		time.Sleep(settling)
	}
}

// settled reports whether nothing runs or is about to run, and returns the number
// of times that the script lock has changed hands. suspended reports whether a task is in
// Suspend.
func (s *Scheduler) settled() (turn uint64, settled, suspended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	suspended = len(s.suspended) > 0
	return s.turn, !s.held && s.ready.len() == 0 && s.woken == 0 && !suspended, suspended
}
