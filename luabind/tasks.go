package luabind

import (
	"context"
	"errors"
	"time"

	lua "github.com/yuin/gopher-lua"
	"google.golang.org/protobuf/proto"

	"spectrumlua/luabind/bind"
	"spectrumlua/pb"
	"spectrumlua/runtime/shorten"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/xmltext"
)

// taskClass is the class of the objects that spawn returns.
var taskClass = bind.NewClass("task", map[string]func(l *lua.LState, t *spawned) int{
	// cancel() cancels the task at its current or next wait. It returns at once.
	"cancel": func(_ *lua.LState, s *spawned) int {
		s.cancelled = true
		if s.task != nil {
			s.task.EndWaits(task.ErrCancelled)
		}
		return 0
	},
	// join([timeout]) waits until the task ends. It returns true and the results
	// of the function, or nil and the error.
	"join": joinTask,
}, map[string]func(l *lua.LState, t *spawned) lua.LValue{
	"name": func(_ *lua.LState, s *spawned) lua.LValue { return lua.LString(s.name) },
})

// timerClass is the class of the objects that after and every return.
var timerClass = bind.NewClass("timer", map[string]func(l *lua.LState, s *started) int{
	// cancel() stops the timer. A call of its function that has begun continues.
	"cancel": func(_ *lua.LState, s *started) int {
		s.cancelled = true
		if s.timer != nil {
			s.timer.Cancel()
		}
		return 0
	},
}, nil)

// started is a timer as scripts see it. The script lock guards it.
type started struct {
	timer     *task.Timer // nil until the deferral runs
	label     task.Label
	cancelled bool
}

// spawned is a task as scripts see it, with its results after it has ended. The
// script lock guards it.
type spawned struct {
	name      string
	label     task.Label
	task      *task.Task // nil until the deferral runs
	cancelled bool

	ran     bool // false if it was cancelled before it began
	results []lua.LValue
	err     error
}

// contents implements container.
func (s *spawned) contents() []lua.LValue { return s.results }

// spawn implements spawn([name or options,] fn, …) for an owner. first is the index of
// the first argument. obj is the session that an error of the task ends, or nil.
func spawn(l *lua.LState, o *task.Owner, first int, obj *sessionObject) int {
	name, fails, at := spawnOptions(l, first, obj)
	fn := l.CheckFunction(at)
	var args []lua.LValue
	for i := at + 1; i <= l.GetTop(); i++ {
		args = append(args, l.Get(i))
	}
	rt := bind.RuntimeOf(l)
	s := &spawned{name: name, label: bind.Label("task", name, fn)}
	run := func(t *task.Task) {
		t.SetLabel(&s.label)
		s.ran = true
		s.err = rt.Call(t, fn, args, func(l *lua.LState, n int) {
			for i := -n; i < 0; i++ {
				s.results = append(s.results, l.Get(i))
			}
		})
		if s.err != nil {
			rt.LogError(called("task", name), t, s.err)
			fails.end(t, s.err)
		}
	}
	rt.Defer(func() {
		if !s.cancelled {
			s.task = o.Spawn(name, run)
		}
	})
	return bind.Return(l, taskClass.New(s))
}

// spawnOptions returns the name and the consequence of an error, which are argument
// first, and the index of the argument after it. All of them are optional.
func spawnOptions(l *lua.LState, first int, obj *sessionObject) (name string, fails failing, at int) {
	fails = failing{obj}
	if _, given := l.Get(first).(*lua.LTable); !given {
		name, at = optionalName(l, first)
		return name, fails, at
	}
	o := bind.OptionsAt(l, first, "spawn")
	name = o.String("name", "")
	switch onError := o.String("on_error", ""); {
	case onError == "" || onError == "disconnect" && obj != nil:
	case onError == "log":
		fails.session = nil
	case onError == "disconnect":
		bind.Raise(l, "spawn: on_error: a task of the process has no user to disconnect: use \"log\", or session:spawn")
	default:
		bind.Raise(l, "spawn: on_error: \"disconnect\" or \"log\" expected, got %s", bind.Describe(lua.LString(onError)))
	}
	o.Done()
	return name, fails, first + 1
}

// failing is the consequence of an error in a task: it ends session, if that is not nil.
type failing struct{ session *sessionObject }

// maxReason is the length of the error that a user receives, in bytes.
const maxReason = 300

// end ends the session because its task t has failed. A user without the task would stay
// online and receive nothing. It does nothing if the task was cancelled or the session
// has sent DISCONNECTED before.
func (f failing) end(t *task.Task, err error) {
	var tooLong *task.RanTooLongError
	if cause := t.Err(); f.session == nil || f.session.ended || f.session.disconnected || cause != nil && !errors.As(cause, &tooLong) {
		return
	}
	code := pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR
	reason := shorten.Ellipsis(xmltext.Clean(err.Error()), maxReason)
	s := f.session.session
	payload, err := proto.Marshal(&pb.Disconnected{User: &s.User, Error: &code, Message: &reason})
	if err == nil {
		f.session.host.hand(disconnectedType, s, payload)
	}
}

// ofOwner adds the owner's user to a name for the log.
func ofOwner(what string, o *task.Owner) string {
	if o.Name() == "" {
		return what
	}
	return what + " of " + o.Name()
}

func called(what, name string) string {
	if name == "" {
		return "a " + what
	}
	return "the " + what + " " + name
}

// optionalName returns the optional name at index first, and the index of the
// argument after it.
func optionalName(l *lua.LState, first int) (name string, next int) {
	if s, ok := l.Get(first).(lua.LString); ok {
		return string(s), first + 1
	}
	return "", first
}

func joinTask(l *lua.LState, s *spawned) int {
	switch {
	case s.task == nil && s.cancelled:
		return bind.Fail(l, task.ErrCancelled)
	case s.task == nil:
		bind.Raise(l, "a task that is spawned while the script loads starts after the load: join cannot wait for it yet")
	case s.task == bind.TaskOf(l):
		bind.Raise(l, "a task cannot join itself")
	}
	err := bind.WaitTimeout(l, optionalSeconds(l, 2), func(ctx context.Context) error {
		select {
		case <-s.task.Ended():
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	switch {
	case err != nil:
		return bind.Fail(l, err)
	case s.err != nil:
		return bind.Fail(l, s.err)
	case !s.ran:
		return bind.Fail(l, s.task.Err())
	}
	return bind.Return(l, append([]lua.LValue{lua.LTrue}, s.results...)...)
}

// optionalSeconds returns argument n as a duration, or 0 if it is nil.
func optionalSeconds(l *lua.LState, n int) time.Duration {
	if l.Get(n) == lua.LNil {
		return 0
	}
	return bind.CheckSeconds(l, n)
}

// after implements after([name,] seconds, fn), or every(…) if every is true.
func after(l *lua.LState, timers *task.Timers, first int, every bool) int {
	name, at := optionalName(l, first)
	d := bind.CheckSeconds(l, at)
	if every && d < minPeriod {
		l.ArgError(at, "every needs at least 0.001 seconds")
	}
	fn := l.CheckFunction(at + 1)
	rt := bind.RuntimeOf(l)
	s := &started{label: bind.Label("timer", name, fn)}
	run := func(t *task.Task) {
		t.SetLabel(&s.label)
		if err := rt.Call(t, fn, nil, nil); err != nil {
			rt.LogError(called("timer", name), t, err)
		}
	}
	rt.Defer(func() {
		if !s.cancelled {
			s.timer = timers.After(name, d, every, run)
			rt.HeldBy(ofOwner(called("timer", name), timers.Owner()), s.timer.Ended)
		}
	})
	return bind.Return(l, timerClass.New(s))
}

// minPeriod is the shortest period that every accepts.
const minPeriod = time.Millisecond

// sleep implements spectrum.sleep(seconds).
func sleep(l *lua.LState) int {
	d := bind.CheckSeconds(l, 1)
	t := bind.TaskOf(l)
	_ = bind.Wait(l, func(ctx context.Context) error { return t.Sleep(ctx, d) }) // Wait raises the only error
	return 0
}
