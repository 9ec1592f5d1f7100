package luabind

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/nearest"
)

// module is something that a script requires.
type module struct {
	name string
	open func(v *vm) *lua.LTable
}

// modules are all of them: one more is one line here and one file.
var modules []module

func init() {
	modules = []module{
		{"spectrum", openSpectrum},
		{"spectrum.config", openConfig},
		{"spectrum.log", openLog},
	}
}

func moduleNames() []string {
	names := make([]string, len(modules))
	for i, m := range modules {
		names[i] = m.name
	}
	return names
}

// functions are a module's, by name.
type functions map[string]lua.LGFunction

// newModule makes the table of a module. A name that it does not have is an
// error when it is read, never a silent nil.
func (v *vm) newModule(name string, fns functions) *lua.LTable {
	table := newTable()
	for fn, g := range fns {
		table.RawSetString(fn, v.host.function(name+"."+fn, g))
	}
	meta := newTable()
	meta.RawSetString("__index", v.host.function(name, func(l *lua.LState) int {
		key := l.Get(2)
		l.RaiseError("%s", fmt.Sprintf("%s has no %s%s", name, quoteKey(key), nearestKey(key, table)))
		return 0
	}))
	table.Metatable = meta
	return table
}

func quoteKey(key lua.LValue) string {
	if s, ok := key.(lua.LString); ok {
		return fmt.Sprintf("%q", string(s))
	}
	return key.String()
}

func nearestKey(key lua.LValue, table *lua.LTable) string {
	var names []string
	table.ForEach(func(k, _ lua.LValue) { names = append(names, k.String()) })
	if near := nearest.Name(key.String(), names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

// require opens a module from Go, as the script's require does.
func (v *vm) require(name string) lua.LValue {
	l := v.state
	loaded := l.GetField(l.GetGlobal("package"), "loaded").(*lua.LTable)
	if m := loaded.RawGetString(name); m != lua.LNil {
		return m
	}
	for _, m := range modules {
		if m.name == name {
			table := m.open(v)
			loaded.RawSetString(name, table)
			return table
		}
	}
	panic("luabind: there is no module " + name)
}
