package bind

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/sirupsen/logrus"
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/policy"
	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/meter"
	"spectrumlua/runtime/metrics"
	"spectrumlua/runtime/task"
)

// Runtime gives a module access to its VM and to the process. The script lock guards
// it. It is the value of task.Task.Local while a task runs Lua code.
type Runtime struct {
	// State is the main thread of the VM. State.G.CurrentThread is the thread that runs.
	State  *lua.LState
	Config *config.Config
	// Settings is the checked [lua] section.
	Settings config.Settings
	// Policy decides what the script may use of the machine.
	Policy policy.Policy
	// Log is the log for the runtime's own lines.
	Log logrus.FieldLogger
	// Clock is the clock of the script.
	Clock clock.Clock
	// Files shares files. It is never nil, but may be off.
	Files *files.Service
	// Metrics has the metrics of the script. It is never nil.
	Metrics *metrics.Script
	// Meters measure statements of the database. They may be nil.
	Meters *meter.Backend
	// Process is the owner of resources that do not belong to a user.
	Process *task.Owner
	// Spectrum is the module spectrum. As an owner, it means the process.
	Spectrum *lua.LTable
	// OwnerOf returns the owner that a script gives as the option `owner`, or nil if
	// the value is not an owner.
	OwnerOf func(v lua.LValue) *task.Owner
	// Call calls a function of this VM in the task t, which holds the script lock.
	// It then calls results with the stack whose top n values are the results. The
	// error has file and line and is not logged yet.
	Call func(t *task.Task, fn *lua.LFunction, args []lua.LValue, results func(l *lua.LState, n int)) error
	// LogError logs an error that Call returned, with its traceback. what names the
	// function that failed.
	LogError func(what string, t *task.Task, err error)
	// LogItem is like LogError, and also logs the item that the function was called for.
	LogItem func(what string, t *task.Task, err error, item string)

	// Raised is called for each error that the script raises or causes, while the calls that
	// led to it are on l. caught is true if the script catches it. Raised may suspend the
	// task. It is nil if there is no debugger.
	Raised func(t *task.Task, l *lua.LState, object lua.LValue, caught bool)
	// View is what a debugger sees of the VM.
	View View

	// Classes has the methods of each class that this VM's script has declared.
	Classes map[string]*lua.LTable

	isolated  map[*task.Task]int // the calls of Isolate that have not returned, by task
	deferrals deferrals
	holders   holders
}

// View is what a debugger sees of a VM. Its functions need the script lock.
type View struct {
	// File returns the path of the file that was compiled with this name, and the sum of
	// its text.
	File func(chunk string) (path string, sum [sha256.Size]byte, ok bool)
	// Handler returns the name of a handler, such as on.login, or "".
	Handler func(fn *lua.LFunction) string
	// Session returns the session object of an owner, or nil.
	Session func(o *task.Owner) lua.LValue
}

// Module is a table of bindings that scripts can require.
type Module struct {
	// Name is the argument of require, such as "spectrum.net".
	Name string
	// Open returns the module's table for one VM.
	Open func(rt *Runtime) *lua.LTable
}

// Label returns the label of a task that calls fn; see task.Label.
func Label(kind, name string, fn *lua.LFunction) task.Label {
	l := task.Label{Kind: kind, Name: name}
	if fn.Proto != nil {
		l.Code = fn.Proto
	}
	return l
}

// RuntimeOf returns the runtime of the VM that called a binding.
func RuntimeOf(l *lua.LState) *Runtime { return TaskOf(l).Local.(*Runtime) }

// TaskOf returns the task in which a binding was called.
func TaskOf(l *lua.LState) *task.Task {
	if ctx := l.Context(); ctx != nil {
		if t, ok := ctx.Value(task.Key).(*task.Task); ok {
			return t
		}
	}
	panic(errors.New("a binding was called outside of a task"))
}

// Wait releases the script lock while f runs on the same goroutine. It returns f's
// error. f must return soon after its context is done. If the task was cancelled,
// Wait raises the cause instead of returning.
func Wait(l *lua.LState, f func(ctx context.Context) error) error {
	t := TaskOf(l)
	current := l.G.CurrentThread
	t.Place = l
	err := t.Wait(f)
	t.Place = nil
	l.G.CurrentThread = current
	if cause := t.Err(); cause != nil {
		Raise(l, "%v", cause)
	}
	return err
}

// WaitTimeout is like Wait, but returns ErrTimeout if f does not return in time by the
// scheduler's clock. A timeout of 0 or less means no limit.
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

// ErrTimeout is the error of WaitTimeout when the timeout has passed.
var ErrTimeout = errors.New("timeout")

// Spawn starts a task that calls fn and logs its error. If the owner has a task of
// the same name, Spawn cancels that task first. An empty name is not a name.
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
