package luabind

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/table"
)

// readOnly makes the globals of a line that must not change anything.
//
// The line runs in a VM of its own, which has pure functions of Lua's library and no
// modules. It shares no table and no function with the script: the script's tables appear as
// userdata that only reads them, without their metamethods, and its functions cannot be
// called. So there is nothing to get around: no value in that VM can reach a table of the
// script to change it.
type readOnly struct {
	host    *Host
	script  *vm
	own     *vm
	printer *printer
	views   map[*lua.LTable]*lua.LUserData
	meta    *lua.LTable // of views
	opaque  *lua.LTable // the metatable of what can only be shown
	session *lua.LTable // the metatable of sessions
}

// view is a table of the script in a line that is read-only.
type view struct{ table *lua.LTable }

// shown is a value of the script that can only be shown.
type shown struct{ typ, text string }

// viewOf returns the view in a userdata.
func viewOf(v lua.LValue) (*view, bool) {
	ud, ok := v.(*lua.LUserData)
	if !ok {
		return nil, false
	}
	seen, ok := ud.Value.(*view)
	return seen, ok
}

// Names of pure functions: they change only what their arguments are, and the script's
// tables cannot be arguments.
var (
	pureFunctions = []string{
		"assert", "error", "getmetatable", "pcall", "rawequal", "rawget", "rawset", "select", "setmetatable", "tonumber", "tostring",
		"unpack", "xpcall", "_VERSION",
	}
	pureLibraries = []string{"math", "string", "table"}
	pureTimes     = []string{"clock", "date", "difftime", "time"}
)

func newReadOnly(h *Host, script, own *vm, p *printer) *readOnly {
	r := &readOnly{host: h, script: script, own: own, printer: p, views: map[*lua.LTable]*lua.LUserData{}}
	r.meta = r.metatable(r.index, r.text, "the tables of the script cannot be changed")
	r.meta.RawSetString("__len", own.state.NewFunction(func(l *lua.LState) int {
		return bind.Return(l, lua.LNumber(r.of(l, 1).table.Len()))
	}))
	r.opaque = r.metatable(func(l *lua.LState) int {
		return r.refuse(l, "the values of the script that are not tables cannot be used")
	}, r.text, "the values of the script cannot be changed")
	r.session = r.metatable(r.sessionIndex, r.text, "sessions cannot be changed")
	return r
}

// metatable returns a metatable for userdata.
func (r *readOnly) metatable(index, text lua.LGFunction, unset string) *lua.LTable {
	m := bind.NewTable()
	for name, fn := range map[string]lua.LGFunction{
		"__index": index, "__tostring": text,
		"__newindex": func(l *lua.LState) int { return r.refuse(l, unset) },
		"__call":     func(l *lua.LState) int { return r.refuse(l, "functions of the script cannot be called") },
	} {
		m.RawSetString(name, r.own.state.NewFunction(fn))
	}
	m.RawSetString("__metatable", lua.LString("read-only"))
	return m
}

// refuse raises an error.
func (r *readOnly) refuse(l *lua.LState, why string) int {
	bind.Raise(l, "read-only: %s", why)
	return 0
}

// environment returns the globals of the line. session is the userdata of a session or nil.
func (r *readOnly) environment(session lua.LValue) *lua.LTable {
	env, globals := bind.NewTable(), r.own.state.G.Global
	for _, name := range append(pureFunctions, pureLibraries...) {
		env.RawSetString(name, globals.RawGetString(name))
	}
	times := bind.NewTable()
	if all, ok := globals.RawGetString("os").(*lua.LTable); ok {
		for _, name := range pureTimes {
			times.RawSetString(name, all.RawGetString(name))
		}
	}
	env.RawSetString("os", times)
	for name, fn := range map[string]lua.LGFunction{
		"type": r.typeOf, "next": r.next, "pairs": r.pairs, "ipairs": r.ipairs, "print": r.printer.print,
		"session": r.sessionOf, "sessions": r.sessions, "require": r.require,
	} {
		env.RawSetString(name, r.own.state.NewFunction(fn))
	}
	if session != nil {
		env.RawSetString("session", r.wrap(session))
	}
	spectrum := bind.NewTable()
	spectrum.RawSetString("data", r.wrap(r.host.data))
	for _, name := range []string{"jid", "version"} {
		spectrum.RawSetString(name, r.script.runtime.Spectrum.RawGetString(name))
	}
	spectrum.RawSetString("session", r.own.state.NewFunction(r.sessionOf))
	spectrum.RawSetString("sessions", env.RawGetString("sessions"))
	rest := bind.NewTable()
	rest.RawSetString("__index", r.own.state.NewFunction(r.notOffered))
	rest.RawSetString("__metatable", lua.LString("read-only"))
	spectrum.Metatable = rest
	env.RawSetString(spectrumModule, spectrum)
	meta := bind.NewTable()
	meta.RawSetString("__index", r.own.state.NewFunction(func(l *lua.LState) int {
		return bind.Return(l, r.wrap(r.script.state.G.Global.RawGet(l.Get(2))))
	}))
	meta.RawSetString("__metatable", lua.LString("read-only"))
	env.Metatable = meta
	return env
}

// notOffered refuses the names of the module spectrum that a line does not have.
func (r *readOnly) notOffered(l *lua.LState) int {
	name, _ := l.Get(2).(lua.LString)
	if r.script.runtime.Spectrum.RawGetString(string(name)) != lua.LNil {
		return r.refuse(l, fmt.Sprintf("spectrum.%s is not available; spectrum has data, jid, session, sessions and version here", name))
	}
	return bind.Return(l, lua.LNil)
}

// wrap returns what the line sees of a value of the script.
func (r *readOnly) wrap(v lua.LValue) lua.LValue {
	switch v := v.(type) {
	case *lua.LTable:
		if r.views[v] == nil {
			r.views[v] = &lua.LUserData{Value: &view{v}, Metatable: r.meta}
		}
		return r.views[v]
	case *lua.LUserData:
		if obj, ok := sessionClass.Of(v); ok {
			return &lua.LUserData{Value: obj, Metatable: r.session}
		}
		return r.only("userdata", className(v))
	case *lua.LFunction:
		text := "function: built-in"
		if !v.IsG {
			text = fmt.Sprintf("function: %s:%d", v.Proto.SourceName, v.Proto.LineDefined)
		}
		return r.only("function", text)
	case lua.LString, lua.LNumber, lua.LBool, *lua.LNilType:
		return v
	}
	return r.only(v.Type().String(), "a "+v.Type().String())
}

// only returns a userdata that can only be shown.
func (r *readOnly) only(typ, text string) *lua.LUserData {
	return &lua.LUserData{Value: &shown{typ, text}, Metatable: r.opaque}
}

// className returns the name of the class of a userdata.
func className(ud *lua.LUserData) string {
	if meta, ok := ud.Metatable.(*lua.LTable); ok {
		if name, ok := meta.RawGetString("__metatable").(lua.LString); ok {
			return "a " + string(name)
		}
	}
	return "a userdata"
}

// of returns the view that is argument n.
func (r *readOnly) of(l *lua.LState, n int) *view {
	seen, ok := viewOf(l.Get(n))
	if !ok {
		l.ArgError(n, "table of the script expected, got "+l.Get(n).Type().String())
	}
	return seen
}

// key returns the key of a table of the script for argument n.
func (r *readOnly) key(l *lua.LState, n int) lua.LValue {
	if seen, ok := viewOf(l.Get(n)); ok {
		return seen.table
	}
	return l.Get(n)
}

// index looks for a key in a table, and in the tables behind it. It calls no metamethod of
// the script.
func (r *readOnly) index(l *lua.LState) int {
	return bind.Return(l, r.wrap(inherited(r.of(l, 1).table, r.key(l, 2))))
}

// text implements __tostring.
func (r *readOnly) text(l *lua.LState) int {
	text := "a userdata"
	if ud, ok := l.Get(1).(*lua.LUserData); ok {
		switch v := ud.Value.(type) {
		case *view:
			text = fmt.Sprintf("table: %p", v.table)
		case *shown:
			text = v.text
		case *sessionObject:
			text = v.text()
		}
	}
	return bind.Return(l, lua.LString(text))
}

// typeOf implements type.
func (r *readOnly) typeOf(l *lua.LState) int {
	typ := l.CheckAny(1).Type().String()
	if ud, ok := l.Get(1).(*lua.LUserData); ok {
		switch v := ud.Value.(type) {
		case *view:
			typ = "table"
		case *shown:
			typ = v.typ
		}
	}
	return bind.Return(l, lua.LString(typ))
}

// next implements next.
func (r *readOnly) next(l *lua.LState) int {
	if seen, ok := viewOf(l.Get(1)); ok {
		key, value := table.Next(seen.table, r.key(l, 2))
		if key == lua.LNil {
			return bind.Return(l, lua.LNil)
		}
		return bind.Return(l, r.wrap(key), r.wrap(value))
	}
	key, value := table.Next(l.CheckTable(1), l.Get(2))
	if key == lua.LNil {
		return bind.Return(l, lua.LNil)
	}
	return bind.Return(l, key, value)
}

// pairs implements pairs.
func (r *readOnly) pairs(l *lua.LState) int {
	if _, ok := viewOf(l.Get(1)); !ok {
		l.CheckTable(1)
	}
	return bind.Return(l, l.NewFunction(r.next), l.Get(1), lua.LNil)
}

// ipairs implements ipairs.
func (r *readOnly) ipairs(l *lua.LState) int {
	if _, ok := viewOf(l.Get(1)); !ok {
		l.CheckTable(1)
	}
	return bind.Return(l, l.NewFunction(func(l *lua.LState) int {
		i := l.CheckInt(2) + 1
		var value lua.LValue
		if seen, ok := viewOf(l.Get(1)); ok {
			value = r.wrap(seen.table.RawGetInt(i))
		} else {
			value = l.CheckTable(1).RawGetInt(i)
		}
		if value == lua.LNil {
			return bind.Return(l, lua.LNil)
		}
		return bind.Return(l, lua.LNumber(i), value)
	}), l.Get(1), lua.LNumber(0))
}

// sessionOf implements session(user).
func (r *readOnly) sessionOf(l *lua.LState) int {
	s := r.host.sessions.Find(l.CheckString(1))
	if s == nil {
		return bind.Return(l, lua.LNil)
	}
	return bind.Return(l, r.wrap(&r.host.sessionObject(s).userdata))
}

// sessions implements sessions().
func (r *readOnly) sessions(l *lua.LState) int {
	all := bind.NewTable()
	for _, s := range r.host.sessions.Sessions() {
		all.Append(r.wrap(&r.host.sessionObject(s).userdata))
	}
	return bind.Return(l, all)
}

// sessionIndex implements session.KEY.
func (r *readOnly) sessionIndex(l *lua.LState) int {
	ud, _ := l.Get(1).(*lua.LUserData)
	obj, ok := ud.Value.(*sessionObject)
	if !ok {
		return r.refuse(l, "a session is expected")
	}
	obj.alive(l)
	switch key := l.Get(2).String(); key {
	case "user":
		return bind.Return(l, obj.user)
	case "legacy_name":
		return bind.Return(l, lua.LString(obj.session.LegacyName))
	case "settings":
		settings := bind.NewTable()
		for k, v := range obj.session.Settings {
			settings.RawSetString(k, lua.LString(v))
		}
		return bind.Return(l, settings)
	case "data":
		if obj.data == nil {
			return bind.Return(l, bind.NewTable())
		}
		return bind.Return(l, r.wrap(obj.data))
	default:
		return r.refuse(l, "a session has only user, legacy_name, settings and data, not "+key)
	}
}

// require implements require for what the script has loaded.
func (r *readOnly) require(l *lua.LState) int {
	name := l.CheckString(1)
	loaded := r.script.pkg.loaded.RawGetString(name)
	if loaded == lua.LNil {
		return r.refuse(l, fmt.Sprintf("the script has not loaded the module %q", name))
	}
	return bind.Return(l, r.wrap(loaded))
}
