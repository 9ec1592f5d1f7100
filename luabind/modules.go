package luabind

import (
	"fmt"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules"
)

// spectrumModule is the name of the module that every script starts with.
const spectrumModule = "spectrum"

// moduleNames returns the names of the runtime's modules.
func moduleNames() []string {
	names := []string{spectrumModule}
	for _, m := range modules.All() {
		names = append(names, m.Name)
	}
	return names
}

// RequireHint says how a script gets the module spectrum.NAME. It returns "" if there is no
// such module.
func RequireHint(name string) string {
	if full := spectrumModule + "." + name; slices.Contains(moduleNames(), full) {
		return fmt.Sprintf("write local %s = require %q", name, full)
	}
	return ""
}

// ModuleLacks returns the error message for a key that a module does not have.
func ModuleLacks(module string, table *lua.LTable, key lua.LValue) string {
	if hint := RequireHint(key.String()); module == spectrumModule && hint != "" {
		return fmt.Sprintf("%s.%s is a module of its own: %s", module, key, hint)
	}
	return bind.Lacks(module, table, key)
}

// preloadModules adds the runtime's modules to package.preload.
func (v *vm) preloadModules(preload *lua.LTable) {
	for _, m := range modules.All() {
		preload.RawSetString(m.Name, bind.Function("require", func(l *lua.LState) int {
			return bind.Return(l, v.require(m.Name))
		}))
	}
	preload.RawSetString(spectrumModule, bind.Function("require", func(l *lua.LState) int {
		return bind.Return(l, v.runtime.Spectrum)
	}))
	if extra := v.host.opts.Extra; extra != nil {
		module, short := extra.Open(v.runtime), strings.TrimPrefix(extra.Name, spectrumModule+".")
		v.state.G.Global.RawSetString(short, module)
		for _, name := range []string{extra.Name, short} {
			preload.RawSetString(name, bind.Function("require", func(l *lua.LState) int { return bind.Return(l, module) }))
		}
	}
}

// require returns one of the runtime's modules. It opens the module the first time.
func (v *vm) require(name string) lua.LValue {
	if m := v.modules[name]; m != nil {
		return m
	}
	for _, m := range modules.All() {
		if m.Name == name {
			table := m.Open(v.runtime)
			v.modules[name] = table
			return table
		}
	}
	panic("luabind: there is no module " + name)
}
