package luabind

import (
	"runtime"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules/log"
)

// openLibraries gives a VM Lua 5.1's own library, without what has no place in
// a backend, and the modules of spectrum.
func (v *vm) openLibraries() {
	l := v.state
	for _, lib := range []struct {
		name string
		open lua.LGFunction
	}{
		{lua.LoadLibName, lua.OpenPackage},
		{lua.BaseLibName, lua.OpenBase},
		{lua.TabLibName, lua.OpenTable},
		{lua.IoLibName, lua.OpenIo},
		{lua.OsLibName, lua.OpenOs},
		{lua.StringLibName, lua.OpenString},
		{lua.MathLibName, lua.OpenMath},
		{lua.DebugLibName, lua.OpenDebug},
		{lua.CoroutineLibName, lua.OpenCoroutine},
	} {
		l.Push(l.NewFunction(lib.open))
		l.Push(lua.LString(lib.name))
		l.Call(1, 0)
	}
	for _, removed := range []string{"os.exit", "os.setenv", "debug.sethook", "_printregs"} {
		v.remove(removed)
	}
	v.replace("print", log.Print)
	v.replace("load", v.load)
	v.replace("loadstring", v.loadString)
	v.replace("loadfile", v.loadFileFunction)
	v.replace("dofile", v.doFile)
	v.replace("collectgarbage", collectGarbage)
	v.replace("error", raise)
	v.replace("require", v.requireFunction)

	pkg := l.GetGlobal("package").(*lua.LTable)
	dir := v.host.scriptDir()
	pkg.RawSetString("path", lua.LString(dir+"/?.lua;"+dir+"/?/init.lua"))
	pkg.RawSetString("loaders", lua.LNil)
	preload := pkg.RawGetString("preload").(*lua.LTable)
	v.preloadModules(preload)
}

func (v *vm) remove(name string) {
	library, field, ok := strings.Cut(name, ".")
	if !ok {
		v.state.SetGlobal(name, lua.LNil)
		return
	}
	v.state.SetField(v.state.GetGlobal(library), field, lua.LNil)
}

func (v *vm) replace(name string, fn lua.LGFunction) {
	v.state.SetGlobal(name, bind.Function(name, fn))
}

// load, loadstring, loadfile and dofile are Lua's own but for the bounds on
// what is compiled.

func (v *vm) load(l *lua.LState) int {
	next := l.CheckFunction(1)
	name := l.OptString(2, "=(load)")
	var source strings.Builder
	for {
		l.Push(next)
		l.Call(0, 1)
		piece := l.Get(-1)
		l.Pop(1)
		s, ok := piece.(lua.LString)
		if !ok || s == "" {
			if ok || piece == lua.LNil {
				break
			}
			l.Push(lua.LNil)
			l.Push(lua.LString("the function given to load must return strings"))
			return 2
		}
		if source.Len()+len(s) > maxSource {
			l.Push(lua.LNil)
			l.Push(lua.LString("the source given to load is too long"))
			return 2
		}
		source.WriteString(string(s))
	}
	return v.pushCompiled(l, name, source.String())
}

func (v *vm) loadString(l *lua.LState) int {
	source := l.CheckString(1)
	name := l.OptString(2, "=(loadstring)")
	if len(source) > maxSource {
		l.Push(lua.LNil)
		l.Push(lua.LString("the source given to loadstring is too long"))
		return 2
	}
	return v.pushCompiled(l, name, source)
}

func (v *vm) pushCompiled(l *lua.LState, name, source string) int {
	fn, err := v.compile(strings.TrimLeft(name, "=@"), source)
	if err != nil {
		l.Push(lua.LNil)
		l.Push(lua.LString(err.Error()))
		return 2
	}
	l.Push(fn)
	return 1
}

func (v *vm) loadFileFunction(l *lua.LState) int {
	fn, err := v.loadFile(l.CheckString(1))
	if err != nil {
		l.Push(lua.LNil)
		l.Push(lua.LString(err.Error()))
		return 2
	}
	l.Push(fn)
	return 1
}

func (v *vm) doFile(l *lua.LState) int {
	fn, err := v.loadFile(l.CheckString(1))
	if err != nil {
		bind.Raise(l, "%v", err)
	}
	top := l.GetTop()
	l.Push(fn)
	l.Call(0, lua.MultRet)
	return l.GetTop() - top
}

// collectGarbage answers "count"; the rest is Go's business.
func collectGarbage(l *lua.LState) int {
	switch option := l.OptString(1, "collect"); option {
	case "count":
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		l.Push(lua.LNumber(float64(m.HeapAlloc) / 1024))
	case "collect", "stop", "restart", "step", "setpause", "setstepmul":
		l.Push(lua.LNumber(0))
	default:
		l.ArgError(1, "invalid option '"+option+"'")
	}
	return 1
}

// raise is error, which may be called without a message in Lua 5.1.
func raise(l *lua.LState) int {
	l.Error(l.Get(1), l.OptInt(2, 1))
	return 0
}
