package luabind

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
)

// Load runs the script in a new VM and, if that succeeds, lets it take over
// between two messages. If it fails, the error names file and line, and what
// ran before goes on; without that, every login is refused with the error until
// a later Load. Either is logged. It is not to be called with the baton.
func (h *Host) Load() error {
	var err error
	generation := 0
	t := h.sessions.Process().Spawn("", func(t *task.Task) {
		var v *vm
		v, err = h.newVM(t)
		h.files = slices.Sorted(maps.Keys(v.files))
		h.loadErr = err
		if err == nil {
			generation = h.takeOver(v)
		}
	})
	<-t.Ended()
	switch {
	case err == nil:
		h.log.Infof("loaded %s: generation %d, %s", h.opts.Lua.Script, generation, fingerprint(h.opts.Lua.Script))
	case generation == 0 && !h.Loaded():
		h.log.Errorf("%s does not load, so logins are refused: %v", h.opts.Lua.Script, err)
	default:
		h.log.Errorf("%s does not load, so what was loaded before goes on: %v", h.opts.Lua.Script, err)
	}
	return err
}

// takeOver makes v the VM that handles messages, and has on.reload run if there
// was one before. The baton is held.
func (h *Host) takeOver(v *vm) (generation int) {
	h.generation++
	before := h.vm
	h.vm = v
	if before == nil {
		return h.generation
	}
	h.timers.CancelUnnamed()
	for _, s := range h.sessions.Sessions() {
		h.handle(s).cancelUnnamed()
	}
	if v.handler(reloadHandler) != nil {
		h.sessions.Process().Post(&reloaded{h, nil})
		for _, s := range h.sessions.Sessions() {
			s.Owner().Post(&reloaded{h, s})
		}
	}
	return h.generation
}

// Loaded tells whether there is a script that handles messages.
func (h *Host) Loaded() (loaded bool) {
	h.opts.Scheduler.Do(func() { loaded = h.vm != nil })
	return loaded
}

// Files are the script and what it has required, as of the last Load.
func (h *Host) Files() (files []string) {
	h.opts.Scheduler.Do(func() { files = h.files })
	return files
}

// reloadHandler is called after a reload: for the process, then for each
// session.
const reloadHandler = "reload"

// reloaded is the item that calls it.
type reloaded struct {
	host    *Host
	session *session.Session
}

// Handle implements task.Item.
func (r *reloaded) Handle(t *task.Task) {
	fn := r.host.vm.handler(reloadHandler)
	if fn == nil {
		return // a later reload has none
	}
	var args []lua.LValue
	if r.session != nil {
		args = append(args, r.host.handle(r.session).userdata)
	}
	if err := r.host.vm.call(t, fn, args); err != nil {
		r.host.logError("on."+reloadHandler, t, err)
	}
}

// fingerprint tells which version of a file was read.
func fingerprint(path string) string {
	data, err := os.ReadFile(path)
	if err != nil {
		return "unreadable now"
	}
	sum := sha256.Sum256(data)
	return "sha256 " + hex.EncodeToString(sum[:6])
}
