package bind

import (
	"context"
	"errors"
	"time"

	"github.com/sirupsen/logrus"
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/task"
)

// Runtime is what a module may use of the VM that opens it, and of the process
// around it. The script lock guards what is not immutable.
type Runtime struct {
	Config *config.Config
	// Lua is the checked [lua] section.
	Settings config.Settings
	// Log is for what the runtime itself has to say.
	Log logrus.FieldLogger
	// Clock is what the script's times go by.
	Clock clock.Clock
	// Process owns what belongs to no user.
	Process *task.Owner
	// Spectrum is the module spectrum, which stands for the process where an
	// owner is asked for.
	Spectrum *lua.LTable
	// OwnerOf finds the owner that a value given as `owner` means, or nil.
	OwnerOf func(v lua.LValue) *task.Owner
	// Call runs a function of this VM in t, which has the lock, and calls
	// results with the stack that has its results on top. The error has file
	// and line; it has not been logged.
	Call func(t *task.Task, fn *lua.LFunction, args []lua.LValue, results func(l *lua.LState, n int)) error
	// LogError logs an error of Call's with its traceback, as one in what.
	LogError func(what string, t *task.Task, err error)

	deferrals deferrals
	holders   holders
}

// Module is something that a script requires.
type Module struct {
	// Name is what the script requires, as in "spectrum.net".
	Name string
	// Open makes the module's table for one VM.
	Open func(rt *Runtime) *lua.LTable
}

// Frame is what a task works at; it is task.Task's Local while Lua runs.
type Frame struct {
	Runtime *Runtime
}

// RuntimeOf is the runtime whose code called a binding.
func RuntimeOf(l *lua.LState) *Runtime { return TaskOf(l).Local.(*Frame).Runtime }

// TaskOf is the task in which a binding was called.
func TaskOf(l *lua.LState) *task.Task {
	if ctx := l.Context(); ctx != nil {
		if t, ok := ctx.Value(task.Key).(*task.Task); ok {
			return t
		}
	}
	panic(errors.New("a binding was called outside of a task"))
}

// Wait gives up the script lock for as long as f runs, on the same
// goroutine. f must return soon after its context is done. The error is f's; if
// the task was cancelled, Wait does not return: it raises why.
func Wait(l *lua.LState, f func(ctx context.Context) error) error {
	t := TaskOf(l)
	current := l.G.CurrentThread
	err := t.Wait(f)
	l.G.CurrentThread = current
	if cause := t.Err(); cause != nil {
		Raise(l, "%v", cause)
	}
	return err
}

// WaitTimeout is Wait with a limit by the scheduler's clock; a timeout of 0 or
// less means none. When
// the time is up, the error is ErrTimeout.
func WaitTimeout(l *lua.LState, timeout time.Duration, f func(ctx context.Context) error) error {
	if timeout <= 0 {
		return Wait(l, f)
	}
	t := TaskOf(l)
	return Wait(l, func(ctx context.Context) error {
		limited, cancel := t.WithTimeout(ctx, timeout, ErrTimeout)
		defer cancel()
		err := f(limited)
		if err != nil && ctx.Err() == nil && limited.Err() != nil {
			return ErrTimeout
		}
		return err
	})
}

// ErrTimeout is the error of a wait whose time is up.
var ErrTimeout = errors.New("timeout")

// Spawn runs fn in a task of its own, and logs its error. With a name, an older
// task of the owner's of that name ends first.
func (rt *Runtime) Spawn(o *task.Owner, name string, fn *lua.LFunction, args []lua.LValue) *task.Task {
	return o.Spawn(name, func(t *task.Task) {
		if err := rt.Call(t, fn, args, nil); err != nil {
			what := "a task"
			if name != "" {
				what = "the task " + name
			}
			rt.LogError(what, t, err)
		}
	})
}
