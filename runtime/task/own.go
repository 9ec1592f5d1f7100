package task

import (
	"context"
	"io"
	"sync"
	"sync/atomic"

	"spectrumlua/runtime/crash"
)

// Context is done when the owner ends.
func (o *Owner) Context() context.Context { return o.ctx }

// Resource is something that an owner has open: it is closed when he ends, if
// not before, and he is not idle until it is.
type Resource struct {
	owner  *Owner
	closer io.Closer
	closed atomic.Bool

	mu   sync.Mutex  // is held while it is closed
	stop func() bool // keeps it from being closed at the owner's end
	err  error
}

// Own makes c a resource of the owner's. c's Close may be called from any
// goroutine, once, and at once if the owner has ended already.
func (o *Owner) Own(c io.Closer) *Resource {
	r := &Resource{owner: o, closer: c}
	o.sched.mu.Lock()
	o.active++
	o.sched.mu.Unlock()
	r.mu.Lock() // the owner may end just now
	defer r.mu.Unlock()
	r.stop = context.AfterFunc(o.ctx, func() {
		defer crash.Guard()
		_ = r.Close()
	})
	return r
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
	r.owner.sched.mu.Lock()
	defer r.owner.sched.mu.Unlock()
	r.owner.leave()
	return r.err
}

// Closed tells whether Close has been called.
func (r *Resource) Closed() bool { return r.closed.Load() }
