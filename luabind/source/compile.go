package source

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
	"github.com/yuin/gopher-lua/parse"

	"spectrumlua/luabind/codegen"
)

// maxFile is how long a file may be.
const maxFile = 4 << 20

// ErrFolder is the error of a path that leads to a folder.
var ErrFolder = errors.New("is a folder; a file is wanted")

// Open opens a file for reading. It does not wait, as it would for a pipe that
// nobody writes to.
func Open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// Read reads a file as the source that it holds: without a byte order mark, its
// line #!… being a comment. open is Open, or one that allows less.
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

// Compile parses and compiles a source. name is what the code calls itself in
// messages.
func Compile(name, text string) (tree []ast.Stmt, proto *lua.FunctionProto, problem *Error) {
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
		return nil, nil, syntaxError(text, err)
	}
	proto, err = codegen.Compile(tree, codegen.Options{Name: name, MethodLines: ready.methodLines})
	if err != nil {
		return nil, nil, syntaxError(text, err)
	}
	return tree, proto, nil
}

var namePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// keywords begin or end something, where a name does not.
var keywords = strings.Fields("and break do else elseif end false for function goto if in local nil not or repeat return then true until while")

// missing says what may be missing in front of a token that was not expected.
func missing(token string) string {
	if !namePattern.MatchString(token) || slices.Contains(keywords, token) {
		return ""
	}
	return ": is a comma or an operator missing before it?"
}

// syntaxError words what the parser or the compiler says.
func syntaxError(text string, err error) *Error {
	var p *parse.Error
	var c *codegen.Error
	switch {
	case errors.As(err, &p) && p.Pos.Line == parse.EOF:
		last := 1 + strings.Count(strings.TrimRight(text, "\n"), "\n")
		return &Error{last, p.Message + " at the end of the file: is an 'end' or a bracket missing?"}
	case errors.As(err, &p):
		return &Error{p.Pos.Line, fmt.Sprintf("%s near '%s' (column %d)%s", p.Message, p.Token, p.Pos.Column, missing(p.Token))}
	case errors.As(err, &c):
		return &Error{c.Line, c.Message}
	}
	return &Error{0, err.Error()}
}
