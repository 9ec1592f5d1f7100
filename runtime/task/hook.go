package task

import (
	"context"
	"errors"
	"sync"
	"time"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/crash"
)

// errFinished is the cause that ends the context of Suspend when the mailbox of the owner
// is closed.
var errFinished = errors.New("the owner is ending")

// SetHook makes the scheduler call f before each instruction of each task, on the goroutine
// of the task and with the script lock. f may call Suspend. It replaces the hook before; nil
// removes it. A task that computes notices that after at most a thousand instructions.
// Without a hook, an instruction costs one comparison more.
func (s *Scheduler) SetHook(f func(t *Task)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hook = nil
	if f != nil {
		s.hook = &f
	}
}

// Hooked reports whether the scheduler has a hook.
func (s *Scheduler) Hooked() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hook != nil
}

// setHook makes f the hook of the task. It writes only a change, because each turn of a
// task calls it. sched.mu is held.
func (t *Task) setHook(f *func(*Task)) {
	if t.hook.Load() != f {
		t.hook.Store(f)
	}
}

// Suspend releases the script lock while f runs, for a debugger that stops the task. It
// returns false without calling f if the task is ending. Unlike Wait, it does not count
// as waiting, and never ends the task: the context of f is done when the task is
// cancelled, when its waits end, or when Finish is called for its owner, and f must then
// return soon. Only the goroutine of the task may call it, while it holds the script lock.
func (t *Task) Suspend(f func(ctx context.Context)) bool {
	ctx, ok := t.suspend()
	if !ok {
		return false
	}
	defer func() {
		t.resumed()
		t.owner.sched.acquire(t)
	}()
	f(ctx)
	return true
}

// suspend is the beginning of Suspend. It returns false if the task is ending.
func (t *Task) suspend() (context.Context, bool) {
	s := t.owner.sched
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != t {
		panic("task: Suspend was called without the script lock")
	}
	if t.over() {
		return nil, false
	}
	ctx, resume := context.WithCancelCause(t.parent)
	if s.suspended == nil {
		s.suspended = map[*Task]context.CancelCauseFunc{}
	}
	s.suspended[t] = resume
	t.borrowedWaits()
	s.release()
	return ctx, true
}

// resumed is the end of Suspend.
func (t *Task) resumed() {
	s := t.owner.sched
	s.mu.Lock()
	defer s.mu.Unlock()
	s.suspended[t](nil) // frees the context
	delete(s.suspended, t)
}

// resume ends the context of a suspended task. sched.mu is held.
func (t *Task) resume(cause error) {
	if end := t.owner.sched.suspended[t]; end != nil {
		end(cause)
	}
}

// resumeAll ends the contexts of the owner's suspended tasks. sched.mu is held.
func (o *Owner) resumeAll() {
	for t, end := range o.sched.suspended {
		if t.owner == o {
			end(errFinished)
		}
	}
}

// Suspended reports whether a task of the owner is in Suspend. Time limits of the
// owner should not end then.
func (o *Owner) Suspended() bool {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	for t := range o.sched.suspended {
		if t.owner.Whole() == o.Whole() {
			return true
		}
	}
	return false
}

// AfterFunc is like the AfterFunc of the scheduler's clock, for a time limit of the owner:
// while a task of the owner is in Suspend, the time begins again. f must not take a lock
// that a caller of Stop or Reset holds.
func (o *Owner) AfterFunc(d time.Duration, f func()) clock.Timer {
	return AfterFunc(o.sched.opts.Clock, d, o.Suspended, f)
}

// Suspended reports whether a task of the scheduler is in Suspend.
func (s *Scheduler) Suspended() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.suspended) > 0
}

// AfterFunc is like the AfterFunc of a clock, but the time begins again if suspended
// returns true at its end. f must not take a lock that a caller of Stop or Reset holds.
func AfterFunc(c clock.Clock, d time.Duration, suspended func() bool, f func()) clock.Timer {
	l := &limit{suspended: suspended, d: d, do: f}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer = c.AfterFunc(d, l.fire)
	return l
}

// limit is a timer of AfterFunc.
type limit struct {
	suspended func() bool
	do        func()

	mu      sync.Mutex
	timer   clock.Timer
	d       time.Duration
	stopped bool
}

// suspendedPoll is the shortest time after which a limit looks again whether a task is
// still in Suspend.
const suspendedPoll = 100 * time.Millisecond

func (l *limit) fire() {
	defer crash.Guard()
	suspended := l.suspended()
	l.mu.Lock()
	if l.stopped {
		l.mu.Unlock()
		return
	}
	if suspended {
		l.timer.Reset(max(l.d, suspendedPoll))
		l.mu.Unlock()
		return
	}
	l.stopped = true
	l.mu.Unlock()
	l.do()
}

// Stop implements clock.Timer.
func (l *limit) Stop() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.timer.Stop()
	was := !l.stopped
	l.stopped = true
	return was
}

// Reset implements clock.Timer.
func (l *limit) Reset(d time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	was := !l.stopped
	l.stopped, l.d = false, d
	l.timer.Reset(d)
	return was
}
