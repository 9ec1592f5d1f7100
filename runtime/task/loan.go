package task

import (
	"time"

	"spectrumlua/runtime/crash"
)

// Lender is the work of a goroutine that lends itself to handle an item; see
// Owner.Handle. Two lenders can be compared. Its methods, except for Blocks, are called with
// the scheduler's lock, so they may neither block nor call the scheduler.
type Lender interface {
	// Lend is called before the item is handled.
	Lend()
	// Keep is called at most once after Lend, when the item waits, or has computed for some
	// milliseconds in the interpreter or in Go. The lender then needs another goroutine for
	// its work.
	Keep()
	// Flush is called after Keep, each few milliseconds while the item computes.
	Flush()
	// Waits is called after Keep when the item waits for the first time. None of the above is
	// called after it.
	Waits()
	// Blocks is called without Lend, on the lender's goroutine, before it blocks because too
	// many items wait.
	Blocks()
}

// lookEvery is how often the scheduler looks at an item that computes on a borrowed
// goroutine. A second look at the same item makes it keep the goroutine.
const lookEvery = 5 * time.Millisecond

// loans looks at items on borrowed goroutines, while there are some. A clock that is read for
// each item would take more time. sched.mu guards it.
type loans struct {
	timer   *time.Timer // nil until the first item
	looking bool        // the timer runs
	more    bool        // an item has begun since the last look
	turn    uint64      // of the last look
}

// Handle handles an item on the caller's goroutine and returns true, if nothing else of
// the scheduler runs or waits to run and the mailbox is empty. Otherwise it does nothing
// and returns false.
func (o *Owner) Handle(i Item, lender Lender) bool {
	s := o.sched
	s.mu.Lock()
	if s.held || o.busy || o.held || o.closed || o.inbox.len() > 0 {
		s.mu.Unlock()
		return false
	}
	s.held, o.busy = true, true
	t := o.handling()
	t.lender = lender
	lender.Lend()
	s.lends()
	o.handle(i, t)
	t.lender, t.kept = nil, false
	s.release()
	s.mu.Unlock()
	return true
}

// lends begins to look at items. s.mu is held.
func (s *Scheduler) lends() {
	l := &s.loans
	switch {
	case l.looking:
		l.more = true
		return
	case l.timer == nil:
		l.timer = time.AfterFunc(lookEvery, s.lookAtLoan)
	default:
		l.timer.Reset(lookEvery)
	}
	l.looking = true
}

// lookAtLoan makes an item keep its goroutine that has computed since the last look.
func (s *Scheduler) lookAtLoan() {
	defer crash.Guard()
	s.mu.Lock()
	defer s.mu.Unlock()
	l, t := &s.loans, s.running
	computes := t != nil && t.lender != nil
	switch {
	case !computes:
	case t.kept:
		t.lender.Flush()
	case l.turn == s.turn:
		t.keep()
		t.brief = maxBrief
	}
	l.turn = s.turn
	if l.looking = computes || l.more; l.looking {
		l.more = false
		l.timer.Reset(lookEvery)
	}
}

// keep tells the lender of the goroutine that the task keeps it. sched.mu is held.
func (t *Task) keep() {
	if !t.kept {
		t.kept = true
		t.lender.Keep()
	}
}

// borrowedWaits tells the lender of the goroutine that the task keeps it and waits.
// sched.mu is held.
func (t *Task) borrowedWaits() {
	if t.lender != nil {
		t.keep()
		t.lender.Waits()
		t.lender = nil
	}
}
