package stdlib

import (
	"reflect"
	"runtime/metrics"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/table"
)

func (lib *Library) baseFunctions() functions {
	return functions{
		"assert":         leaf(baseAssert),
		"collectgarbage": leaf(collectGarbage),
		"dofile":         calling(lib.baseDoFile),
		"error":          leaf(baseError),
		"gcinfo":         leaf(func(c call) int { return c.ret(heapKiB()) }),
		"getfenv":        leaf(baseGetFEnv),
		"getmetatable":   leaf(func(c call) int { return c.ret(c.l.GetMetatable(c.any(1))) }),
		"ipairs":         leaf(baseIpairs),
		"load":           calling(lib.baseLoad),
		"loadfile":       leaf(lib.baseLoadFile),
		"loadstring":     leaf(lib.baseLoadString),
		"next":           leaf(baseNext),
		"pairs":          leaf(basePairs),
		"pcall":          calling(lib.basePCall),
		"print":          calling(lib.basePrint),
		"rawequal":       leaf(func(c call) int { return c.ret(lua.LBool(c.l.RawEqual(c.any(1), c.any(2)))) }),
		"rawget":         leaf(func(c call) int { return c.ret(c.table(1).RawGet(c.any(2))) }),
		"rawset":         leaf(baseRawSet),
		"select":         leaf(baseSelect),
		"setfenv":        leaf(baseSetFEnv),
		"setmetatable":   leaf(baseSetMetatable),
		"tonumber":       leaf(baseToNumber),
		"tostring":       calling(func(c call) int { return c.ret(c.tostring(c.any(1))) }),
		"type":           leaf(func(c call) int { return c.ret(lua.LString(c.any(1).Type().String())) }),
		"unpack":         leaf(baseUnpack),
		"xpcall":         calling(lib.baseXPCall),
		"require":        calling(func(c call) int { return lib.options.Require(c.l) }),
		"module":         calling(lib.baseModule),
	}
}

// baseAssert accepts any value as the message, as later versions of Lua do.
func baseAssert(c call) int {
	if lua.LVAsBool(c.any(1)) {
		return c.l.GetTop()
	}
	switch c.l.Get(2).(type) {
	case *lua.LNilType, lua.LString, lua.LNumber:
		c.raise("%s", c.optStr(2, "assertion failed!"))
	}
	throw(c.l, c.l.Get(2))
	return 0
}

func baseError(c call) int {
	object := c.l.Get(1)
	level := c.optInteger(2, 1)
	switch object.(type) {
	case lua.LString, lua.LNumber:
		if level > 0 {
			c.raiseAt(level, c.str(1))
		}
	}
	throw(c.l, object)
	return 0
}

// basePrint converts its arguments with tostring and writes them to the log.
func (lib *Library) basePrint(c call) int {
	var out strings.Builder
	for i := range c.l.GetTop() {
		if i > 0 {
			out.WriteByte('\t')
		}
		text, ok := c.tostring(c.l.Get(i + 1)).(lua.LString)
		if !ok {
			c.raise("'tostring' must return a string to 'print'")
		}
		lib.bounded(c, out.Len()+len(text))
		out.WriteString(string(text))
	}
	lib.options.Print(c.l, out.String())
	return 0
}

func (lib *Library) basePCall(c call) int {
	return lib.protected(c, c.any(1), 1, lua.LNil)
}

// baseXPCall passes the arguments after the handler to the function, as later
// versions of Lua do.
func (lib *Library) baseXPCall(c call) int {
	fn, handler := c.any(1), c.any(2)
	return lib.protected(c, fn, 2, handler)
}

// Loops call these functions at every step. They do not recover from panics because
// that would take longer than the step.
var (
	nextFunction = calling(baseNext).named("", "next")
	ipairsNext   = calling(baseIpairsNext).named("", "ipairs")
)

func baseNext(c call) int {
	t, last := c.table(1), c.l.Get(2)
	table.Complete(t)
	if last != lua.LNil && t.RawGet(last) == lua.LNil {
		last = c.removed(t, last)
	}
	k, v := table.Next(t, last)
	c.l.Push(k)
	if k == lua.LNil {
		return 1
	}
	c.l.Push(v)
	return 2
}

// removed returns the key after which next goes on from one that is not in the
// table: a loop may remove the keys that it sees. gopher-lua skips a key if
// table.remove has made the array shorter, and knows no wrong keys.
func (c call) removed(t *lua.LTable, key lua.LValue) lua.LValue {
	fields := reflect.ValueOf(t).Elem()
	if fields.FieldByIndex(keysField.Index).MapIndex(reflect.ValueOf(key)).IsValid() {
		return key
	}
	array := fields.FieldByIndex(arrayField.Index)
	n, ok := key.(lua.LNumber)
	// The first place is nil only in an array that was always empty.
	if !ok || n < 1 || n > lua.LNumber(array.Cap()) || n != lua.LNumber(int(n)) || array.Slice(0, 1).Index(0).IsNil() {
		c.raise("invalid key to 'next'")
	}
	switch length := array.Len(); {
	case n <= lua.LNumber(length):
		return key
	case length == 0:
		return lua.LNil
	default:
		return lua.LNumber(length)
	}
}

func basePairs(c call) int { return c.ret(nextFunction, c.table(1), lua.LNil) }

func baseIpairs(c call) int { return c.ret(ipairsNext, c.table(1), lua.LNumber(0)) }

func baseIpairsNext(c call) int {
	i := c.integer(2) + 1
	v := c.table(1).RawGetInt(i)
	if v == lua.LNil {
		c.l.Push(v)
		return 1
	}
	c.l.Push(lua.LNumber(i))
	c.l.Push(v)
	return 2
}

func baseRawSet(c call) int {
	t := c.table(1)
	c.any(3)
	c.l.RawSet(t, c.l.Get(2), c.l.Get(3))
	return c.ret(t)
}

func baseSelect(c call) int {
	given := c.l.GetTop()
	if s, ok := c.l.Get(1).(lua.LString); ok && s == "#" {
		return c.ret(lua.LNumber(given - 1))
	}
	n := c.integer(1)
	switch {
	case n < 0:
		n += given
	case n > given:
		n = given
	}
	if n < 1 {
		c.argError(1, "index out of range")
	}
	return given - n
}

func baseSetMetatable(c call) int {
	t := c.table(1)
	meta := c.l.Get(2)
	if _, ok := meta.(*lua.LTable); !ok && (meta != lua.LNil || c.l.GetTop() < 2) {
		c.argError(2, "nil or table expected")
	}
	if c.l.GetMetaField(t, "__metatable") != lua.LNil {
		c.raise("cannot change a protected metatable")
	}
	t.Metatable = meta
	return c.ret(t)
}

func baseToNumber(c call) int {
	v := c.any(1)
	if !c.given(2) {
		switch v := v.(type) {
		case lua.LNumber:
			return c.ret(v)
		case lua.LString:
			if f, ok := parseNumber(string(v)); ok {
				return c.ret(lua.LNumber(f))
			}
		}
		return c.ret(lua.LNil)
	}
	base := c.integer(2)
	if base == 10 {
		c.l.SetTop(1)
		return baseToNumber(c)
	}
	if base < 2 || base > 36 {
		c.argError(2, "base out of range")
	}
	if f, ok := parseInteger(c.str(1), base); ok {
		return c.ret(lua.LNumber(f))
	}
	return c.ret(lua.LNil)
}

// maxResults is the maximum number of results of a function, as in Lua 5.1
// (LUAI_MAXCSTACK). A thread never gives back the memory for them.
const maxResults = 8000

func baseUnpack(c call) int {
	t := c.table(1)
	from := c.optInteger(2, 1)
	var to int
	if c.given(3) {
		to = c.integer(3)
	} else {
		to = t.Len()
	}
	if from > to {
		return 0
	}
	if uint64(to)-uint64(from) >= maxResults {
		c.raise("too many results to unpack (more than %d)", maxResults)
	}
	for i := range to - from + 1 {
		c.l.Push(t.RawGet(lua.LNumber(from + i)))
	}
	return to - from + 1
}

// collectGarbage implements the option "count". The others have no effect because Go
// collects the garbage.
func collectGarbage(c call) int {
	switch option := c.optStr(1, "collect"); option {
	case "count":
		return c.ret(heapKiB())
	case "collect", "stop", "restart", "step", "setpause", "setstepmul":
		return c.ret(lua.LNumber(0))
	default:
		c.argError(1, "invalid option '%s'", option)
		return 0
	}
}

// heapKiB returns the size of the process's heap in KiB.
func heapKiB() lua.LNumber {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return lua.LNumber(float64(sample[0].Value.Uint64()) / 1024)
}

// baseModule implements Lua's module. It makes the module's table the environment of
// the calling function. The table is that in package.loaded, or a global one.
func (lib *Library) baseModule(c call) int {
	name := c.str(1)
	loaded := c.l.G.Registry.RawGetString("_LOADED").(*lua.LTable)
	module, ok := loaded.RawGetString(name).(*lua.LTable)
	if !ok {
		if module, ok = c.l.FindTable(c.l.G.Global, name, 1).(*lua.LTable); !ok {
			c.raise("name conflict for module '%s'", name)
		}
		loaded.RawSetString(name, module)
	}
	if module.RawGetString("_NAME") == lua.LNil {
		module.RawSetString("_M", module)
		module.RawSetString("_NAME", lua.LString(name))
		module.RawSetString("_PACKAGE", lua.LString(name[:strings.LastIndex(name, ".")+1]))
	}
	caller := functionAt(c.l, 1)
	if caller == nil || caller.IsG {
		c.raise("'module' not called from a Lua function")
	}
	caller.Env = module
	for i := 2; i <= c.l.GetTop(); i++ {
		if option, ok := c.l.Get(i).(*lua.LFunction); ok {
			c.call(option, module)
		}
	}
	return 0
}

// openPackage returns the table package without the functions that load C libraries.
func (lib *Library) openPackage(loaded *lua.LTable) *lua.LTable {
	table := lib.newTable("package", functions{"seeall": leaf(packageSeeAll)})
	table.RawSetString("loaded", loaded)
	table.RawSetString("preload", bind.NewTable())
	table.RawSetString("path", lua.LString(""))
	table.RawSetString("cpath", lua.LString(""))
	table.RawSetString("config", lua.LString("/\n;\n?\n!\n-\n"))
	return table
}

// packageSeeAll implements package.seeall: a module inherits from the globals.
func packageSeeAll(c call) int {
	module := c.table(1)
	meta, ok := module.Metatable.(*lua.LTable)
	if !ok {
		meta = bind.NewTable()
		module.Metatable = meta
	}
	meta.RawSetString("__index", c.l.G.Global)
	return 0
}
