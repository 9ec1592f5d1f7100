package task

import "time"

// Code is a task as the context of the interpreter that runs its code. The
// interpreter calls Done at each instruction. Only the goroutine of the task may use it.
type Code Task

// Code returns the task as the context of its interpreter.
func (t *Task) Code() *Code { return (*Code)(t) }

// checkEvery is the number of instructions after which ranOn is called. They take some
// 30 µs.
const checkEvery = 1024

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

// ranOn is called from time to time by a task that computes for long. It cancels the task
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
}
