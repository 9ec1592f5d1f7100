package clock

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// Movable is a clock that follows real time and can also be advanced. Real time
// does not count during an advance.
type Movable struct {
	settle func(ctx context.Context)

	// turn is held while functions of timers run, so that they run one at a time.
	turn sync.Mutex

	mu     sync.Mutex
	offset time.Duration // the difference to real time
	frozen time.Time     // the time during an advance; otherwise zero
	timers queue
	made   uint64      // the number of timers set so far: simultaneous timers fire in that order
	real   *time.Timer // expires when the first of timers is due
}

// NewMovable returns a clock that shows the real time. Advance calls settle after
// timers have fired. settle should return when the work that they started has run,
// or when ctx is done. It may be nil.
func NewMovable(settle func(ctx context.Context)) *Movable { return &Movable{settle: settle} }

// Now implements Clock.
func (m *Movable) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now()
}

// now implements Now. mu is held.
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

// Advance advances the clock by d. It stops at each timer that is due, so that each
// fires at its own time and its work runs before the clock continues. A timer that
// is set again meanwhile fires again if its time is within d. If ctx is done first,
// Advance returns its cause, and the clock stays where it is by then.
//
// Only one call runs at a time. Functions of timers must not call Advance.
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

// due advances the clock to the first timer, unless that is due only after target. It
// removes and returns the functions of all timers that are due then.
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

// take removes and returns the functions of all timers that are due. mu is held.
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

// thaw makes the clock follow real time again.
func (m *Movable) thaw() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.offset = time.Until(m.frozen)
	m.frozen = time.Time{}
	m.arm()
}

// arm sets the real timer to the first timer's time. mu is held.
func (m *Movable) arm() {
	switch {
	case !m.frozen.IsZero(): // thaw calls arm later
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

// fire is called when the first timer should be due.
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
	place int // index in clock.timers; -1: not in it
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

// remove removes the timer from the queue and reports whether it was there.
func (t *timer) remove() bool {
	if t.place < 0 {
		return false
	}
	heap.Remove(&t.clock.timers, t.place)
	return true
}

// queue is a heap of timers. The next one is at the front.
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
