// Package config is the module spectrum.config: the transport's config file,
// all sections of it, by "section.key".
package config

import (
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Module is spectrum.config.
var Module = bind.Module{Name: "spectrum.config", Open: open}

func open(rt *bind.Runtime) *lua.LTable {
	c := rt.Config
	return bind.NewModule("spectrum.config", bind.Functions{
		// get(key [, default]) is the text of a key.
		"get": func(l *lua.LState) int {
			value, ok := c.Get(l.CheckString(1))
			return setting(l, lua.LString(value), ok, nil)
		},
		// number(key [, default]) is the number that a key has.
		"number": func(l *lua.LState) int {
			value, ok, err := c.Number(l.CheckString(1))
			return setting(l, lua.LNumber(value), ok, err)
		},
		// bool(key [, default]) is 1 0 true false yes no on off.
		"bool": func(l *lua.LState) int {
			value, ok, err := c.Bool(l.CheckString(1))
			return setting(l, lua.LBool(value), ok, err)
		},
		// list(key) is all the values of a key that stands several times.
		"list": func(l *lua.LState) int {
			list := bind.NewTable()
			for _, value := range c.List(l.CheckString(1)) {
				list.Append(lua.LString(value))
			}
			return bind.Return(l, list)
		},
		// keys(section) is the names of all keys of a section.
		"keys": func(l *lua.LState) int {
			list := bind.NewTable()
			for _, key := range c.Keys(l.CheckString(1)) {
				list.Append(lua.LString(key))
			}
			return bind.Return(l, list)
		},
		// where(key) is the file and line of a key, for messages.
		"where": func(l *lua.LState) int {
			if place := c.Where(l.CheckString(1)); place != "" {
				return bind.Return(l, lua.LString(place))
			}
			return bind.Return(l, lua.LNil)
		},
	})
}

// setting returns a value, or the default in argument 2 if there is none. A
// value that does not parse is the admin's mistake, and raises.
func setting(l *lua.LState, value lua.LValue, ok bool, err error) int {
	if err != nil {
		bind.Raise(l, "%v", err)
	}
	if !ok {
		value = l.Get(2)
	}
	return bind.Return(l, value)
}
