// Package clock is the clock of the script's timers, sleeps and timeouts. It is the
// real time, or in tests a clock that can be advanced.
//
// Code that guards the process itself, such as the watchdog and the deadlines of
// sockets, uses package time instead.
package clock

import (
	"context"
	"time"
)

// Clock returns the time and calls functions later. It is safe for concurrent use.
type Clock interface {
	// Now returns the current time with a monotonic reading, as time.Now does. Use
	// Sub for the difference of two times of one clock.
	Now() time.Time
	// AfterFunc calls f after d, on a goroutine of the clock. f must not block,
	// because other timers may wait for it.
	AfterFunc(d time.Duration, f func()) Timer
}

// Timer is a pending call of a function. *time.Timer implements it.
type Timer interface {
	// Stop cancels the call. It returns false if the timer has already expired or
	// been stopped.
	Stop() bool
	// Reset schedules the call for d from now. It reports whether the timer was
	// still pending.
	Reset(d time.Duration) bool
}

// Real returns the real clock.
func Real() Clock { return realClock{} }

type realClock struct{}

func (realClock) Now() time.Time { return time.Now() }

func (realClock) AfterFunc(d time.Duration, f func()) Timer { return time.AfterFunc(d, f) }

// IsReal reports whether c is the real clock.
func IsReal(c Clock) bool { return c == realClock{} }

// Since returns the time that has passed on c since t.
func Since(c Clock, t time.Time) time.Duration { return c.Now().Sub(t) }

// Until returns the time on c until t.
func Until(c Clock, t time.Time) time.Duration { return t.Sub(c.Now()) }

// WithTimeout is context.WithTimeoutCause with a clock. If before is not nil, it is
// called when the time is up, just before the context is done.
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
