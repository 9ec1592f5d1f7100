package luabind

import (
	"context"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/task"
)

// taskClass is what spawn returns.
var taskClass = bind.NewClass("task", map[string]func(l *lua.LState, t *spawned) int{
	// cancel() ends the task where it waits. It does not wait for the end.
	"cancel": func(_ *lua.LState, s *spawned) int {
		s.cancelled = true
		if s.task != nil {
			s.task.EndWaits(task.ErrCancelled)
		}
		return 0
	},
	// join([timeout]) waits for the end: true and what the function returned,
	// or nil and why it has failed.
	"join": joinTask,
}, map[string]func(l *lua.LState, t *spawned) lua.LValue{
	"name": func(_ *lua.LState, s *spawned) lua.LValue { return lua.LString(s.name) },
})

// timerClass is what after and every return.
var timerClass = bind.NewClass("timer", map[string]func(l *lua.LState, s *started) int{
	// cancel() ends the timer; what it has started goes on.
	"cancel": func(_ *lua.LState, s *started) int {
		s.cancelled = true
		if s.timer != nil {
			s.timer.Cancel()
		}
		return 0
	},
}, nil)

// started is a timer. The script lock guards it.
type started struct {
	timer     *task.Timer // nil until the script that loads has taken over
	cancelled bool
}

// spawned is a task and, once it has ended, what came of it. The script lock guards
// the results.
type spawned struct {
	name      string
	task      *task.Task // nil until the script that loads has taken over
	cancelled bool

	ran     bool
	results []lua.LValue
	err     error
}

// contents implements container.
func (s *spawned) contents() []lua.LValue { return s.results }

// spawn is spawn([name,] fn, …) for an owner; first is the argument it starts
// at.
func spawn(l *lua.LState, o *task.Owner, first int) int {
	name, at := optionalName(l, first)
	fn := l.CheckFunction(at)
	var args []lua.LValue
	for i := at + 1; i <= l.GetTop(); i++ {
		args = append(args, l.Get(i))
	}
	rt := bind.RuntimeOf(l)
	s := &spawned{name: name}
	run := func(t *task.Task) {
		s.ran = true
		s.err = rt.Call(t, fn, args, func(l *lua.LState, n int) {
			for i := -n; i < 0; i++ {
				s.results = append(s.results, l.Get(i))
			}
		})
		if s.err != nil {
			rt.LogError(called("task", name), t, s.err)
		}
	}
	rt.Defer(func() {
		if !s.cancelled {
			s.task = o.Spawn(name, run)
		}
	})
	return bind.Return(l, taskClass.New(s))
}

// ofOwner is the name of something for the log, with its user.
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

// optionalName reads a name that may stand before the other arguments.
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
		bind.Raise(l, "a task that is spawned while the script loads starts when it has loaded: it cannot be waited for before")
	case s.task == bind.TaskOf(l):
		bind.Raise(l, "a task cannot wait for its own end")
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

// optionalSeconds is argument n, a time; 0 if it is left out.
func optionalSeconds(l *lua.LState, n int) time.Duration {
	if l.Get(n) == lua.LNil {
		return 0
	}
	return bind.CheckSeconds(l, n)
}

// after is after([name,] seconds, fn) and, with every, every(…).
func after(l *lua.LState, timers *task.Timers, first int, every bool) int {
	name, at := optionalName(l, first)
	d := bind.CheckSeconds(l, at)
	if every && d < minPeriod {
		l.ArgError(at, "every wants at least a thousandth of a second")
	}
	fn := l.CheckFunction(at + 1)
	rt := bind.RuntimeOf(l)
	run := func(t *task.Task) {
		if err := rt.Call(t, fn, nil, nil); err != nil {
			rt.LogError(called("timer", name), t, err)
		}
	}
	s := &started{}
	rt.Defer(func() {
		if !s.cancelled {
			s.timer = timers.After(name, d, every, run)
			rt.HeldBy(ofOwner(called("timer", name), timers.Owner()), s.timer.Ended)
		}
	})
	return bind.Return(l, timerClass.New(s))
}

// minPeriod is the shortest period of every.
const minPeriod = time.Millisecond

// sleep is spectrum.sleep(seconds).
func sleep(l *lua.LState) int {
	d := bind.CheckSeconds(l, 1)
	t := bind.TaskOf(l)
	_ = bind.Wait(l, func(ctx context.Context) error { return t.Sleep(ctx, d) }) // its one error is raised
	return 0
}
