package task

import (
	"context"
	"sync"
	"time"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/crash"
)

// Timers starts tasks of one owner later, and ends with that owner. It is safe for
// concurrent use.
type Timers struct {
	owner *Owner

	mu    sync.Mutex
	ended bool
	all   map[*Timer]struct{}
	named map[string]*Timer
}

// Timer starts a task once, or periodically.
type Timer struct {
	timers *Timers
	name   string
	period time.Duration // 0: once

	// Guarded by timers.mu.
	run   func(*Task) // nil once the timer has ended, so that a kept Timer does not keep the function
	alarm clock.Timer
	next  time.Time
	ended bool
}

// NewTimers returns the timers of an owner.
func NewTimers(o *Owner) *Timers {
	ts := &Timers{owner: o, all: map[*Timer]struct{}{}, named: map[string]*Timer{}}
	context.AfterFunc(o.Context(), ts.end)
	return ts
}

// After calls run in a task of the owner when d has passed and, if every is true,
// every d after that. A periodic run starts after the previous one has ended, and
// skips the times it has missed. A named timer ends an older timer with the same
// name; tasks that the older one has started continue.
func (ts *Timers) After(name string, d time.Duration, every bool, run func(*Task)) *Timer {
	t := &Timer{timers: ts, name: name, run: run}
	if every {
		t.period = d
	}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.ended {
		t.ended, t.run = true, nil
		return t
	}
	if name != "" {
		if old := ts.named[name]; old != nil {
			old.end()
		}
		ts.named[name] = t
	}
	ts.all[t] = struct{}{}
	c := ts.owner.sched.opts.Clock
	t.next = c.Now().Add(d)
	t.alarm = c.AfterFunc(d, t.fire)
	return t
}

// Ended reports whether the timer has ended and starts no more tasks.
func (t *Timer) Ended() bool {
	t.timers.mu.Lock()
	defer t.timers.mu.Unlock()
	return t.ended
}

// Owner returns the owner of the timers.
func (ts *Timers) Owner() *Owner { return ts.owner }

// Cancel ends the timer. Tasks that it has started continue.
func (t *Timer) Cancel() {
	t.timers.mu.Lock()
	defer t.timers.mu.Unlock()
	t.end()
}

// CancelUnnamed ends the timers that have no name.
func (ts *Timers) CancelUnnamed() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for t := range ts.all {
		if t.name == "" {
			t.end()
		}
	}
}

// end ends all timers because the owner has ended.
func (ts *Timers) end() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.ended = true
	for t := range ts.all {
		t.end()
	}
}

// end ends the timer. timers.mu is held.
func (t *Timer) end() {
	t.ended, t.run = true, nil
	if t.alarm != nil {
		t.alarm.Stop()
	}
	delete(t.timers.all, t)
	if t.timers.named[t.name] == t {
		delete(t.timers.named, t.name)
	}
}

// fire starts the task when the time has come.
func (t *Timer) fire() {
	defer crash.Guard()
	t.timers.mu.Lock()
	ended, run := t.ended, t.run
	if !ended && t.period == 0 {
		t.end()
	}
	t.timers.mu.Unlock()
	if ended {
		return
	}
	t.timers.owner.Spawn("", func(task *Task) {
		run(task)
		t.rearm()
	})
}

// rearm sets the alarm to the next multiple of the period that is still to come.
func (t *Timer) rearm() {
	t.timers.mu.Lock()
	defer t.timers.mu.Unlock()
	if t.ended {
		return
	}
	now := t.timers.owner.sched.opts.Clock.Now()
	t.next = t.next.Add(t.period)
	if late := now.Sub(t.next); late > 0 {
		t.next = t.next.Add(late.Truncate(t.period) + t.period)
	}
	t.alarm.Reset(t.next.Sub(now))
}
