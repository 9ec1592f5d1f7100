// Package policy holds the rules of the sandbox ([lua] sandbox): which files, sockets,
// programs and library functions a script may use. Each place that reaches the machine
// asks the Policy, and shows its errors to the script.
package policy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"spectrumlua/runtime/config"
)

// Policy decides what a script may use. The zero Policy allows everything. Its methods
// are safe for concurrent use.
type Policy struct {
	folder  string   // of the script; "" without the sandbox
	modules []string // further folders with Lua modules ([lua] path)
}

// New returns the policy of the [lua] section.
func New(s config.Settings) Policy {
	if !s.Sandbox {
		return Policy{}
	}
	return Policy{folder: filepath.Dir(s.Script), modules: s.Path}
}

func (p Policy) sandboxed() bool { return p.folder != "" }

var (
	// ErrOutside is the error for a file outside of the script's folder.
	ErrOutside = errors.New("it is outside of the script's folder, which [lua] sandbox does not allow")

	errUnix    = errors.New("the sandbox does not let scripts use Unix sockets ([lua] sandbox)")
	errProgram = errors.New("the sandbox does not let scripts start programs ([lua] sandbox)")
)

// The sandbox removes some base functions. Of the libraries that reach the machine or
// other code's variables, it keeps only the functions listed here.
var (
	removed = []string{"dofile", "loadfile"}
	kept    = map[string][]string{
		"debug": {"traceback"},
		"io":    {},
		"os":    {"clock", "date", "difftime", "setlocale", "time"},
	}
)

// AllowsLibrary reports whether a script has any function of a library, such as "io".
func (p Policy) AllowsLibrary(name string) bool {
	functions, limited := kept[name]
	return !p.sandboxed() || !limited || len(functions) > 0
}

// AllowsFunction reports whether a script has a function of Lua's libraries. The library
// of base functions is "".
func (p Policy) AllowsFunction(library, name string) bool {
	if !p.sandboxed() {
		return true
	}
	if library == "" {
		return !slices.Contains(removed, name)
	}
	functions, limited := kept[library]
	return !limited || slices.Contains(functions, name)
}

// Open opens a file for reading. It does not block, even for a pipe without a writer. In
// the sandbox, the error wraps ErrOutside unless the file is in the script's folder after
// symbolic links are resolved.
func (p Policy) Open(path string) (*os.File, error) {
	if !p.sandboxed() {
		return os.OpenFile(path, readOnly, 0)
	}
	return openWithin(p.folder, path)
}

// OpenScript is like Open for a file with Lua source, which may also be in a folder of
// [lua] path.
func (p Policy) OpenScript(path string) (*os.File, error) {
	f, err := p.Open(path)
	for _, folder := range p.modules {
		if !errors.Is(err, ErrOutside) {
			break
		}
		f, err = openWithin(folder, path)
	}
	return f, err
}

const readOnly = os.O_RDONLY | syscall.O_NONBLOCK

// openWithin opens a file in a folder for reading. The error wraps ErrOutside if the file
// is not in there.
func openWithin(folder, path string) (*os.File, error) {
	name, err := filepath.Rel(folder, path)
	if err != nil || !filepath.IsLocal(name) {
		return nil, outside(path)
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.OpenFile(name, readOnly, 0)
	var failed *os.PathError
	if errors.As(err, &failed) && failed.Err.Error() == "path escapes from parent" { // os does not export this error
		return nil, outside(path)
	}
	return f, err
}

// CheckFile returns an error if the sandbox forbids a library to open a file by its path.
// With symbolic links resolved, the path must be a regular file in the script's folder or
// not exist.
func (p Policy) CheckFile(path string) error {
	if !p.sandboxed() {
		return nil
	}
	folder, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return outside(path)
	}
	base, err := filepath.EvalSymlinks(p.folder)
	if err != nil {
		return err
	}
	name, err := filepath.Rel(base, filepath.Join(folder, filepath.Base(path)))
	if err != nil || !filepath.IsLocal(name) {
		return outside(path)
	}
	if info, err := os.Lstat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file, which [lua] sandbox requires", path)
	}
	return nil
}

// ConfinesSQL reports whether SQL statements must not open other files.
func (p Policy) ConfinesSQL() bool { return p.sandboxed() }

// CheckNetwork returns an error if the sandbox forbids a network, as named by net.Dial.
// It forbids Unix sockets because other programs on this machine take commands from them.
func (p Policy) CheckNetwork(network string) error {
	if p.sandboxed() && network == "unix" {
		return errUnix
	}
	return nil
}

// CheckProgram returns an error if the sandbox forbids scripts to start programs.
func (p Policy) CheckProgram() error {
	if p.sandboxed() {
		return errProgram
	}
	return nil
}

func outside(path string) error { return fmt.Errorf("%s: %w", path, ErrOutside) }
