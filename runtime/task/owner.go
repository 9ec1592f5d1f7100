package task

import (
	"context"
)

// Item is an entry of an owner's mailbox.
type Item interface {
	// Handle is called with the script lock, on the goroutine of t.
	Handle(t *Task)
}

// Owner is a user's session or the process: tasks, timers and resources belong to
// one. The items in its mailbox are handled one at a time, in order. It is safe for
// concurrent use, with the script lock or without.
//
// Cancel ends an owner. Finish closes its mailbox before that, with a last item.
type Owner struct {
	sched  *Scheduler
	name   string
	parent context.Context

	// The rest is guarded by sched.mu.
	ctx       context.Context // made by context; nil until needed
	stop      context.CancelCauseFunc
	cause     error // the cause given to Cancel
	inbox     queue[Item]
	busy      bool // in the scheduler's queue, or handling an item
	held      bool
	closed    bool // the mailbox accepts no more items
	finishing bool // the mailbox ends with the item given to Finish
	cancelled bool
	handler   *Task // the task that handles items; it is reused from item to item
	slow      slowness
	named     map[string]*Task
	active    int           // number of tasks that have not ended, plus one while an item is handled
	usage     *usage        // of Measure; it may belong to an earlier measure
	idle      chan struct{} // the channel that Idle returns; nil until Idle is called

	// Only for a part; see Part.
	whole     *Owner // never changes
	joined    bool
	settled   bool // the whole no longer counts this part as active
	resources map[*Resource]struct{}

	// The first task that handles items, and the first ring of inbox. They are parts of the
	// owner because each user needs them.
	first Task
	room  [minRing]Item
}

// NewOwner returns an owner whose tasks end at the latest when ctx is done. The
// name appears in logs: the user, or "" for the process.
func (s *Scheduler) NewOwner(ctx context.Context, name string) *Owner {
	o := &Owner{sched: s, name: name, parent: ctx}
	o.inbox.ring = o.room[:]
	return o
}

// NewHeld is NewOwner, Append and Hold. It is faster, because nobody else knows the owner
// yet.
func (s *Scheduler) NewHeld(ctx context.Context, name string, first Item) *Owner {
	o := s.NewOwner(ctx, name)
	o.inbox.push(first)
	o.held = true
	return o
}

// context returns the context of the owner. It is created when it is first needed,
// because most owners only handle messages, which needs no context. sched.mu is held.
func (o *Owner) context() context.Context {
	if o.ctx == nil {
		o.ctx, o.stop = context.WithCancelCause(o.parent)
		if o.cancelled {
			o.stop(o.cause)
		}
	}
	return o.ctx
}

// end cancels the context and the handling of the current item. sched.mu is held.
func (o *Owner) end(cause error) {
	if o.stop != nil {
		o.stop(cause)
		if running := o.sched.running; running != nil {
			running.cancelled() // a task of o learns it
		}
	}
	if o.handler != nil {
		o.handler.stop(cause)
		o.handler = nil
	}
}

// Name returns the user, or "" for the process.
func (o *Owner) Name() string { return o.name }

// Hold stops the handling of items until Release.
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

// Post adds an item to the mailbox and returns the number of items there. If the
// mailbox is closed, Post drops the item and returns 0.
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

// Append adds an item to the mailbox. The item is handled only after Wake or the next
// Post.
func (o *Owner) Append(i Item) {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	if !o.closed {
		o.inbox.push(i)
	}
}

// Wake starts the handling of items that Append added.
func (o *Owner) Wake() {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	o.schedule()
}

// schedule queues the owner for the script lock if items wait. sched.mu is held.
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
	o.handle(item, o.handling())
}

// handling returns the task that handles the next item. sched.mu is held.
func (o *Owner) handling() *Task {
	if o.handler != nil && o.handler.over() {
		o.handler.stop(o.handler.noWaits) // frees the contexts
		o.handler = nil
	}
	switch {
	case o.handler != nil:
	case o.first.owner == nil:
		o.handler = &o.first
		o.handler.owner, o.handler.parent = o, o.parent
	default:
		o.handler = newTask(o.parent, o, "")
	}
	return o.handler
}

// handle handles an item in the task t, with the script lock. It is called with sched.mu,
// and returns with it.
func (o *Owner) handle(item Item, t *Task) {
	s := o.sched
	o.active++
	t.counted = false
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

// Drop removes and returns all items in the mailbox except the one given to Finish.
func (o *Owner) Drop() []Item {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	if o.finishing {
		return o.drain(1)
	}
	return o.drain(0)
}

// Finish adds the last item to the mailbox and closes it. It does nothing and returns
// false if the mailbox is already closed.
func (o *Owner) Finish(last Item) bool {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	if o.closed {
		return false
	}
	o.inbox.push(last)
	o.closed, o.finishing = true, true
	o.resumeAll()
	o.schedule()
	return true
}

// Interrupt cancels the handling of the current item, and removes and returns all
// items before the last one, which is therefore next. It requires Finish, and does
// nothing once the last item is being handled.
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

// Cancel cancels all tasks of the owner, closes the mailbox, and removes and
// returns the items in it. Tasks that have not started never run. Idle reports the
// end of those that run.
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

// drain removes and returns all items but the last keep ones. sched.mu is held.
func (o *Owner) drain(keep int) (dropped []Item) {
	for o.inbox.len() > keep {
		dropped = append(dropped, o.inbox.pop())
	}
	return dropped
}

// Idle returns a channel that is closed once the owner has been cancelled and all
// its tasks have ended.
func (o *Owner) Idle() <-chan struct{} {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	if o.idle == nil {
		o.idle = make(chan struct{})
		o.checkIdle()
	}
	return o.idle
}

// leave records the end of one activity. sched.mu is held.
func (o *Owner) leave() {
	o.active--
	o.checkIdle()
	o.settle()
}

// checkIdle closes the channel of Idle if the owner is idle now. It stays idle,
// because a cancelled owner starts nothing. sched.mu is held.
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

// Spawn starts a task: run is called with the script lock, on a goroutine of its
// own. A named task replaces an older task with the same name: Spawn ends the
// waiting of the old one, and the new one starts after the old one has ended. If
// the owner was cancelled, the task never runs.
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

// Task returns the newest task with that name that has not ended, or nil.
func (o *Owner) Task(name string) *Task {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	return o.heir().named[name]
}

// Waiting returns the number of items in the mailbox.
func (o *Owner) Waiting() int {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	return o.inbox.len()
}
