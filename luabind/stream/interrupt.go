package stream

import (
	"context"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Past is a deadline that has passed.
var Past = time.Unix(1, 0)

// Interruptible waits for f, which reads, writes or accepts, until the deadline
// or until the task is cancelled: set is given a time in the past then.
func Interruptible(l *lua.LState, deadline time.Time, set func(time.Time) error, f func() error) error {
	return bind.Wait(l, func(ctx context.Context) error {
		_ = set(deadline)
		interrupted := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			defer close(interrupted)
			_ = set(Past)
		})
		err := f()
		if !stop() {
			<-interrupted // so that it cannot hit who comes next
		}
		return err
	})
}
