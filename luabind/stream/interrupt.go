package stream

import (
	"context"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Past is a deadline in the past.
var Past = time.Unix(1, 0)

// Interruptible runs f, which reads, writes or accepts, without the script lock. set sets
// the deadline of f's operation. If the task is cancelled, Interruptible calls set with
// Past to end the operation.
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
			<-interrupted // so that it cannot end the next operation
		}
		return err
	})
}
