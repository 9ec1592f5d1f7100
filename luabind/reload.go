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

// postReload has on.reload run, in v: at once without a session, then in each
// session's turn with it. The baton is held.
func (h *Host) postReload(v *vm) {
	generation := v.generation
	first := h.sessions.Process().Spawn("", func(t *task.Task) { h.callReload(t, generation, nil) })
	for _, s := range h.sessions.Sessions() {
		s.Owner().Post(&reloaded{h, generation, s, first})
	}
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
	select {
	case <-r.first.Ended():
	default:
		_ = t.Wait(func(ctx context.Context) error { // an error is the end of the session
			ctx, cancel := t.WithTimeout(ctx, reloadPatience, nil)
			defer cancel()
			select {
			case <-r.first.Ended():
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}
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
		args = append(args, h.handle(s).userdata)
	}
	if err := v.call(t, v.handler(reloadHandler), args); err != nil {
		v.logError("on."+reloadHandler, t, err)
	}
}
