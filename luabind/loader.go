package luabind

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"spectrumlua/luabind/source"
)

// How long a source may be: a file, and what is given to load.
const (
	maxFile   = 4 << 20
	maxLoaded = 1 << 20
)

// loadScript compiles the script itself.
func (v *vm) loadScript() (*lua.LFunction, error) {
	path := v.host.opts.Lua.Script
	fn, err := v.loadFile(path, openFile)
	switch {
	case err == nil || isScriptError(err):
	case errors.Is(err, errFolder):
		err = fmt.Errorf("the script cannot be read: %s is a folder; [lua] script wants a file", path)
	default:
		err = fmt.Errorf("the script cannot be read: %w ([lua] script names it; a relative name starts at the config file's folder)", err)
	}
	return fn, err
}

// openFile opens a file for reading. It does not wait, as it would for a pipe
// that nobody writes to.
func openFile(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

func isScriptError(err error) bool {
	_, ok := err.(*ScriptError) //nolint:errorlint // loadFile wraps none
	return ok
}

// loadFile compiles a file. Its name in messages is relative to the script's
// folder.
func (v *vm) loadFile(path string, open func(path string) (*os.File, error)) (*lua.LFunction, error) {
	v.files[path] = struct{}{}
	text, err := readSource(path, open)
	if err != nil {
		return nil, err
	}
	return v.compile(v.chunkName(path), text)
}

func (v *vm) chunkName(path string) string {
	if name, err := filepath.Rel(v.host.scriptDir(), path); err == nil && !strings.HasPrefix(name, "..") {
		return name
	}
	return path
}

var errFolder = errors.New("is a folder; a file is wanted")

func readSource(path string, open func(path string) (*os.File, error)) (string, error) {
	f, err := open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return "", fmt.Errorf("%s %w", path, errFolder)
		}
		return "", fmt.Errorf("%s is no regular file", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxFile {
		return "", fmt.Errorf("%s has more than %d MiB: that is no script", path, maxFile>>20)
	}
	if bytes.HasPrefix(data, []byte("\x1bLua")) {
		return "", fmt.Errorf("%s is compiled Lua: the source is wanted", path)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(data, []byte("#")) { // #!/usr/bin/env …
		data = append([]byte("--"), data...)
	}
	return string(data), nil
}

// compile makes a function of a source. The error is a *ScriptError.
func (v *vm) compile(name, text string) (fn *lua.LFunction, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &ScriptError{Message: fmt.Sprintf("%s: it cannot be compiled: %v", name, r)}
		}
	}()
	if problem := source.Check(text); problem != nil {
		return nil, &ScriptError{Message: fmt.Sprintf("%s:%d: %s", name, problem.Line, problem.Text)}
	}
	chunk, err := parse.Parse(strings.NewReader(text), name)
	if err != nil {
		return nil, syntaxError(name, text, err)
	}
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, syntaxError(name, text, err)
	}
	return v.state.NewFunctionFromProto(proto), nil
}
