package luabind

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// What a source may have. Go's stack, which nothing can catch the overflow of,
// is what the depth is about: the compiler follows it.
const (
	maxSource      = 8 << 20
	maxSourceDepth = 5000
)

// loadFile compiles a file. Its name in messages is relative to the script's
// folder.
func (v *vm) loadFile(path string) (*lua.LFunction, error) {
	v.files[path] = struct{}{}
	source, err := readSource(path)
	if err != nil {
		return nil, err
	}
	return v.compile(v.chunkName(path), source)
}

func (v *vm) chunkName(path string) string {
	if name, err := filepath.Rel(v.host.scriptDir(), path); err == nil && !strings.HasPrefix(name, "..") {
		return name
	}
	return path
}

// unreadable says what to do about a file that cannot be opened.
func unreadable(path string, err error) string {
	for _, hidden := range []string{"/home/", "/root/", "/run/user/"} {
		if strings.HasPrefix(path, hidden) {
			return "Debian's unit runs Spectrum with ProtectHome: what lies under " + hidden + " is not there for it; put the script beside the transport's config"
		}
	}
	if errors.Is(err, os.ErrPermission) {
		return fmt.Sprintf("the backend runs as the user with uid %d; chmod or chown the script, and look at the folders above it", os.Getuid())
	}
	return "[lua] script names it; a relative name starts at the config file's folder"
}

func readSource(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("the script cannot be read: %w (%s)", err, unreadable(path, err))
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return "", fmt.Errorf("the script cannot be read: %s is a folder; [lua] script wants a file", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSource+1))
	if err != nil {
		return "", fmt.Errorf("the script cannot be read: %w", err)
	}
	if len(data) > maxSource {
		return "", fmt.Errorf("%s has more than %d MiB: that is no script", path, maxSource>>20)
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
func (v *vm) compile(name, source string) (fn *lua.LFunction, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &ScriptError{Message: fmt.Sprintf("%s: it cannot be compiled: %v", name, r)}
		}
	}()
	chunk, err := parse.Parse(strings.NewReader(source), name)
	if err != nil {
		return nil, syntaxError(name, source, err)
	}
	if len(source) > maxSourceDepth && tooDeep(chunk) {
		return nil, &ScriptError{Message: fmt.Sprintf("%s: it has more than %d levels of nesting", name, maxSourceDepth)}
	}
	proto, err := lua.Compile(chunk, name)
	if err != nil {
		return nil, syntaxError(name, source, err)
	}
	return v.state.NewFunctionFromProto(proto), nil
}

// tooDeep walks a syntax tree without following its depth itself. A source has
// at least a byte for each level, so a short one need not be walked.
func tooDeep(chunk any) bool {
	type node struct {
		value reflect.Value
		depth int
	}
	todo := []node{{reflect.ValueOf(chunk), 0}}
	for len(todo) > 0 {
		n := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		switch n.value.Kind() {
		case reflect.Interface, reflect.Pointer:
			if !n.value.IsNil() {
				todo = append(todo, node{n.value.Elem(), n.depth})
			}
		case reflect.Slice:
			for i := range n.value.Len() {
				todo = append(todo, node{n.value.Index(i), n.depth})
			}
		case reflect.Struct:
			if n.depth++; n.depth > 2*maxSourceDepth { // a node and the base within it
				return true
			}
			for i := range n.value.NumField() {
				todo = append(todo, node{n.value.Field(i), n.depth})
			}
		}
	}
	return false
}
