package task

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"spectrumlua/runtime/crash"
)

// Context is done when the owner ends.
func (o *Owner) Context() context.Context {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	return o.heir().context()
}

// Resource is something that an owner has open: it is closed when he ends, if
// not before, and he is not idle until it is.
type Resource struct {
	closer io.Closer
	closed atomic.Bool
	held   atomic.Pointer[func() bool]

	mu    sync.Mutex  // is held while it is closed
	owner *Owner      // who may change, from a part to its whole
	stop  func() bool // keeps it from being closed at the owner's end
	err   error
}

// Own makes c a resource of the owner's. c's Close may be called from any
// goroutine, once, and at once if the owner has ended already.
func (o *Owner) Own(c io.Closer) *Resource {
	r := &Resource{closer: c}
	r.mu.Lock() // the owner may end just now
	defer r.mu.Unlock()
	r.belongTo(o)
	return r
}

// belongTo makes r one of o's. r.mu is held.
func (r *Resource) belongTo(o *Owner) {
	o.sched.mu.Lock()
	o = o.heir()
	o.active++
	if o.resources != nil {
		o.resources[r] = struct{}{}
	}
	ctx := o.context()
	o.sched.mu.Unlock()
	r.owner = o
	r.stop = context.AfterFunc(ctx, func() {
		defer crash.Guard()
		_ = r.Close()
	})
}

// moveTo gives r to another owner, unless it is closed.
func (r *Resource) moveTo(o *Owner) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed.Load() {
		return false
	}
	r.stop()
	before := r.owner
	r.belongTo(o)
	before.forget(r)
	return true
}

// forget counts a resource out.
func (o *Owner) forget(r *Resource) {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	delete(o.resources, r)
	o.leave()
}

// Close closes the resource, and does nothing if that has been done; the error
// is that of the one call.
func (r *Resource) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed.Swap(true) {
		return r.err
	}
	r.stop()
	r.err = r.closer.Close()
	r.owner.forget(r)
	return r.err
}

// Closed tells whether Close has been called.
func (r *Resource) Closed() bool { return r.closed.Load() }

// SetHeld says how to find out whether anybody could still use the resource.
func (r *Resource) SetHeld(held func() bool) { r.held.Store(&held) }

// Held tells whether anybody can still use the resource. Where nothing has been
// said about that, it is so.
func (r *Resource) Held() bool {
	held := r.held.Load()
	return held == nil || (*held)()
}
