// Package stdlib is Lua 5.1's own library for scripts that share a process: as
// the manual has it, but bounded.
//
// What a function makes is no longer than a script's strings may be, what may
// take long looks at its task's context, and calls that nest on Go's stack,
// whose overflow nothing catches, do so to a bounded depth. Coroutines and
// protected calls run on Lua threads of their own (strand.go).
//
// A Library and its functions belong to one VM and are used with its lock.
package stdlib

import (
	"math/rand/v2"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/callstack"
	"spectrumlua/luabind/stdlib/pattern"
)

// Options are what a library needs; all but Sandbox, Now and Stacks must be given.
type Options struct {
	// MaxString is the length of the longest string that is made, in bytes.
	MaxString int
	// Sandbox leaves out what reaches files, processes and the system.
	Sandbox bool
	// MaxSource is how long a source may be, in bytes.
	MaxSource int
	// Compile makes a function of a source. The name is that of the chunk,
	// without the = or @ in front.
	Compile func(name, source string) (*lua.LFunction, error)
	// LoadFile makes a function of a file.
	LoadFile func(path string) (*lua.LFunction, error)
	// Require is Lua's require.
	Require lua.LGFunction
	// Now is the time; default: time.Now.
	Now func() time.Time
	// Print writes what print was given.
	Print func(l *lua.LState, text string)
	// Stacks makes the call stacks of the library's threads; nil leaves that to
	// gopher-lua.
	Stacks *callstack.Stacks
}

// Library is the library of one VM.
type Library struct {
	options Options
	state   *lua.LState
	threads threads
	files   defaultFiles
	random  *rand.Rand // nil until it is needed

	patterns map[patternKey]*pattern.Pattern
	matchers []*pattern.Matcher // that are not in use
}

// init bounds the part of a table that is an array, in which gopher-lua keeps
// every positive integer key below this: a key of sixty million, such as a
// user's number, would take a gigabyte. It is also how long a list can be.
func init() { lua.MaxArrayIndex = maxList + 1 }

// maxList is the length of the longest list.
const maxList = 1 << 20

// Open gives a state that has no libraries yet all of them.
func Open(l *lua.LState, o Options) *Library {
	if o.Now == nil {
		o.Now = time.Now
	}
	lib := &Library{options: o, state: l, patterns: map[patternKey]*pattern.Pattern{}}
	lib.threads.init(l, o.Stacks)
	globals := l.G.Global
	globals.RawSetString("_G", globals)
	globals.RawSetString("_VERSION", lua.LString(lua.LuaVersion))
	loaded := bind.NewTable()
	loaded.RawSetString("_G", globals)
	fill(globals, "", lib.baseFunctions())
	l.G.Registry.RawSetString("_LOADED", loaded)
	for name, open := range map[string]func() *lua.LTable{
		"coroutine": lib.openCoroutine,
		"debug":     lib.openDebug,
		"io":        lib.openIO,
		"math":      lib.openMath,
		"os":        lib.openOS,
		"package":   func() *lua.LTable { return lib.openPackage(loaded) },
		"string":    lib.openString,
		"table":     lib.openTable,
	} {
		if table := open(); table != nil {
			globals.RawSetString(name, table)
			loaded.RawSetString(name, table)
		}
	}
	return lib
}

// function is one of the library's. It is called as Lua calls it, with its
// arguments on the stack, and returns how many results it has pushed.
type function struct {
	do func(c call) int
	// calls tells that it may call Lua functions. Such a one does not recover
	// from panics: an error that passes through many of them, one in another,
	// would take a time that grows with the square of the depth.
	calls bool
}

type functions map[string]function

// leaf is a function that calls no other one.
func leaf(do func(c call) int) function { return function{do: do} }

// calling is a function that may call others.
func calling(do func(c call) int) function { return function{do: do, calls: true} }

// fill puts functions into the table of a library.
func fill(table *lua.LTable, library string, fns functions) {
	for name, fn := range fns {
		table.RawSetString(name, fn.named(library, name))
	}
}

func (f function) named(library, name string) *lua.LFunction {
	do := f.do
	g := func(l *lua.LState) int { return do(call{l, name}) }
	if f.calls {
		return &lua.LFunction{IsG: true, GFunction: g}
	}
	full := name
	if library != "" {
		full = library + "." + name
	}
	return bind.Function(full, g)
}

func newLibraryTable(library string, fns functions) *lua.LTable {
	table := bind.NewTableSize(0, len(fns))
	fill(table, library, fns)
	return table
}

// bounded raises if a result would be longer than a string may be.
func (lib *Library) bounded(c call, length int) { c.bounded(length, lib.options.MaxString) }

func (c call) bounded(length, most int) {
	if length > most || length < 0 {
		c.raise("'%s': resulting string too large (more than %d bytes; [lua] max_string allows no more)", c.name, most)
	}
}
