package luabind

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/policy"
	"spectrumlua/luabind/source"
)

// requireFunction implements Lua's require. It looks in package.preload, which has
// the runtime's modules, and then for a file by package.path, which starts in the
// script's folder. A module that failed to load is loaded again by the next call.
func (v *vm) requireFunction(l *lua.LState) int {
	name := l.CheckString(1)
	loaded := v.pkg.loaded
	switch m := loaded.RawGetString(name); {
	case m == v.loading:
		bind.Raise(l, "require %q: the module requires itself, directly or through others", name)
	case lua.LVAsBool(m): // as in Lua 5.1, a module that is false is loaded each time
		return bind.Return(l, m)
	}
	open := v.findModule(l, name)
	loaded.RawSetString(name, v.loading)
	defer func() {
		if loaded.RawGetString(name) == v.loading { // the load failed
			loaded.RawSetString(name, lua.LNil)
		}
	}()
	l.Push(open)
	l.Push(lua.LString(name))
	l.Call(1, 1)
	module := l.Get(-1)
	l.Pop(1)
	switch set := loaded.RawGetString(name); {
	case module != lua.LNil:
	case set != v.loading:
		module = set // the module's code has set package.loaded
	default:
		module = lua.LTrue
	}
	loaded.RawSetString(name, module)
	return bind.Return(l, module)
}

// findModule returns the function that makes a module: its preload function or its
// compiled file. It raises an error if the module does not exist.
func (v *vm) findModule(l *lua.LState, name string) *lua.LFunction {
	if preload, ok := v.pkg.table.RawGetString("preload").(*lua.LTable); ok {
		if open, ok := preload.RawGetString(name).(*lua.LFunction); ok {
			return open
		}
	}
	if name == spectrumModule || strings.HasPrefix(name, spectrumModule+".") {
		bind.Raise(l, "require %q: there is no such module%s", name, bind.DidYouMean(name, moduleNames()))
	}
	var tried []string
	missing := map[string]fileVersion{}
	for _, file := range moduleFiles(v.packagePath(), name) {
		fn, err := v.loadModule(l, file)
		switch {
		case err == nil:
			return fn
		case isScriptError(err):
			bind.Raise(l, "%v", err)
		case errors.Is(err, policy.ErrOutside):
			tried = append(tried, fmt.Sprintf("%s (%v)", file, policy.ErrOutside))
		case isMissing(err):
			tried, missing[file] = append(tried, file), v.files[file]
		default:
			bind.Raise(l, "require %q: %v", name, err)
		}
		v.filesMu.Lock()
		delete(v.files, file)
		v.filesMu.Unlock()
	}
	maps.Copy(v.missing, missing)
	if file := v.findC(name); file != "" {
		bind.Raise(l, "require %q: %s is a module in C, which this runtime cannot load: use a module in pure Lua%s", name, file, insteadOf(name))
	}
	hint := insteadOf(name)
	if hint == "" {
		hint = bind.DidYouMean(name, moduleNames())
	}
	bind.Raise(l, "require %q: there is no such module: no file %s%s", name, strings.Join(tried, ", no file "), hint)
	return nil
}

// packagePath returns the value of package.path, which scripts can set.
func (v *vm) packagePath() string {
	path, _ := v.pkg.table.RawGetString("path").(lua.LString)
	return string(path)
}

// moduleFiles returns the files in which package.path looks for a module.
func moduleFiles(path, module string) []string {
	files := strings.Split(path, ";")
	for i, pattern := range files {
		files[i] = strings.ReplaceAll(pattern, "?", strings.ReplaceAll(module, ".", string(filepath.Separator)))
	}
	return files
}

// loadModule compiles a file that a script requires. While the script loads, it
// releases the script lock for that time, so that a reload does not delay users.
func (v *vm) loadModule(l *lua.LState, file string) (fn *lua.LFunction, err error) {
	if !v.runtime.Loading() {
		return v.loadFile(file, v.host.policy.OpenScript)
	}
	_ = bind.Wait(l, func(context.Context) error { // Wait raises the only error
		fn, err = v.loadFile(file, v.host.policy.OpenScript)
		return nil
	})
	return fn, err
}

// isMissing reports whether an error means that the path is not that of a file.
func isMissing(err error) bool {
	return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) || errors.Is(err, source.ErrFolder)
}
