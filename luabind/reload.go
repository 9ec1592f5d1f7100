package luabind

import (
	"context"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
)

// reloadHandler is the name of the handler that runs after a reload, first for the
// process and then for each session.
const reloadHandler = "reload"

// reloadPatience is how long the sessions wait for the process's on.reload to
// return.
const reloadPatience = 10 * time.Second

// After reloadsAtOnce sessions, postReload pauses for reloadsPause. With thousands
// of sessions, messages then do not wait for all calls of on.reload, and the calls
// do not take their memory at the same time.
const (
	reloadsAtOnce = 16
	reloadsPause  = time.Millisecond
)

// postReload starts on.reload of v: first for the process, then for each session
// through its mailbox, before later messages. The caller holds the script lock.
func (h *Host) postReload(v *vm) {
	generation := v.generation
	process, sessions := h.sessions.Process(), h.sessions.Sessions()
	first := process.Spawn("", func(t *task.Task) { h.callReload(t, generation, nil) })
	for _, s := range sessions {
		s.Owner().Append(&reloaded{h, generation, s, first})
	}
	process.Spawn("", func(t *task.Task) {
		waitReload(t, first)
		for i, s := range sessions {
			s.Owner().Wake()
			if i%reloadsAtOnce == reloadsAtOnce-1 {
				_ = t.Wait(func(context.Context) error {
					time.Sleep(reloadsPause)
					return nil
				})
			}
		}
	})
}

// waitReload waits until first ends, for at most reloadPatience.
func waitReload(t, first *task.Task) {
	select {
	case <-first.Ended():
		return
	default:
	}
	_ = t.Wait(func(ctx context.Context) error { // it fails only if t is cancelled
		ctx, cancel := t.WithTimeout(ctx, reloadPatience, nil)
		defer cancel()
		select {
		case <-first.Ended():
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
}

// reloaded is the mailbox item that calls on.reload for a session after first has
// ended. It has no reference to the VM because it may wait in the mailbox for long.
type reloaded struct {
	host       *Host
	generation int
	session    *session.Session
	first      *task.Task
}

// Handle implements task.Item.
func (r *reloaded) Handle(t *task.Task) {
	if r.host.vm.generation != r.generation {
		return // the item of a later generation follows
	}
	waitReload(t, r.first)
	if t.Err() == nil {
		r.host.callReload(t, r.generation, r.session)
	}
}

// callReload calls on.reload of a generation. It does nothing if a later generation
// has taken over.
func (h *Host) callReload(t *task.Task, generation int, s *session.Session) {
	v := h.vm
	if v.generation != generation {
		return
	}
	t.SetLabel(&h.labels[0])
	var args []lua.LValue
	if s != nil {
		args = append(args, &h.sessionObject(s).userdata)
	}
	if err := v.call(t, v.handler(reloadHandler), args); err != nil {
		v.logError("on."+reloadHandler, t, err)
	}
}
