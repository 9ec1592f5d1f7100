package luabind

import (
	"crypto/sha256"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/debugger"
	"spectrumlua/runtime/task"
)

// Debug makes a debugger see the script until end is called; see debugger.Debugger.Watch. A
// host has one debugger at a time.
func (h *Host) Debug(d *debugger.Debugger) (end func()) {
	h.debugger.Store(d)
	unwatch := d.Watch(h.opts.Scheduler, h)
	return func() {
		unwatch()
		h.debugger.CompareAndSwap(d, nil)
	}
}

// Loaded returns the files that the VM has read; see debugger.Host.
func (h *Host) Loaded() map[string]debugger.Loaded {
	all := map[string]debugger.Loaded{}
	h.opts.Scheduler.Do(func() {
		v := h.vm
		if v == nil {
			return
		}
		v.filesMu.Lock()
		defer v.filesMu.Unlock()
		for path, version := range v.files {
			all[path] = debugger.Loaded{Name: v.chunkName(path), Sum: version.sum}
		}
	})
	return all
}

// view returns what a debugger sees of the VM.
func (v *vm) view() bind.View {
	return bind.View{
		File: v.fileOf,
		Handler: func(fn *lua.LFunction) string {
			for name, handler := range v.handlers {
				if handler == fn {
					return "on." + name
				}
			}
			return ""
		},
		Session: func(o *task.Owner) lua.LValue {
			if s := v.host.sessions.Find(o.Name()); s != nil && s.Owner() == o {
				return &v.host.sessionObject(s).userdata
			}
			return lua.LNil
		},
	}
}

// fileOf returns the file that was compiled with a name.
func (v *vm) fileOf(chunk string) (path string, sum [sha256.Size]byte, ok bool) {
	v.filesMu.Lock()
	defer v.filesMu.Unlock()
	for path, version := range v.files {
		if v.chunkName(path) == chunk {
			return path, version.sum, true
		}
	}
	return "", sum, false
}

// raised tells the debugger about an error; see bind.Runtime.Raised.
func (h *Host) raised(t *task.Task, l *lua.LState, object lua.LValue, caught bool) {
	if d := h.debugger.Load(); d != nil {
		d.Raised(t, l, object, caught)
	}
}
