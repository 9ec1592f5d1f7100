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

// Surface holds the globals and modules of a script, for tools that check scripts
// without running them. Do not call the functions in its tables.
type Surface struct {
	// Globals has the functions and tables of Lua's standard library.
	Globals *lua.LTable
	// Modules has the runtime's modules by name.
	Modules map[string]*lua.LTable
}

// NewSurface returns the surface that a script with these settings has.
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

// ModuleNames returns the names of the runtime's modules, sorted.
func (s *Surface) ModuleNames() []string { return slices.Sorted(maps.Keys(s.Modules)) }

// SessionNames returns the names of a session's methods and properties, sorted.
func SessionNames() []string { return sessionClass.Names() }

// SessionProperties returns the names of a session's properties, sorted.
func SessionProperties() []string { return sessionClass.Properties() }

// SessionLacks returns the error message for a name that a session does not have.
func SessionLacks(name string) string { return sessionClass.Lacks(name) }

// SessionUnset returns the error message for setting a field of a session.
func SessionUnset(key lua.LValue) string {
	if key == lua.LString("data") {
		return "session.data cannot be replaced: set its fields, as in session.data.name = value"
	}
	return "a session has no field " + bind.QuoteKey(key) + " to set: keep things in session.data"
}
