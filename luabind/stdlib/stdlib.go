// Package stdlib implements the standard library of Lua 5.1 for scripts that share a
// process. It follows the manual, and adds limits:
//   - No function and no .. makes a string longer than Options.MaxString.
//   - Long functions end when their task is cancelled.
//   - Calls that use Go's stack nest to a limited depth, because Go cannot recover
//     from a stack overflow.
//
// Coroutines and protected calls run on Lua threads of their own; see strand.go.
//
// A Library belongs to one VM. The caller of its functions holds the script lock.
package stdlib

import (
	"math/rand/v2"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/callstack"
	"spectrumlua/luabind/policy"
	"spectrumlua/luabind/stdlib/pattern"
)

// Options configure a Library. Policy, Now and Stacks are optional.
type Options struct {
	// MaxString is the maximum length of a string, in bytes.
	MaxString int
	// Policy decides which functions the script has. The zero Policy allows all.
	Policy policy.Policy
	// MaxSource is the maximum length of a source for load and loadstring, in bytes.
	MaxSource int
	// Compile compiles a source. name is the chunk's name without a leading = or @.
	Compile func(name, source string) (*lua.LFunction, error)
	// LoadFile compiles a file for loadfile and dofile.
	LoadFile func(path string) (*lua.LFunction, error)
	// Require implements Lua's require.
	Require lua.LGFunction
	// Now returns the current time. The default is time.Now.
	Now func() time.Time
	// Print writes the text of print, without a line break at the end.
	Print func(l *lua.LState, text string)
	// Stacks makes the call stacks of coroutines and protected calls. If it is nil,
	// gopher-lua makes them.
	Stacks *callstack.Stacks
}

// Library is the standard library of one VM.
type Library struct {
	options Options
	state   *lua.LState
	threads threads
	files   defaultFiles
	random  *rand.Rand // nil before the first use

	patterns map[patternKey]*pattern.Pattern
	matchers []*pattern.Matcher // unused ones
}

// init limits the array part of tables. gopher-lua keeps all positive integer keys below
// this limit in the array: with one key of sixty million, such as a user's number, the
// array would take a gigabyte. It also limits the length of lists.
func init() { lua.MaxArrayIndex = maxList + 1 }

// maxList is the maximum length of a list.
const maxList = 1 << 20

// Open opens the standard library in a state that has no libraries yet.
func Open(l *lua.LState, o Options) *Library {
	if o.Now == nil {
		o.Now = time.Now
	}
	lib := &Library{options: o, state: l, patterns: map[patternKey]*pattern.Pattern{}}
	lib.threads.init(l, o.Stacks)
	globals := l.G.Global
	globals.RawSetString("_G", globals)
	globals.RawSetString("_VERSION", lua.LString(lua.LuaVersion))
	l.G.Registry.RawSetString(maxStringKey, lua.LNumber(o.MaxString))
	loaded := bind.NewTable()
	loaded.RawSetString("_G", globals)
	lib.fill(globals, "", lib.baseFunctions())
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
		if o.Policy.AllowsLibrary(name) {
			table := open()
			globals.RawSetString(name, table)
			loaded.RawSetString(name, table)
		}
	}
	return lib
}

// function is a library function. do takes its arguments from the stack and returns the
// number of results that it pushed.
type function struct {
	do func(c call) int
	// calls is true if do may call Lua functions. The function then does not recover
	// from panics: with many nested calls, an error would take a time that grows with
	// the square of the depth.
	calls bool
}

// functions has the functions of a table by name.
type functions map[string]function

// leaf returns a function that does not call Lua functions.
func leaf(do func(c call) int) function { return function{do: do} }

// calling returns a function that may call Lua functions.
func calling(do func(c call) int) function { return function{do: do, calls: true} }

// fill adds the functions of a library that the policy allows to a table.
func (lib *Library) fill(table *lua.LTable, library string, fns functions) {
	for name, fn := range fns {
		if !lib.options.Policy.AllowsFunction(library, name) {
			continue
		}
		table.RawSetString(name, fn.named(library, name))
	}
}

// named returns the Lua function, with the name for its errors.
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

func (lib *Library) newTable(library string, fns functions) *lua.LTable {
	table := bind.NewTableSize(0, len(fns))
	lib.fill(table, library, fns)
	return table
}

// bounded raises an error if a result would be longer than Options.MaxString.
func (lib *Library) bounded(c call, length int) { c.bounded(length, lib.options.MaxString) }

func (c call) bounded(length, most int) {
	if length > most || length < 0 {
		c.raise("'%s': "+tooLarge, c.name, most)
	}
}

// tooLarge is the text of an error about the length of a result.
const tooLarge = "resulting string too large (more than %d bytes; [lua] max_string allows no more)"
