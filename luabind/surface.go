package luabind

import (
	"context"
	"io"
	"maps"
	"slices"

	"github.com/sirupsen/logrus"
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/task"
)

// Surface is what a script finds, for tools that read scripts without running
// them. Nothing in its tables is to be called.
type Surface struct {
	// Globals are Lua's own.
	Globals *lua.LTable
	// Modules are what can be required, by name.
	Modules map[string]*lua.LTable
}

// NewSurface opens all that a script with these settings finds.
func NewSurface(c *config.Config, settings config.Settings) *Surface {
	log := logrus.New()
	log.SetOutput(io.Discard)
	scheduler := task.New(task.Options{Run: settings.HandlerTimeout})
	defer scheduler.Close()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	h := New(ctx, Options{Config: c, Settings: settings, Scheduler: scheduler, Log: log})
	s := &Surface{Modules: map[string]*lua.LTable{}}
	scheduler.Do(func() {
		v := h.emptyVM()
		s.Globals = v.state.G.Global
		s.Modules[spectrumModule] = v.runtime.Spectrum
		for _, m := range modules.All() {
			s.Modules[m.Name], _ = v.require(m.Name).(*lua.LTable)
		}
	})
	h.sessions.Process().Cancel(task.ErrCancelled)
	<-h.sessions.Process().Idle()
	return s
}

// ModuleNames are the names of the runtime's own modules, sorted.
func (s *Surface) ModuleNames() []string { return slices.Sorted(maps.Keys(s.Modules)) }

// SessionNames are the methods and properties of a session, sorted.
func SessionNames() []string { return sessionClass.Names() }

// SessionProperties are those that are read without a call, sorted.
func SessionProperties() []string { return sessionClass.Properties() }

// SessionLacks is the message about a name that a session does not have.
func SessionLacks(name string) string { return sessionClass.Lacks(name) }

// SessionUnset is the message about a field that is set in a session.
func SessionUnset(key lua.LValue) string {
	return "a session has no field " + bind.QuoteKey(key) + " to set: keep things in session.data"
}
