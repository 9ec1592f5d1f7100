package task

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"spectrumlua/runtime/crash"
)

// Context returns a context that is done when the owner ends.
func (o *Owner) Context() context.Context {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	return o.heir().context()
}

// Resource is something that an owner has opened. It is closed at the latest when
// the owner ends, and the owner is not idle before that.
type Resource struct {
	closer io.Closer
	closed atomic.Bool
	held   atomic.Pointer[func() bool]

	mu    sync.Mutex  // held during closer.Close
	owner *Owner      // changes from a part to its whole when the part joins
	stop  func() bool // cancels the close at the owner's end
	err   error
}

// Own makes c a resource of the owner. Its Close is called once, from any
// goroutine, and at once if the owner has already ended.
func (o *Owner) Own(c io.Closer) *Resource {
	r := &Resource{closer: c}
	r.mu.Lock() // the owner may end at this moment
	defer r.mu.Unlock()
	r.belongTo(o)
	return r
}

// belongTo makes o the owner of r. r.mu is held.
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

// moveTo makes o the owner of r. It returns false if r is closed.
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

// forget removes a resource that is closed or has moved to another owner.
func (o *Owner) forget(r *Resource) {
	o.sched.mu.Lock()
	defer o.sched.mu.Unlock()
	delete(o.resources, r)
	o.leave()
}

// Close closes the resource. Further calls return the error of the first one.
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

// Closed reports whether Close has been called.
func (r *Resource) Closed() bool { return r.closed.Load() }

// SetHeld sets the function that reports whether the resource can still be used.
func (r *Resource) SetHeld(held func() bool) { r.held.Store(&held) }

// Held reports whether the resource can still be used: the result of the function
// that SetHeld has set, or true without one.
func (r *Resource) Held() bool {
	held := r.held.Load()
	return held == nil || (*held)()
}
