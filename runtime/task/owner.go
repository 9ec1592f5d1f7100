package task

import (
	"context"
)

// Item is something in an owner's mailbox.
type Item interface {
	// Handle is called with the script lock, on the goroutine of t.
	Handle(t *Task)
}

// Owner is whom tasks belong to: a user's session, or the process. Its mailbox
// is worked off one item at a time, in order. Its methods may be called from
// any goroutine, with the script lock or without.
//
// An owner ends by Cancel, and may be told before, by Finish, that no more
// items come.
type Owner struct {
	sched  *Scheduler
	name   string
	parent context.Context

	// The rest is guarded by sched.mu.
	ctx       context.Context // see context; nil until asked for
	stop      context.CancelCauseFunc
	cause     error // why it was cancelled
	inbox     queue[Item]
	busy      bool // in the scheduler's queue, or handling an item
	held      bool
	closed    bool // the mailbox takes no more
	finishing bool // the last item in the mailbox is the one that Finish put in
	cancelled bool
	handler   *Task // in which items are handled; one task serves many
	slow      slowness
	named     map[string]*Task
	active    int           // tasks that have not ended, and the handling of an item
	idle      chan struct{} // see Idle; nil until asked for

	// Of a part; see Part.
	whole     *Owner // does not change
	joined    bool
	settled   bool // the whole does not count it any more
	resources map[*Resource]struct{}
}

// NewOwner makes an owner whose tasks end with ctx at the latest. The name is
// for logs: the user, or "" for the process.
func (s *Scheduler) NewOwner(ctx context.Context, name string) *Owner {
	return &Owner{sched: s, name: name, parent: ctx}
}

// context is done when the owner ends. Most owners handle messages, one after
// the other, in a task that ends with them by itself, and need none. sched.mu is
// held.
func (o *Owner) context() context.Context {
	if o.ctx == nil {
		o.ctx, o.stop = context.WithCancelCause(o.parent)
		if o.cancelled {
			o.stop(o.cause)
		}
	}
	return o.ctx
}

// end ends the context, and what is being handled. sched.mu is held.
func (o *Owner) end(cause error) {
	if o.stop != nil {
		o.stop(cause)
	}
	if o.handler != nil {
		o.handler.stop(cause)
		o.handler = nil
	}
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
// the mailbox is closed it drops the item and returns 0.
func (o *Owner) Post(i Item) int {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	if o.closed {
		return 0
	}
	o.inbox.push(i)
	o.schedule()
	o.expectSlow()
	return o.inbox.len()
}

// Append puts an item into the mailbox as Post does, but it is not handled
// before Wake is called, or something else is put behind it.
func (o *Owner) Append(i Item) {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	if !o.closed {
		o.inbox.push(i)
	}
}

// Wake has the mailbox worked off.
func (o *Owner) Wake() {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	o.schedule()
}

// schedule asks for the script lock if there is something to do. sched.mu is held.
func (o *Owner) schedule() {
	if !o.busy && !o.held && o.inbox.len() > 0 {
		o.busy = true
		o.sched.enqueue(o)
	}
}

// run handles one item. It implements job.
func (o *Owner) run() {
	if o.inbox.len() == 0 || o.held {
		o.busy = false
		return
	}
	item := o.inbox.pop()
	if o.inbox.len() == 0 {
		o.finishing = false
	}
	if o.handler != nil && o.handler.over() {
		o.handler.stop(o.handler.noWaits) // frees what its context holds
		o.handler = nil
	}
	if o.handler == nil {
		o.handler = newTask(o.parent, o, "")
	}
	s, t := o.sched, o.handler
	o.active++
	s.setRunning(t)
	s.mu.Unlock()

	item.Handle(t)

	s.mu.Lock()
	s.setRunning(nil)
	o.handlerEnds()
	o.busy = false
	o.leave()
	o.schedule()
}

// Drop takes everything out of the mailbox, but for the item that Finish put
// in, and returns it.
func (o *Owner) Drop() []Item {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	if o.finishing {
		return o.drain(1)
	}
	return o.drain(0)
}

// Finish puts the last item into the mailbox, which then accepts no more. It
// returns false, and does nothing, if it was closed already.
func (o *Owner) Finish(last Item) bool {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	if o.closed {
		return false
	}
	o.inbox.push(last)
	o.closed, o.finishing = true, true
	o.schedule()
	return true
}

// Interrupt is to be called after Finish: it cancels what is being handled and
// drops what waits before the last item, which then comes next. It returns
// what was dropped. Once the last item is being handled it does nothing.
func (o *Owner) Interrupt(cause error) (dropped []Item) {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	if !o.finishing {
		return nil
	}
	if o.handler != nil {
		o.handler.stop(cause)
	}
	return o.drain(1)
}

// Cancel ends everything that the owner's tasks wait for, drops what is in the
// mailbox and accepts no more; tasks that have not started never run. It
// returns what was dropped. Whoever needs to know when all of it has ended
// asks Idle.
func (o *Owner) Cancel(cause error) (dropped []Item) {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	o.end(cause)
	if !o.cancelled {
		o.closed, o.finishing, o.cancelled, o.cause = true, false, true, cause
	}
	dropped = o.drain(0)
	o.inbox.clear()
	o.checkIdle()
	o.settle()
	return dropped
}

// drain takes all but the last items out of the mailbox. sched.mu is held.
func (o *Owner) drain(keep int) (dropped []Item) {
	for o.inbox.len() > keep {
		dropped = append(dropped, o.inbox.pop())
	}
	return dropped
}

// Idle is closed when the owner has been cancelled and nothing of it runs or
// waits any more.
func (o *Owner) Idle() <-chan struct{} {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	if o.idle == nil {
		o.idle = make(chan struct{})
		o.checkIdle()
	}
	return o.idle
}

// leave counts one activity less. sched.mu is held.
func (o *Owner) leave() {
	o.active--
	o.checkIdle()
	o.settle()
}

// checkIdle closes idle when that has become true. Once it is, it stays so: a
// cancelled owner starts nothing. sched.mu is held.
func (o *Owner) checkIdle() {
	if o.idle == nil || !o.cancelled || o.active > 0 {
		return
	}
	select {
	case <-o.idle:
	default:
		close(o.idle)
	}
}

// Spawn starts a task of the owner's beside its mailbox: run is called with
// the script lock, on a goroutine of its own. With a name, it replaces an older task
// of that name: the waiting of that one is ended, and it has ended itself
// before the new one starts. The task of an owner that was cancelled never
// runs.
func (o *Owner) Spawn(name string, run func(*Task)) *Task {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	o = o.heir()
	t := newTask(o.context(), o, name)
	t.ended = make(chan struct{})
	if o.cancelled {
		close(t.ended)
		return t
	}
	t.body = run
	o.active++
	if name == "" {
		o.sched.enqueue(t)
		return t
	}
	if o.named == nil {
		o.named = map[string]*Task{}
	}
	old := o.named[name]
	o.named[name] = t
	if old == nil {
		o.sched.enqueue(t)
		return t
	}
	old.next = t
	old.endWaits(ErrReplaced)
	return t
}

// Task finds the newest task of a name that has not ended, or nil.
func (o *Owner) Task(name string) *Task {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	return o.heir().named[name]
}
