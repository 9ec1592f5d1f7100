package stdlib

import (
	"os"
	"strings"
	"syscall"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// defaultFiles has the files that io.read and io.write use.
type defaultFiles struct{ input, output *lua.LUserData }

// openIO returns the table io.
func (lib *Library) openIO() *lua.LTable {
	table := lib.newTable("io", functions{
		"close":   leaf(lib.ioClose),
		"flush":   leaf(func(c call) int { return c.ret(lua.LTrue) }),
		"input":   leaf(func(c call) int { return lib.ioDefault(c, &lib.files.input, "r") }),
		"lines":   leaf(lib.ioLines),
		"open":    leaf(lib.ioOpen),
		"output":  leaf(func(c call) int { return lib.ioDefault(c, &lib.files.output, "w") }),
		"popen":   leaf(ioPopen),
		"read":    leaf(func(c call) int { return lib.files.input.Value.(*file).read(c, 1) }),
		"tmpfile": leaf(lib.ioTmpFile),
		"type":    leaf(ioType),
		"write":   leaf(func(c call) int { return lib.files.output.Value.(*file).write(c, 1) }),
	})
	// A backend has no input of its own, so its standard input is empty.
	stdin := fileClass.New(&file{maxString: lib.options.MaxString, standard: true, readable: true})
	stdout := fileClass.New(&file{maxString: lib.options.MaxString, standard: true, slow: true, writable: true, f: os.Stdout})
	stderr := fileClass.New(&file{maxString: lib.options.MaxString, standard: true, slow: true, writable: true, f: os.Stderr})
	table.RawSetString("stdin", stdin)
	table.RawSetString("stdout", stdout)
	table.RawSetString("stderr", stderr)
	lib.files = defaultFiles{input: stdin, output: stdout}
	return table
}

// modes has the flags for each mode of io.open.
var modes = map[string]int{
	"r": os.O_RDONLY, "r+": os.O_RDWR,
	"w": os.O_WRONLY | os.O_CREATE | os.O_TRUNC, "w+": os.O_RDWR | os.O_CREATE | os.O_TRUNC,
	"a": os.O_WRONLY | os.O_CREATE | os.O_APPEND, "a+": os.O_RDWR | os.O_CREATE | os.O_APPEND,
}

// open opens a file. Only the user of the process can read a file that it creates.
func (lib *Library) open(c call, path, mode string) (*file, error) {
	flags, ok := modes[strings.ReplaceAll(mode, "b", "")]
	if !ok {
		c.argError(2, "invalid mode '%s'", mode)
	}
	slow := false
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		slow = true
		flags |= syscall.O_NONBLOCK // otherwise, opening a pipe waits for its other end
	}
	f, err := os.OpenFile(path, flags, 0o600)
	if err != nil {
		return nil, err
	}
	access := flags & (os.O_WRONLY | os.O_RDWR)
	return &file{maxString: lib.options.MaxString, f: f, slow: slow, readable: access != os.O_WRONLY, writable: access != os.O_RDONLY}, nil
}

func (lib *Library) ioOpen(c call) int {
	f, err := lib.open(c, c.str(1), c.optStr(2, "r"))
	if err != nil {
		return c.ret(failure(err)...)
	}
	return c.ret(fileClass.New(f))
}

func (lib *Library) ioTmpFile(c call) int {
	f, err := os.CreateTemp("", "lua_")
	if err != nil {
		return c.ret(failure(err)...)
	}
	_ = os.Remove(f.Name()) // the file exists until it is closed
	return c.ret(fileClass.New(&file{maxString: lib.options.MaxString, f: f, readable: true, writable: true}))
}

func ioPopen(c call) int {
	c.raise("io.popen would stop all users while the command runs: use spectrum.process.start")
	return 0
}

func ioType(c call) int {
	f, ok := fileClass.Of(c.any(1))
	switch {
	case !ok:
		return c.ret(lua.LNil)
	case f.closed:
		return c.ret(lua.LString("closed file"))
	}
	return c.ret(lua.LString("file"))
}

// ioDefault implements io.input and io.output.
func (lib *Library) ioDefault(c call, current **lua.LUserData, mode string) int {
	switch v := c.l.Get(1).(type) {
	case *lua.LNilType:
	case *lua.LUserData:
		if _, ok := fileClass.Of(v); !ok {
			c.typeError(1, "FILE*")
		}
		*current = v
	default:
		f, err := lib.open(c, c.str(1), mode)
		if err != nil {
			c.raise("%v", failure(err)[1])
		}
		*current = fileClass.New(f)
	}
	return c.ret(*current)
}

func (lib *Library) ioClose(c call) int {
	if !c.given(1) {
		return lib.files.output.Value.(*file).close(c)
	}
	f, ok := fileClass.Of(c.l.Get(1))
	if !ok {
		c.typeError(1, "FILE*")
	}
	return f.close(c)
}

// ioLines implements io.lines. It closes a file that it opened at its end.
func (lib *Library) ioLines(c call) int {
	if !c.given(1) {
		return lib.files.input.Value.(*file).lines(c, false)
	}
	f, err := lib.open(c, c.str(1), "r")
	if err != nil {
		c.argError(1, "%v", failure(err)[1])
	}
	return f.lines(c, true)
}

// fileClass is the class of the objects that io.open returns.
var fileClass *bind.Class[*file]

// The methods use fileClass, so an initializer would be a cycle.
func init() { fileClass = newFileClass() }

func newFileClass() *bind.Class[*file] {
	method := func(name string, do func(f *file, c call) int) func(l *lua.LState, f *file) int {
		return func(l *lua.LState, f *file) int { return do(f, call{l, name}) }
	}
	class := bind.NewClass("file", map[string]func(l *lua.LState, f *file) int{
		"close":   method("close", (*file).close),
		"flush":   method("flush", func(_ *file, c call) int { return c.ret(lua.LTrue) }),
		"lines":   method("lines", func(f *file, c call) int { return f.lines(c, false) }),
		"read":    method("read", func(f *file, c call) int { return f.read(c, 2) }),
		"seek":    method("seek", (*file).seek),
		"setvbuf": method("setvbuf", (*file).setvbuf),
		"write":   method("write", func(f *file, c call) int { return f.write(c, 2) }),
	}, nil)
	class.Metatable().RawSetString("__tostring", leaf(func(c call) int {
		f, ok := fileClass.Of(c.l.Get(1))
		if !ok || f.closed {
			return c.ret(lua.LString("file (closed)"))
		}
		text := lua.LString("file (" + strings.TrimPrefix(c.l.Get(1).String(), "userdata: ") + ")")
		return c.ret(text)
	}).named("file", "tostring"))
	return class
}
