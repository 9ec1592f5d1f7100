package luabind

import (
	"os"
	"path/filepath"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// requireFunction is Lua's require: a module of the runtime's, of
// package.preload, or a file that package.path leads to, beside the script at
// first. A module whose loading failed is loaded again the next time.
func (v *vm) requireFunction(l *lua.LState) int {
	name := l.CheckString(1)
	pkg := v.state.GetGlobal("package")
	loaded := l.GetField(pkg, "loaded")
	switch m := l.GetField(loaded, name); {
	case m == v.loading:
		bind.Raise(l, "require %q: the module requires itself, by way of others perhaps", name)
	case m != lua.LNil:
		return bind.Return(l, m)
	}
	open := v.findModule(l, pkg, name)
	l.SetField(loaded, name, v.loading)
	defer func() {
		if l.GetField(loaded, name) == v.loading { // it has failed
			l.SetField(loaded, name, lua.LNil)
		}
	}()
	l.Push(open)
	l.Push(lua.LString(name))
	l.Call(1, 1)
	module := l.Get(-1)
	l.Pop(1)
	switch set := l.GetField(loaded, name); {
	case module != lua.LNil:
	case set != v.loading:
		module = set // the module has put itself there
	default:
		module = lua.LTrue
	}
	l.SetField(loaded, name, module)
	return bind.Return(l, module)
}

// findModule finds the function that makes a module.
func (v *vm) findModule(l *lua.LState, pkg lua.LValue, name string) *lua.LFunction {
	if open, ok := l.GetField(l.GetField(pkg, "preload"), name).(*lua.LFunction); ok {
		return open
	}
	if name == spectrumModule || strings.HasPrefix(name, spectrumModule+".") {
		bind.Raise(l, "require %q: there is no such module%s", name, bind.DidYouMean(name, moduleNames()))
	}
	path, _ := l.GetField(pkg, "path").(lua.LString)
	var tried []string
	for _, pattern := range strings.Split(string(path), ";") {
		file := strings.ReplaceAll(pattern, "?", strings.ReplaceAll(name, ".", string(filepath.Separator)))
		if info, err := os.Stat(file); err != nil || info.IsDir() {
			tried = append(tried, file)
			continue
		}
		fn, err := v.loadFile(file)
		if err != nil {
			bind.Raise(l, "%v", err)
		}
		return fn
	}
	bind.Raise(l, "require %q: there is no such module: no file %s%s", name, strings.Join(tried, ", no file "), bind.DidYouMean(name, moduleNames()))
	return nil
}
