package luabind

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/source"
)

// maxLoaded is the longest source that the script's load and loadstring accept.
const maxLoaded = 1 << 20

// loadScript compiles the script's main file.
func (v *vm) loadScript() (*lua.LFunction, error) {
	path := v.host.opts.Settings.Script
	fn, err := v.loadFile(path, hashing(v.sum, source.Open))
	if err != nil && !isScriptError(err) {
		err = unreadable(path, err)
	}
	return fn, err
}

// Readable returns an error if a script cannot be read. It does not compile it.
func Readable(path string) error {
	if _, err := source.Read(path, source.Open); err != nil {
		return unreadable(path, err)
	}
	return nil
}

// unreadable returns the error of a script whose file cannot be read.
func unreadable(path string, err error) error {
	if errors.Is(err, source.ErrFolder) {
		return fmt.Errorf("the script cannot be read: %s is a folder; [lua] script must name a file", path)
	}
	return fmt.Errorf("the script cannot be read: %w ([lua] script names the file, relative to the config file's folder)", err)
}

func isScriptError(err error) bool {
	_, ok := err.(*ScriptError) //nolint:errorlint // loadFile does not wrap it
	return ok
}

// loadFile compiles a file and notes it in v.files. The error is a *ScriptError if
// the file does not compile.
func (v *vm) loadFile(path string, open func(path string) (*os.File, error)) (*lua.LFunction, error) {
	version := versionOf(path)
	v.noteFile(path, version)
	text, err := source.Read(path, open)
	if err != nil {
		return nil, err
	}
	version.sum = sha256.Sum256([]byte(text))
	v.noteFile(path, version)
	v.noteText(path, text)
	v.warnEncoding(path, text)
	if d := v.host.debugger.Load(); d != nil {
		d.Loaded(path, v.chunkName(path), text)
	}
	v.precompiler.Begin(text)
	if v.measures(path) {
		name := v.chunkName(path)
		proto, problem := v.host.opts.Coverage.Compile(path, name, text)
		return v.function(name, proto, problem)
	}
	return v.compile(v.chunkName(path), text)
}

// noteFile notes the version of a file.
func (v *vm) noteFile(path string, version fileVersion) {
	v.filesMu.Lock()
	defer v.filesMu.Unlock()
	v.files[path] = version
}

// noteText notes the text of a file while the script loads, if Options.Loaded wants it.
func (v *vm) noteText(path, text string) {
	v.filesMu.Lock()
	defer v.filesMu.Unlock()
	if v.texts != nil {
		v.texts[path] = text
	}
}

// takeTexts returns the texts of the files, and forgets them.
func (v *vm) takeTexts() []string {
	v.filesMu.Lock()
	defer v.filesMu.Unlock()
	texts := slices.Collect(maps.Values(v.texts))
	v.texts = nil
	return texts
}

// warnEncoding logs the first line of a file that is not UTF-8.
func (v *vm) warnEncoding(path, text string) {
	if utf8.ValidString(text) {
		return
	}
	line := 0
	for part := range strings.Lines(text) {
		line++
		if !utf8.ValidString(part) {
			break
		}
	}
	v.host.log.Warnf("%s:%d: the file is not UTF-8 (Latin-1?), so texts lose characters: save it as UTF-8", v.chunkName(path), line)
}

// chunkName returns the name of a file for messages: its path relative to the
// script's folder if it is in there.
func (v *vm) chunkName(path string) string {
	if name, err := filepath.Rel(v.host.scriptDir(), path); err == nil && !strings.HasPrefix(name, "..") {
		return name
	}
	return path
}

// compile compiles a source text. The error is a *ScriptError.
func (v *vm) compile(name, text string) (*lua.LFunction, error) {
	proto, problem := v.compiled.Compile(name, text)
	return v.function(name, proto, problem)
}

// function returns the function of a compiled source.
func (v *vm) function(name string, proto *lua.FunctionProto, problem *source.Error) (*lua.LFunction, error) {
	if problem != nil {
		return nil, &ScriptError{Message: problem.In(name)}
	}
	return v.state.NewFunctionFromProto(proto), nil
}

// measures reports whether the coverage of a file is measured. The modules in the folders
// of [lua] path are not the author's.
func (v *vm) measures(path string) bool {
	coverage := v.host.opts.Coverage
	if !coverage.Includes(path) {
		return false
	}
	return !slices.ContainsFunc(v.host.opts.Settings.Path, func(folder string) bool {
		return isBelow(path, folder) && !isBelow(v.host.scriptDir(), folder)
	})
}

// isBelow reports whether a file or folder is a folder or something in it.
func isBelow(path, folder string) bool {
	name, err := filepath.Rel(folder, path)
	return err == nil && name != ".." && !strings.HasPrefix(name, "../")
}

// hurry speeds up the first load: it starts to precompile the files that the
// script requires on the other processors. Call stop with the script lock after
// the script has run. Later loads do without, because users are online.
func (v *vm) hurry() (stop func()) {
	if v.host.loaded() || v.host.opts.Coverage != nil {
		return func() {}
	}
	if v.compiled == nil {
		v.compiled = &source.Cache{}
	}
	v.precompile()
	return func() {
		v.precompiler.Close()
		v.precompiler, v.compiled = nil, v.host.opts.Compiled
	}
}

// precompile starts the precompiler if there is more than one processor.
func (v *vm) precompile() {
	if runtime.GOMAXPROCS(0) == 1 {
		return
	}
	path := v.packagePath()
	v.precompiler = source.NewPrecompiler(v.compiled, func(module string) (name, text string, ok bool) {
		for _, file := range moduleFiles(path, module) {
			if text, err := source.Read(file, v.host.policy.OpenScript); err == nil {
				return v.chunkName(file), text, true
			}
		}
		return "", "", false
	})
}
