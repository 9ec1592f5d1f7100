// Package clock is the time that users' timers, sleeps and timeouts go by: the
// real one, or for tests one that can be moved on.
//
// What guards the process itself, such as the watchdog and the deadlines of
// sockets, goes by the time package and is not moved.
package clock

import (
	"context"
	"time"
)

// Clock tells the time and does things later. Its methods may be called from
// any goroutine.
type Clock interface {
	// Now has a monotonic reading, as time.Now has: take the difference of two
	// of a clock's times with Sub.
	Now() time.Time
	// AfterFunc calls f once d has passed, on a goroutine that is not the
	// caller's. f must not block, since other timers may wait for it.
	AfterFunc(d time.Duration, f func()) Timer
}

// Timer is something that is to be done later. A *time.Timer is one.
type Timer interface {
	// Stop keeps it from being done, and tells whether it was in time for that.
	Stop() bool
	// Reset has it done in d from now on, whether it has been done or not. It
	// tells whether it was still to be done.
	Reset(d time.Duration) bool
}

// Real is the time itself.
func Real() Clock { return realClock{} }

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }

// IsReal tells whether a clock is Real's.
func IsReal(c Clock) bool { return c == realClock{} }

// Since is how long ago a time of the clock's is.
func Since(c Clock, t time.Time) time.Duration { return c.Now().Sub(t) }

// Until is how long it is until a time of the clock's.
func Until(c Clock, t time.Time) time.Duration { return t.Sub(c.Now()) }

// WithTimeout is context.WithTimeoutCause by a clock. before, if there is one,
// is called when the time is up, just before the context is done.
func WithTimeout(ctx context.Context, c Clock, d time.Duration, cause error, before func()) (context.Context, context.CancelFunc) {
	if IsReal(c) && before == nil {
		return context.WithTimeoutCause(ctx, d, cause)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	timer := c.AfterFunc(d, func() {
		if before != nil {
			before()
		}
		cancel(cause)
	})
	return ctx, func() {
		timer.Stop()
		cancel(context.Canceled)
	}
}
