package luabind

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/source"
)

// maxLoaded is how long a source may be that is given to load.
const maxLoaded = 1 << 20

// loadScript compiles the script itself.
func (v *vm) loadScript() (*lua.LFunction, error) {
	path := v.host.opts.Settings.Script
	fn, err := v.loadFile(path, hashing(v.sum, source.Open))
	switch {
	case err == nil || isScriptError(err):
	case errors.Is(err, source.ErrFolder):
		err = fmt.Errorf("the script cannot be read: %s is a folder; [lua] script wants a file", path)
	default:
		err = fmt.Errorf("the script cannot be read: %w ([lua] script names it; a relative name starts at the config file's folder)", err)
	}
	return fn, err
}

func isScriptError(err error) bool {
	_, ok := err.(*ScriptError) //nolint:errorlint // loadFile wraps none
	return ok
}

// loadFile compiles a file. Its name in messages is relative to the script's
// folder.
func (v *vm) loadFile(path string, open func(path string) (*os.File, error)) (*lua.LFunction, error) {
	v.files[path] = sum{}
	text, err := source.Read(path, open)
	if err != nil {
		return nil, err
	}
	v.files[path] = sha256.Sum256([]byte(text))
	v.precompiler.Begin(text)
	return v.compile(v.chunkName(path), text)
}

func (v *vm) chunkName(path string) string {
	if name, err := filepath.Rel(v.host.scriptDir(), path); err == nil && !strings.HasPrefix(name, "..") {
		return name
	}
	return path
}

// compile makes a function of a source. The error is a *ScriptError.
func (v *vm) compile(name, text string) (*lua.LFunction, error) {
	proto, problem := v.compiled.Compile(name, text)
	if problem != nil {
		return nil, &ScriptError{Message: problem.In(name)}
	}
	return v.state.NewFunctionFromProto(proto), nil
}

// hurry makes a first load quick: it compiles what the script requires ahead, on
// the other processors. stop is called with the script lock when the script has run.
// Later loads leave the processors to the users who are online.
func (v *vm) hurry() (stop func()) {
	if v.host.Loaded() {
		return func() {}
	}
	if v.compiled == nil {
		v.compiled = &source.Cache{}
	}
	v.compileAhead()
	return func() {
		v.precompiler.Close()
		v.precompiler, v.compiled = nil, v.host.opts.Compiled
	}
}

// compileAhead begins to have what the script requires compiled beside it, if
// there are processors for that.
func (v *vm) compileAhead() {
	if runtime.GOMAXPROCS(0) == 1 {
		return
	}
	path := v.packagePath()
	v.precompiler = source.NewPrecompiler(v.compiled, func(module string) (name, text string, ok bool) {
		for _, file := range moduleFiles(path, module) {
			if text, err := source.Read(file, v.openModule); err == nil {
				return v.chunkName(file), text, true
			}
		}
		return "", "", false
	})
}
