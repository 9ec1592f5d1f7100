package task

import "time"

// Code is a task as the context of the interpreter that runs its code. The
// interpreter calls Done at each instruction, which is how a task on a borrowed
// goroutine notices that it has computed for long; see Owner.Handle. Only the goroutine
// of the task may use it.
type Code Task

// Code returns the task as the context of its interpreter.
func (t *Task) Code() *Code { return (*Code)(t) }

// checkEvery is the number of instructions after which a task checks the clock. They
// take some 30 µs.
const checkEvery = 1024

// borrowLimit is how long a task may compute on a borrowed goroutine before it
// announces that it keeps the goroutine.
const borrowLimit = time.Millisecond

// Done implements context.Context for the interpreter, which asks at each instruction:
// the channel is closed if the task is cancelled, and nil otherwise. Code that keeps the
// channel or derives a context needs the Task.
func (c *Code) Done() <-chan struct{} {
	if c.steps++; c.steps%checkEvery == 0 {
		(*Task)(c).ranOn()
	}
	if hook := c.hook.Load(); hook != nil {
		(*hook)((*Task)(c))
	}
	if c.cause.Load() != nil {
		return alwaysDone
	}
	return nil
}

// alwaysDone is a closed channel.
var alwaysDone = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Deadline implements context.Context. A task has no deadline.
func (c *Code) Deadline() (time.Time, bool) { return time.Time{}, false }

// Err implements context.Context as Task.Err does.
func (c *Code) Err() error { return (*Task)(c).Err() }

// Value implements context.Context as Task.Value does.
func (c *Code) Value(key any) any { return (*Task)(c).Value(key) }

// ranOn calls the lender's methods for a task that computes for long. It cancels the task
// if its parent has ended.
func (t *Task) ranOn() {
	s := t.owner.sched
	s.mu.Lock()
	defer s.mu.Unlock()
	t.cancelled()
	if s.sample == nil { // otherwise the hook is that of Sample
		t.setHook(s.hook)
	}
	if s.measure != nil {
		s.lasts()
	}
	switch {
	case t.lender == nil:
	case t.kept:
		t.lender.Flush()
	case t.borrowed.IsZero():
		t.borrowed = time.Now()
	case time.Since(t.borrowed) >= borrowLimit:
		t.keep()
	}
}

// keep tells the lender of the goroutine that the task keeps it. sched.mu is held.
func (t *Task) keep() {
	if t.lender != nil && !t.kept {
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

// Lender is the work of a goroutine that lends itself to handle an item; see
// Owner.Handle. Two lenders can be compared. Its methods are called with the scheduler's
// lock, so they may neither block nor call the scheduler.
type Lender interface {
	// Lend is called before the item is handled.
	Lend()
	// Keep is called at most once after Lend, when the item waits, has computed for a
	// millisecond, or holds the script lock at two checks of the watchdog. The lender
	// then needs another goroutine for its work.
	Keep()
	// Flush is called after Keep, about every 30 µs while the item computes.
	Flush()
	// Waits is called after Keep when the item waits for the first time. No method is
	// called after it.
	Waits()
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
	o.handle(i, t)
	t.lender, t.kept, t.borrowed = nil, false, time.Time{}
	s.release()
	s.mu.Unlock()
	return true
}
