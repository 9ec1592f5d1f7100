package luabind

import (
	"os"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/modules/log"
	"spectrumlua/luabind/stdlib"
)

// libraryPackage is Lua's original table package. A script may replace the global.
type libraryPackage struct{ table, loaded *lua.LTable }

// openLibraries opens the standard library of Lua 5.1 and the runtime's modules.
func (v *vm) openLibraries() {
	settings := v.host.opts.Settings
	stdlib.Open(v.state, stdlib.Options{
		MaxString: int(settings.MaxString),
		MaxSource: maxLoaded,
		Policy:    v.host.policy,
		Compile:   v.compile,
		LoadFile: func(path string) (*lua.LFunction, error) {
			fn, err := v.loadFile(path, v.host.policy.OpenScript)
			if os.IsNotExist(err) {
				delete(v.files, path)
			}
			return fn, err
		},
		Require: v.requireFunction,
		Now:     v.host.opts.Scheduler.Clock().Now,
		Print:   log.Print,
		Stacks:  v.stacks,
	})
	table := v.state.G.Global.RawGetString("package").(*lua.LTable)
	v.pkg = libraryPackage{table, table.RawGetString("loaded").(*lua.LTable)}
	var path []string
	for _, dir := range append([]string{v.host.scriptDir()}, settings.Path...) {
		path = append(path, dir+"/?.lua", dir+"/?/init.lua")
	}
	table.RawSetString("path", lua.LString(strings.Join(path, ";")))
	v.preloadModules(table.RawGetString("preload").(*lua.LTable))
}
