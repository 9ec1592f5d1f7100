package stream

import (
	"context"
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/task"
)

// Past is a deadline in the past.
var Past = time.Unix(1, 0)

// Interruptible runs f, which reads, writes or accepts, without the script lock. set sets
// the deadline of f's operation. If the task is cancelled, Interruptible calls set with
// Past to end the operation.
func Interruptible(l *lua.LState, deadline time.Time, set func(time.Time) error, f func() error) error {
	return luaCaller{l}.wait(func(ctx context.Context) error {
		_ = set(deadline)
		return interruptible(ctx, set, f)
	})
}

// interruptible runs f, and calls set with Past if ctx ends before f does.
func interruptible(ctx context.Context, set func(time.Time) error, f func() error) error {
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
}

// caller is what calls a Reader: Lua code, or a task that runs no Lua code at the moment.
type caller interface {
	// wait releases the script lock while f runs.
	wait(f func(ctx context.Context) error) error
	// task is the task that wait is for.
	task() *task.Task
	// misused returns the error of a call that is not allowed now.
	misused(format string, args ...any) error
}

// luaCaller raises errors of misuse and cancellation.
type luaCaller struct{ l *lua.LState }

func (c luaCaller) wait(f func(ctx context.Context) error) error { return bind.Wait(c.l, f) }

func (c luaCaller) task() *task.Task { return bind.TaskOf(c.l) }

func (c luaCaller) misused(format string, args ...any) error {
	bind.Raise(c.l, format, args...)
	return nil
}

type taskCaller struct{ t *task.Task }

func (c taskCaller) wait(f func(ctx context.Context) error) error {
	err := c.t.Wait(f)
	if cause := c.t.Err(); cause != nil {
		return cause
	}
	return err
}

func (c taskCaller) task() *task.Task { return c.t }

func (c taskCaller) misused(format string, args ...any) error { return fmt.Errorf(format, args...) }
