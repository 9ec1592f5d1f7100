package task

import (
	"context"
)

// Item is something in an owner's mailbox.
type Item interface {
	// Handle is called with the baton, on the goroutine of t.
	Handle(t *Task)
}

// Owner is whom tasks belong to: a user's session, or the process. Its mailbox
// is worked off one item at a time, in order. Its methods may be called from
// any goroutine.
type Owner struct {
	sched *Scheduler
	name  string
	ctx   context.Context
	stop  context.CancelCauseFunc

	// The rest is guarded by sched.mu.
	inbox      queue[Item]
	busy       bool // in the scheduler's queue, or handling an item
	held       bool
	closed     bool
	last       Item // the one that Finish put in, until it is handled
	handler    *Task
	named      map[string]*Task
	active     int           // tasks that have not ended, and the handling of an item
	idle       chan struct{} // closed when active is 0; nil until asked for
	idleClosed bool
}

// NewOwner makes an owner whose tasks end with ctx at the latest. The name is
// for logs: the user, or "" for the process.
func (s *Scheduler) NewOwner(ctx context.Context, name string) *Owner {
	ctx, stop := context.WithCancelCause(ctx)
	return &Owner{sched: s, name: name, ctx: ctx, stop: stop}
}

// Name is the user, or "" for the process.
func (o *Owner) Name() string { return o.name }

// Hold keeps the mailbox from being worked off until Release.
func (o *Owner) Hold() {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	o.held = true
}

// Release ends Hold.
func (o *Owner) Release() {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	o.held = false
	o.schedule()
}

// Post puts an item into the mailbox and returns how many now wait there. Once
// the owner is closed it drops the item and returns 0.
func (o *Owner) Post(i Item) int {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	if o.closed {
		return 0
	}
	o.inbox.push(i)
	o.schedule()
	return o.inbox.len()
}

// schedule asks for the baton if there is something to do. sched.mu is held.
func (o *Owner) schedule() {
	if !o.busy && !o.held && o.inbox.len() > 0 {
		o.busy = true
		o.sched.enqueue(o)
	}
}

// run handles one item.
func (o *Owner) run() {
	s := o.sched
	s.mu.Lock()
	if o.inbox.len() == 0 || o.held {
		o.busy = false
		s.mu.Unlock()
		return
	}
	item := o.inbox.pop()
	if item == o.last {
		o.last = nil
	}
	if o.handler == nil || o.handler.ctx.Err() != nil {
		o.handler = newTask(o, "", o.ctx)
	}
	t := o.handler
	o.active++
	s.mu.Unlock()

	s.setRunning(t)
	item.Handle(t)
	s.setRunning(nil)

	s.mu.Lock()
	defer s.mu.Unlock()
	o.busy = false
	o.leave()
	o.schedule()
}

// Finish puts the last item into the mailbox, which then accepts no more.
func (o *Owner) Finish(last Item) {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	if o.closed {
		return
	}
	o.inbox.push(last)
	o.closed, o.last = true, last
	o.schedule()
}

// Interrupt is to be called after Finish: it cancels what is being handled and
// drops what waits before the last item, which then comes next. It returns
// what was dropped.
func (o *Owner) Interrupt(cause error) (dropped []Item) {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	if o.last == nil {
		return nil // it is being handled, or has been
	}
	dropped = o.drain(o.last)
	o.inbox.push(o.last)
	if o.handler != nil {
		o.handler.cancel(cause)
	}
	return dropped
}

// Cancel ends everything that the owner's tasks wait for, drops what is in the
// mailbox and accepts no more. It returns what was dropped. Whoever needs to
// know when all of it has ended asks Idle.
func (o *Owner) Cancel(cause error) (dropped []Item) {
	o.stop(cause)
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	o.closed, o.last = true, nil
	return o.drain(nil)
}

// drain empties the mailbox and returns what was in it, but for one item.
// sched.mu is held.
func (o *Owner) drain(keep Item) (dropped []Item) {
	for o.inbox.len() > 0 {
		if i := o.inbox.pop(); i != keep {
			dropped = append(dropped, i)
		}
	}
	return dropped
}

// Idle is closed when nothing of the owner runs or waits any more. It is to be
// asked for after Cancel.
func (o *Owner) Idle() <-chan struct{} {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	if o.idle == nil {
		o.idle = make(chan struct{})
		if o.active == 0 {
			close(o.idle)
			o.idleClosed = true
		}
	}
	return o.idle
}

// leave counts one activity less. sched.mu is held.
func (o *Owner) leave() {
	o.active--
	if o.active == 0 && o.idle != nil && !o.idleClosed {
		close(o.idle)
		o.idleClosed = true
	}
}

// Spawn starts a task of the owner's beside its mailbox: run is called with
// the baton, on a goroutine of its own. With a name, an older task of that name
// is cancelled first and has ended before the new one starts. The task of an
// owner that was cancelled never runs.
func (o *Owner) Spawn(name string, run func(*Task)) *Task {
	t := newTask(o, name, o.ctx)
	t.body, t.ended = run, make(chan struct{})
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	o.active++
	if name != "" {
		old := o.named[name]
		if o.named == nil {
			o.named = map[string]*Task{}
		}
		o.named[name] = t
		if old != nil {
			old.next = t
			old.cancel(ErrReplaced)
			return t
		}
	}
	o.sched.enqueue(t)
	return t
}

// Task finds the newest task of a name that has not ended, or nil.
func (o *Owner) Task(name string) *Task {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	return o.named[name]
}
