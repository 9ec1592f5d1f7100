package luabind

import (
	lua "github.com/yuin/gopher-lua"
)

// openConfig is spectrum.config: the transport's config file, all sections of
// it, by "section.key".
func openConfig(v *vm) *lua.LTable {
	c := v.host.opts.Config
	return v.newModule("spectrum.config", functions{
		// get(key [, default]) is the text of a key.
		"get": func(l *lua.LState) int {
			value, ok := c.Get(l.CheckString(1))
			return pushSetting(l, lua.LString(value), ok, nil)
		},
		// number(key [, default]) is the number that a key has.
		"number": func(l *lua.LState) int {
			value, ok, err := c.Number(l.CheckString(1))
			return pushSetting(l, lua.LNumber(value), ok, err)
		},
		// bool(key [, default]) is 1 0 true false yes no on off.
		"bool": func(l *lua.LState) int {
			value, ok, err := c.Bool(l.CheckString(1))
			return pushSetting(l, lua.LBool(value), ok, err)
		},
		// list(key) is all the values of a key that stands several times.
		"list": func(l *lua.LState) int {
			list := newTable()
			for _, value := range c.List(l.CheckString(1)) {
				list.Append(lua.LString(value))
			}
			l.Push(list)
			return 1
		},
	})
}

// pushSetting returns a value, or the default in argument 2 if there is none.
// A value that does not parse is the admin's mistake, and raises.
func pushSetting(l *lua.LState, value lua.LValue, ok bool, err error) int {
	if err != nil {
		l.RaiseError("%s", err.Error())
	}
	if !ok {
		value = l.Get(2)
	}
	l.Push(value)
	return 1
}
