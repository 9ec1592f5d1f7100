package task

import (
	"context"
	"io"
	"sync"
	"sync/atomic"
)

// Context is done when the owner ends.
func (o *Owner) Context() context.Context { return o.ctx }

// Resource is something that an owner has open: it is closed when he ends, if
// not before.
type Resource struct {
	closer io.Closer
	stop   func() bool
	once   sync.Once
	err    error
	closed atomic.Bool
}

// Own makes c a resource of the owner's. c's Close may be called from any
// goroutine, once, and at once if the owner has ended already.
func (o *Owner) Own(c io.Closer) *Resource {
	r := &Resource{closer: c}
	r.stop = context.AfterFunc(o.ctx, func() { _ = r.Close() })
	return r
}

// Close closes the resource, and does nothing if that has been done; the error
// is that of the one call.
func (r *Resource) Close() error {
	r.once.Do(func() {
		r.closed.Store(true)
		r.stop()
		r.err = r.closer.Close()
	})
	return r.err
}

// Closed tells whether Close has been called.
func (r *Resource) Closed() bool { return r.closed.Load() }
