package task

import (
	"time"

	"spectrumlua/runtime/crash"
)

// Label names what a task does: a handler, or a function that was started. Owners and
// tasks of one scheduler may share a label.
type Label struct {
	// Kind is a handler's prefix "on", or the word for the others, such as "task".
	Kind string
	// Name is the name that the script has given, or "".
	Name string
	// Code identifies the function, so that all calls of it count together. It can be
	// compared. Without it, all calls with the same Kind and Name count together.
	Code any

	usage *usage // guarded by sched.mu; it may belong to an earlier measure
}

// SetLabel sets the label of the task, until another call. Only the goroutine of the task may
// call it, while it holds the script lock.
func (t *Task) SetLabel(l *Label) {
	if t.label.Load() != l {
		t.label.Store(l)
	}
}

// Label returns the label of the task, or nil. It is safe for concurrent use.
func (t *Task) Label() *Label { return t.label.Load() }

// Usage is the time for which tasks have held the script lock.
type Usage struct {
	CPU time.Duration // since Measured.Since
	// Share is the part of one processor in the last seconds: 1 is all of it.
	Share float64
	// Calls counts the items that were handled and the tasks that have started to run.
	Calls uint64
	// Longest is the longest time without waiting.
	Longest time.Duration
}

// Measured is a result of Measure.
type Measured struct {
	Since time.Time
	Total Usage
	// Labels has the usage by label. The labels have no meaning to the scheduler.
	Labels []LabelUsage
}

// LabelUsage is the usage of tasks with one label.
type LabelUsage struct {
	Label
	Usage
}

const (
	// measureWindow is the time over which Usage.Share is an average.
	measureWindow = 2 * time.Second
	// exactTurns is the number of turns with the script lock in a window that are all
	// measured. Later ones are measured by chance, one in oneIn, because some machines need
	// long to read the clock.
	exactTurns = 2000
	oneIn      = 16
	// maxLabels limits the labels of a measure. The other tasks count as one.
	maxLabels = 1000
)

// otherLabels is the label of tasks with too many different labels.
var otherLabels = Label{Kind: "other"}

// measure has the totals while somebody measures. sched.mu guards it.
type measure struct {
	since  int64 // of Scheduler.now
	turn   int64 // when the task that runs took the script lock
	taken  int64 // when it was charged last
	until  int64 // the end of the lease
	expiry *time.Timer
	labels map[labelKey]*labelUsage
	// window is the number of the current measureWindow, which begins at start and ends
	// before end.
	window, start, end int64
	// fresh is true if the next task takes the script lock at taken: nothing has happened
	// since. It saves reading the clock.
	fresh bool
	// turns counts those of the current window. weight is how many turns the current one
	// stands for, 0 if it is not measured. chance is a random number.
	turns  int
	weight int64
	chance uint32
}

type labelKey struct {
	kind, name string
	code       any
}

type labelUsage struct {
	label Label
	usage usage
}

// usage is Usage while it is counted.
type usage struct {
	of      *measure
	cpu     int64
	calls   uint64
	longest int64
	// now is the usage in the window with this number, before the usage in the one before
	// it.
	window, now, before int64
}

// now returns the nanoseconds since the scheduler was made.
func (s *Scheduler) now() int64 { return int64(time.Since(s.began)) }

// Measure returns how long tasks have held the script lock since the first call. It
// measures until lease has passed without another call; the next one then begins again
// with zero. Otherwise nothing is measured. If tasks take the lock more than a thousand times
// a second, the times of short turns are estimates; calls are exact.
func (s *Scheduler) Measure(lease time.Duration) Measured {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.measure == nil && !s.closed {
		now := s.now()
		m := &measure{since: now, turn: now, taken: now, weight: 1, labels: map[labelKey]*labelUsage{}}
		m.expiry = time.AfterFunc(lease, func() { s.expire(m) })
		s.measure = m
	}
	m := s.measure
	if m == nil {
		return Measured{Since: time.Now()}
	}
	s.lasts()
	s.charge()
	now := s.now()
	m.until = now + int64(lease)
	m.expiry.Reset(lease)
	result := Measured{Since: s.began.Add(time.Duration(m.since))}
	total := &result.Total
	for _, l := range m.labels {
		u := l.usage.read(m, now)
		total.CPU, total.Share, total.Calls, total.Longest = total.CPU+u.CPU, total.Share+u.Share, total.Calls+u.Calls, max(total.Longest, u.Longest)
		result.Labels = append(result.Labels, LabelUsage{l.label, u})
	}
	return result
}

// expire ends a measure whose lease has passed.
func (s *Scheduler) expire(m *measure) {
	defer crash.Guard()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.measure == m && s.now() >= m.until {
		s.measure = nil
	}
}

// endMeasure ends the measure. s.mu is held.
func (s *Scheduler) endMeasure() {
	if s.measure != nil {
		s.measure.expiry.Stop()
		s.measure = nil
	}
}

// begins records that a task has just taken the script lock. s.mu is held.
func (s *Scheduler) begins() {
	m := s.measure
	m.turns++
	m.weight = 1
	if m.turns > exactTurns {
		m.weight = 0
		m.chance = m.chance*1664525 + 1013904223
		if m.chance>>16%oneIn == 0 {
			m.weight = oneIn
		}
	}
	if m.weight > 0 && !m.fresh {
		m.taken = s.now()
	}
	m.turn, m.fresh = m.taken, false
}

// lasts makes the turn of the task that runs count exactly from now on, because it is a long
// one. s.mu is held.
func (s *Scheduler) lasts() {
	m := s.measure
	switch {
	case s.running == nil || m.weight == 1:
		return
	case m.weight == 0:
		m.taken = s.now()
		m.turn = m.taken
	default:
		s.charge()
	}
	m.weight = 1
}

// pauses records that time may pass until the next task takes the script lock. s.mu is held.
func (s *Scheduler) pauses() {
	if s.measure != nil {
		s.measure.fresh = false
	}
}

// charge adds the time since the last charge to the task that runs. s.mu is held.
func (s *Scheduler) charge() {
	m, t := s.measure, s.running
	c := charge{}
	if m.weight > 0 || t == nil {
		now := s.now()
		if now >= m.end {
			m.window = now / int64(measureWindow)
			m.start = m.window * int64(measureWindow)
			m.end = m.start + int64(measureWindow)
			m.turns = 0
		}
		took := now - m.taken
		c = charge{took: took * m.weight, late: min(took, now-m.start) * m.weight, turn: now - m.turn}
		m.taken = now
	}
	if t == nil {
		return
	}
	if !t.counted {
		t.counted, c.calls = true, 1
	}
	m.ofOwner(t.owner.Whole()).add(c)
	m.ofLabel(t.label.Load()).add(c)
}

// charge is time that a task has held the script lock, and that of the turns for which it
// stands.
type charge struct {
	took  int64
	late  int64 // the part in the current window
	turn  int64 // since it took the lock
	calls uint64
}

// ofOwner returns the usage of an owner.
func (m *measure) ofOwner(o *Owner) *usage {
	if o.usage == nil || o.usage.of != m {
		o.usage = &usage{of: m}
	}
	return o.usage
}

// ofLabel returns the usage of a label, which may be nil.
func (m *measure) ofLabel(l *Label) *usage {
	if l == nil {
		l = &otherLabels
		return m.find(l)
	}
	if l.usage == nil || l.usage.of != m {
		l.usage = m.find(l)
	}
	return l.usage
}

// find returns the usage of tasks with the same label.
func (m *measure) find(l *Label) *usage {
	key := labelKey{kind: l.Kind, code: l.Code}
	if l.Code == nil {
		key.name = l.Name
	}
	known := m.labels[key]
	switch {
	case known != nil:
		if known.label.Name != l.Name {
			known.label.Name = "" // one function with several names
		}
		return &known.usage
	case len(m.labels) >= maxLabels && l != &otherLabels:
		return m.find(&otherLabels)
	}
	known = &labelUsage{label: Label{Kind: l.Kind, Name: l.Name, Code: l.Code}, usage: usage{of: m}}
	m.labels[key] = known
	return &known.usage
}

func (u *usage) add(c charge) {
	u.cpu += c.took
	u.calls += c.calls
	u.longest = max(u.longest, c.turn)
	u.turn(u.of.window)
	u.now += c.late
	if c.late < c.took {
		u.before += min(c.took-c.late, int64(measureWindow))
	}
}

// turn begins a new window if the current one is over.
func (u *usage) turn(window int64) {
	switch window - u.window {
	case 0:
		return
	case 1:
		u.before = u.now
	default:
		u.before = 0
	}
	u.window, u.now = window, 0
}

// read returns the usage in m.
func (u *usage) read(m *measure, now int64) Usage {
	if u == nil || u.of != m {
		return Usage{}
	}
	const window = int64(measureWindow)
	u.turn(now / window)
	left := 1 - float64(now%window)/float64(window) // of the window before
	recent := float64(u.before)*left + float64(u.now)
	over := min(now-m.since, window)
	return Usage{
		CPU: time.Duration(u.cpu), Calls: u.calls, Longest: time.Duration(u.longest),
		Share: recent / float64(max(over, int64(time.Millisecond))),
	}
}

// OwnerState is what an owner does.
type OwnerState struct {
	Queued int // items in the mailbox
	Tasks  int // that have not ended, and one while an item is handled
	Usage  Usage
}

// States returns the states of owners. The usage is zero while nobody measures.
func (s *Scheduler) States(owners []*Owner) []OwnerState {
	states := make([]OwnerState, len(owners))
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for i, o := range owners {
		states[i] = OwnerState{Queued: o.inbox.len(), Tasks: o.active}
		if s.measure != nil {
			states[i].Usage = o.usage.read(s.measure, now)
		}
	}
	return states
}

// Running returns the task that holds the script lock and, if somebody measures, for how
// long it has been running without waiting. It returns nil if no task does.
func (s *Scheduler) Running() (t *Task, since time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != nil && s.measure != nil {
		since = time.Duration(s.now() - s.measure.turn)
	}
	return s.running, since
}

// Waits reports whether the task waits or wants to continue after a wait, and for how long.
func (t *Task) Waits() (since time.Duration, waiting bool) {
	s := t.owner.sched
	s.mu.Lock()
	defer s.mu.Unlock()
	if !t.waiting {
		return 0, false
	}
	return time.Duration(s.now() - t.since), true
}
