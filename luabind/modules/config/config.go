// Package config implements the module spectrum.config: access to all sections
// of the transport's config file, by "section.key".
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
		// get(key [, default]) returns the text of a key.
		"get": func(l *lua.LState) int {
			value, ok := c.Get(l.CheckString(1))
			return setting(l, lua.LString(value), ok, nil)
		},
		// number(key [, default]) returns the number of a key.
		"number": func(l *lua.LState) int {
			value, ok, err := c.Number(l.CheckString(1))
			return setting(l, lua.LNumber(value), ok, err)
		},
		// bool(key [, default]) returns a boolean; it accepts 1 0 true false
		// yes no on off.
		"bool": func(l *lua.LState) int {
			value, ok, err := c.Bool(l.CheckString(1))
			return setting(l, lua.LBool(value), ok, err)
		},
		// list(key) returns all values of a repeated key.
		"list": func(l *lua.LState) int {
			list := bind.NewTable()
			for _, value := range c.List(l.CheckString(1)) {
				list.Append(lua.LString(value))
			}
			return bind.Return(l, list)
		},
		// keys(section) returns the names of all keys of a section.
		"keys": func(l *lua.LState) int {
			list := bind.NewTable()
			for _, key := range c.Keys(l.CheckString(1)) {
				list.Append(lua.LString(key))
			}
			return bind.Return(l, list)
		},
		// where(key) returns the file and line of a key, for messages.
		"where": func(l *lua.LState) int {
			if place := c.Where(l.CheckString(1)); place != "" {
				return bind.Return(l, lua.LString(place))
			}
			return bind.Return(l, lua.LNil)
		},
	})
}

// setting returns a value, or the default in argument 2 if the key does not
// exist. It raises an error for a value that does not parse, because the admin
// has to correct it.
func setting(l *lua.LState, value lua.LValue, ok bool, err error) int {
	if err != nil {
		bind.Raise(l, "%v", err)
	}
	if !ok {
		value = l.Get(2)
	}
	return bind.Return(l, value)
}
