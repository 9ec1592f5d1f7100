package luabind

import (
	"context"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
)

// reloadHandler is called after a reload: for the process, then for each
// session.
const reloadHandler = "reload"

// reloadPatience is how long the sessions wait for on.reload(), which may wait
// itself.
const reloadPatience = 10 * time.Second

// reloadsAtOnce is how many sessions' on.reload run before others have their
// turn, and reloadsPause the pause then: with thousands online, nobody's message
// waits for all of them, or for the memory that they take all at once.
const (
	reloadsAtOnce = 16
	reloadsPause  = time.Millisecond
)

// postReload has on.reload run, in v: at once without a session, then in each
// session's turn with it, before the messages that come from now on. The script lock
// is held.
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

// waitReload waits for on.reload(), with patience.
func waitReload(t, first *task.Task) {
	select {
	case <-first.Ended():
		return
	default:
	}
	_ = t.Wait(func(ctx context.Context) error { // an error is the end of the owner
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

// reloaded is the item that calls on.reload for a session, after first. It does
// not refer to the VM: it may stand in the mailbox for long.
type reloaded struct {
	host       *Host
	generation int
	session    *session.Session
	first      *task.Task
}

// Handle implements task.Item.
func (r *reloaded) Handle(t *task.Task) {
	if r.host.vm.generation != r.generation {
		return // a later one has its turn behind it
	}
	waitReload(t, r.first)
	if t.Err() == nil {
		r.host.callReload(t, r.generation, r.session)
	}
}

// callReload calls on.reload of a generation, unless a later one has taken
// over, whose turn comes too.
func (h *Host) callReload(t *task.Task, generation int, s *session.Session) {
	v := h.vm
	if v.generation != generation {
		return
	}
	var args []lua.LValue
	if s != nil {
		args = append(args, h.sessionObject(s).userdata)
	}
	if err := v.call(t, v.handler(reloadHandler), args); err != nil {
		v.logError("on."+reloadHandler, t, err)
	}
}
