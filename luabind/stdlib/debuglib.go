package stdlib

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/codegen"
)

// openDebug returns the table debug. It has no hooks, because they would slow down all
// users, and no access to the registry.
func (lib *Library) openDebug() *lua.LTable {
	return lib.newTable("debug", functions{
		"getfenv":      leaf(debugGetFEnv),
		"getinfo":      leaf(debugGetInfo),
		"getlocal":     leaf(debugGetLocal),
		"getmetatable": leaf(func(c call) int { return c.ret(c.l.GetMetatable(c.any(1))) }),
		"getupvalue":   leaf(debugGetUpvalue),
		"setfenv":      leaf(debugSetFEnv),
		"setlocal":     leaf(debugSetLocal),
		"setmetatable": leaf(debugSetMetatable),
		"setupvalue":   leaf(debugSetUpvalue),
		"traceback":    leaf(lib.debugTraceback),
	})
}

// thread returns the optional thread in argument 1 and the number of arguments that it
// takes. The default is the current thread.
func (c call) thread() (*lua.LState, int) {
	if th, ok := c.l.Get(1).(*lua.LState); ok {
		return th, 1
	}
	return c.l, 0
}

// debugTraceback implements debug.traceback. The traceback continues with the callers of
// protected calls, although these run on threads of their own.
func (lib *Library) debugTraceback(c call) int {
	th, skipped := c.thread()
	message := c.l.Get(skipped + 1)
	switch message.(type) {
	case lua.LString, lua.LNumber, *lua.LNilType:
	default:
		return c.ret(message)
	}
	level := 1
	if th != c.l {
		level = 0
	}
	level = max(c.optInteger(skipped+2, level), 0)
	text := "stack traceback:\n" + strings.Join(traceback(th, level), "\n")
	if message != lua.LNil {
		text = c.str(skipped+1) + "\n" + text
	}
	return c.ret(lua.LString(text))
}

// traceback returns a line for each call of a thread from a level on. In a long
// traceback it replaces the middle with "...".
func traceback(l *lua.LState, level int) []string {
	const first, last = 12, 10
	var lines []string
	for l != nil {
		n := depth(l)
		if waiting(l) != nil {
			n-- // skip the Go function at the bottom: pcall follows on the next thread
		}
		for ; level < n; level++ {
			if dbg, ok := l.GetStack(level); ok {
				lines = append(lines, describe(l, dbg))
			}
		}
		level -= n
		l = waiting(l)
	}
	lines = append(lines, "\t[C]: ?")
	if len(lines) > first+last {
		rest := lines[len(lines)-last:]
		lines = append(append(lines[:first:first], "\t..."), rest...)
	}
	return lines
}

// describe returns the line of a call in a traceback.
func describe(l *lua.LState, dbg *lua.Debug) string {
	v, err := l.GetInfo("nSlf", dbg, lua.LNil)
	if err != nil {
		return "\t?"
	}
	place := "[C]: "
	if dbg.Source != "" {
		place = strings.TrimSuffix(placeOf(l, dbg), " ")
		if place == "" {
			place = dbg.Source + ":"
		}
		place += " "
	}
	fn, _ := v.(*lua.LFunction)
	switch {
	case fn != nil && !fn.IsG && fn.Proto.LineDefined == 0:
		return "\t" + place + "in main chunk"
	case !named(dbg):
		if fn == nil || fn.IsG {
			return "\t" + place + "?"
		}
		return "\t" + place + "in function <" + fn.Proto.SourceName + ":" + formatNumber(float64(fn.Proto.LineDefined)) + ">"
	}
	return "\t" + place + "in function '" + dbg.Name + "'"
}

// named reports whether a call has a name. The name comes from the calling code.
func named(dbg *lua.Debug) bool {
	return dbg.Name != "" && dbg.What != "main" && !strings.ContainsAny(dbg.Name[:1], "?(<")
}

func debugGetFEnv(c call) int {
	switch v := c.any(1).(type) {
	case *lua.LFunction:
		if !v.IsG {
			return c.ret(v.Env)
		}
		return c.ret(c.l.G.Global)
	case *lua.LState:
		return c.ret(c.l.G.Global)
	}
	return c.ret(lua.LNil)
}

func debugSetFEnv(c call) int {
	env := c.table(2)
	fn, ok := c.l.Get(1).(*lua.LFunction)
	if !ok || fn.IsG {
		c.raise("'setfenv' cannot change environment of given object")
	}
	fn.Env = env
	return c.ret(fn)
}

// debugSetMetatable implements debug.setmetatable, but keeps protected metatables. All
// VMs share those of classes.
func debugSetMetatable(c call) int {
	v, meta := c.any(1), c.l.Get(2)
	if _, ok := meta.(*lua.LTable); !ok && meta != lua.LNil {
		c.argError(2, "nil or table expected")
	}
	if c.l.GetMetaField(v, "__metatable") != lua.LNil {
		c.raise("cannot change a protected metatable")
	}
	c.l.SetMetatable(v, meta)
	return c.ret(lua.LTrue)
}

// debugGetInfo implements debug.getinfo([thread,] function or level [, what]).
func debugGetInfo(c call) int {
	th, skipped := c.thread()
	what := c.optStr(skipped+2, "nSluf")
	if bad := strings.Trim(what, "nSlufL"); bad != "" {
		c.argError(skipped+2, "invalid option")
	}
	theirs := strings.ReplaceAll(what, "L", "")
	var dbg *lua.Debug
	var fn *lua.LFunction
	var name codegen.Variable
	if f, ok := c.l.Get(skipped + 1).(*lua.LFunction); ok {
		dbg, fn = &lua.Debug{CurrentLine: -1}, f
		if _, err := th.GetInfo(">"+theirs, dbg, f); err != nil {
			c.raise("%v", err)
		}
	} else {
		level := c.integer(skipped + 1)
		at, d, ok := frameAt(th, level)
		if !ok {
			return c.ret(lua.LNil)
		}
		dbg = d
		v, err := at.GetInfo(theirs+"f", dbg, lua.LNil)
		if err != nil {
			c.raise("%v", err)
		}
		fn, _ = v.(*lua.LFunction)
		name = calledAs(dbg)
	}
	return c.ret(infoTable(dbg, fn, name, what))
}

// infoTable returns the table of debug.getinfo.
func infoTable(dbg *lua.Debug, fn *lua.LFunction, name codegen.Variable, what string) *lua.LTable {
	t := bind.NewTable()
	for _, w := range what {
		switch w {
		case 'n':
			if name.Kind != "" {
				t.RawSetString("name", lua.LString(name.Name))
			}
			t.RawSetString("namewhat", lua.LString(name.Kind))
		case 'S':
			source, short, kind := "=[C]", "[C]", "C"
			if fn != nil && !fn.IsG {
				source, short, kind = "@"+fn.Proto.SourceName, fn.Proto.SourceName, "Lua"
				if fn.Proto.LineDefined == 0 {
					kind = "main"
				}
			}
			if kind == "C" {
				dbg.LineDefined, dbg.LastLineDefined = -1, -1
			}
			t.RawSetString("source", lua.LString(source))
			t.RawSetString("short_src", lua.LString(short))
			t.RawSetString("what", lua.LString(kind))
			t.RawSetString("linedefined", lua.LNumber(dbg.LineDefined))
			t.RawSetString("lastlinedefined", lua.LNumber(dbg.LastLineDefined))
		case 'l':
			t.RawSetString("currentline", lua.LNumber(dbg.CurrentLine))
		case 'u':
			t.RawSetString("nups", lua.LNumber(dbg.NUpvalues))
		case 'f':
			t.RawSetString("func", fn)
		case 'L':
			if fn != nil && !fn.IsG {
				t.RawSetString("activelines", activeLines(fn.Proto))
			}
		}
	}
	return t
}

// activeLines returns the set of a function's lines that have code.
func activeLines(p *lua.FunctionProto) *lua.LTable {
	lines := bind.NewTable()
	for _, line := range p.DbgSourcePositions {
		lines.RawSetInt(line, lua.LTrue)
	}
	return lines
}

// local returns a named local variable. It checks the number because gopher-lua would
// also return temporary values and variables of other functions.
func (c call) local() (l *lua.LState, dbg *lua.Debug, n int, name string, value lua.LValue) {
	th, skipped := c.thread()
	l, dbg, ok := frameAt(th, c.integer(skipped+1))
	if !ok {
		c.argError(skipped+1, "level out of range")
	}
	n = c.integer(skipped + 2)
	if n < 1 || n > codegen.MaxLocals {
		return l, dbg, n, "", lua.LNil
	}
	name, value = l.GetLocal(dbg, n)
	if strings.HasPrefix(name, "(") {
		name = ""
	}
	return l, dbg, n, name, value
}

func debugGetLocal(c call) int {
	_, _, _, name, value := c.local()
	if name == "" {
		return c.ret(lua.LNil)
	}
	return c.ret(lua.LString(name), value)
}

func debugSetLocal(c call) int {
	_, skipped := c.thread()
	v := c.any(skipped + 3)
	l, dbg, n, name, _ := c.local()
	if name == "" {
		return c.ret(lua.LNil)
	}
	l.SetLocal(dbg, n, v)
	return c.ret(lua.LString(name))
}

func debugGetUpvalue(c call) int {
	fn, n := c.function(1), c.integer(2)
	name, value := c.l.GetUpvalue(fn, n)
	if name == "" {
		return 0
	}
	return c.ret(lua.LString(name), value)
}

func debugSetUpvalue(c call) int {
	fn, n, v := c.function(1), c.integer(2), c.any(3)
	name := c.l.SetUpvalue(fn, n, v)
	if name == "" {
		return 0
	}
	return c.ret(lua.LString(name))
}
