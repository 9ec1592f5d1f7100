package clock

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Movable is a clock that goes by real time and can be moved on beside. While
// it is moved, real time does not count.
type Movable struct {
	settle func(ctx context.Context)

	// turn is held while timers' functions are called, so that one ends before
	// the next begins.
	turn sync.Mutex

	mu     sync.Mutex
	offset time.Duration // what the clock is ahead of real time
	frozen time.Time     // what it shows while it is moved; zero while it is not
	timers queue
	made   uint64      // counts settings of timers: those due at once fire in order
	real   *time.Timer // is up when the first of timers is due
}

// NewMovable makes a clock that shows the real time. settle is called by
// Advance whenever timers have fired, and returns when what they woke has run
// or ctx is done; nil means that nothing needs to be waited for.
func NewMovable(settle func(ctx context.Context)) *Movable { return &Movable{settle: settle} }

// Now implements Clock.
func (m *Movable) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now()
}

// now is Now. mu is held.
func (m *Movable) now() time.Time {
	if !m.frozen.IsZero() {
		return m.frozen
	}
	return time.Now().Add(m.offset)
}

// AfterFunc implements Clock.
func (m *Movable) AfterFunc(d time.Duration, f func()) Timer {
	t := &timer{clock: m, do: f, place: -1}
	t.Reset(d)
	return t
}

// Advance moves the clock on by d. It goes from one timer that is due to the
// next, so that each fires at its own time and what it wakes runs before the
// clock goes on: a timer that is set anew meanwhile fires again, if its time
// comes within d. The error is ctx's, when it is done before; the clock has
// then been moved up to some time on the way.
//
// One call runs at a time. It must not be called by a timer's function.
func (m *Movable) Advance(ctx context.Context, d time.Duration) error {
	m.turn.Lock()
	defer m.turn.Unlock()
	m.mu.Lock()
	m.frozen = m.now()
	target := m.frozen.Add(max(d, 0))
	m.mu.Unlock()
	defer m.thaw()
	for ctx.Err() == nil {
		due := m.due(target)
		if len(due) == 0 {
			m.set(target)
			return nil
		}
		for _, do := range due {
			do()
		}
		if m.settle != nil {
			m.settle(ctx)
		}
	}
	return context.Cause(ctx)
}

// due moves the clock on to the first timer, if it is due by then at the
// latest, and takes out the functions of all that are due at that time.
func (m *Movable) due(target time.Time) []func() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.timers) == 0 || m.timers[0].at.After(target) {
		return nil
	}
	if at := m.timers[0].at; at.After(m.frozen) {
		m.frozen = at
	}
	return m.take()
}

// take takes out the functions of all timers that are due. mu is held.
func (m *Movable) take() (due []func()) {
	now := m.now()
	for len(m.timers) > 0 && !m.timers[0].at.After(now) {
		due = append(due, heap.Pop(&m.timers).(*timer).do)
	}
	return due
}

func (m *Movable) set(t time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.frozen = t
}

// thaw lets the clock go by real time again, from where it is.
func (m *Movable) thaw() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.offset = time.Until(m.frozen)
	m.frozen = time.Time{}
	m.arm()
}

// arm has the first timer's time awaited. mu is held.
func (m *Movable) arm() {
	switch {
	case !m.frozen.IsZero(): // thaw will
	case len(m.timers) == 0:
		if m.real != nil {
			m.real.Stop()
		}
	case m.real == nil:
		m.real = time.AfterFunc(m.timers[0].at.Sub(m.now()), m.fire)
	default:
		m.real.Reset(m.timers[0].at.Sub(m.now()))
	}
}

// fire is called when the first timer's time should have come.
func (m *Movable) fire() {
	m.turn.Lock()
	defer m.turn.Unlock()
	m.mu.Lock()
	due := m.take()
	m.arm()
	m.mu.Unlock()
	for _, do := range due {
		do()
	}
}

// timer is a timer of a Movable. clock.mu guards it.
type timer struct {
	clock *Movable
	do    func()
	at    time.Time
	order uint64
	place int // in clock.timers; -1: it is not there
}

// Stop implements Timer.
func (t *timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	was := t.remove()
	t.clock.arm()
	return was
}

// Reset implements Timer.
func (t *timer) Reset(d time.Duration) bool {
	m := t.clock
	m.mu.Lock()
	defer m.mu.Unlock()
	was := t.remove()
	m.made++
	t.at, t.order = m.now().Add(d), m.made
	heap.Push(&m.timers, t)
	m.arm()
	return was
}

// remove takes the timer out of the queue, and tells whether it was there.
func (t *timer) remove() bool {
	if t.place < 0 {
		return false
	}
	heap.Remove(&t.clock.timers, t.place)
	return true
}

// queue is a heap of timers, the next one in front.
type queue []*timer

func (q queue) Len() int { return len(q) }

func (q queue) Less(i, j int) bool {
	if q[i].at.Equal(q[j].at) {
		return q[i].order < q[j].order
	}
	return q[i].at.Before(q[j].at)
}

func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].place, q[j].place = i, j
}

// Push implements heap.Interface.
func (q *queue) Push(x any) {
	t := x.(*timer)
	t.place = len(*q)
	*q = append(*q, t)
}

// Pop implements heap.Interface.
func (q *queue) Pop() any {
	old := *q
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	t.place = -1
	return t
}
