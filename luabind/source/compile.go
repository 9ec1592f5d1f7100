package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"spectrumlua/luabind/codegen"
)

// maxFile is the maximum size of a file.
const maxFile = 4 << 20

// ErrFolder is the error of Read for the path of a folder.
var ErrFolder = errors.New("is a folder, not a file")

// Open opens a file for reading. It does not block, even for a pipe without a writer.
func Open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// Read reads a source from a file. It removes a byte order mark and turns a first line
// that begins with # into a comment. A file in UTF-16 is an error. open is Open, or a function with more checks.
func Read(path string, open func(path string) (*os.File, error)) (string, error) {
	f, err := open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() {
		if info.IsDir() {
			return "", fmt.Errorf("%s %w", path, ErrFolder)
		}
		return "", fmt.Errorf("%s is not a regular file", path)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxFile {
		return "", fmt.Errorf("%s is larger than %d MiB: too large for a script", path, maxFile>>20)
	}
	if bytes.HasPrefix(data, []byte("\x1bLua")) {
		return "", fmt.Errorf("%s: Lua source expected, got compiled Lua", path)
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return "", fmt.Errorf("%s is UTF-16: save it as UTF-8", path)
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	if bytes.HasPrefix(data, []byte("#")) { // #!/usr/bin/env …
		data = append([]byte("--"), data...)
	}
	return string(data), nil
}

// Compile parses and compiles a source. name is the source's name in error messages.
func Compile(name, text string) (tree []ast.Stmt, proto *lua.FunctionProto, problem *Error) {
	return compile(name, text, codegen.Options{})
}

// Statements compiles a source and returns where the statements of its functions begin.
// The code is that of Compile.
func Statements(name, text string) (*codegen.Statements, *Error) {
	s := &codegen.Statements{}
	_, _, problem := compile(name, text, codegen.Options{Statements: s})
	return s, problem
}

// compile is Compile with options of the code generator besides the name.
func compile(name, text string, o codegen.Options) (tree []ast.Stmt, proto *lua.FunctionProto, problem *Error) {
	defer func() {
		if r := recover(); r != nil {
			tree, proto, problem = nil, nil, &Error{Text: fmt.Sprintf("it cannot be compiled: %v", r)}
		}
	}()
	if problem := Check(text); problem != nil {
		return nil, nil, problem
	}
	ready, problem := prepare(text)
	if problem != nil {
		return nil, nil, problem
	}
	tree, err := parse.Parse(strings.NewReader(ready.text), name)
	if err != nil {
		return nil, nil, syntaxError(ready.text, err)
	}
	o.Name, o.MethodLines = name, ready.methodLines
	proto, err = codegen.Compile(tree, o)
	if err != nil {
		return nil, nil, syntaxError(ready.text, err)
	}
	return tree, proto, nil
}
