package luabind

import (
	"errors"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/spelling"
)

// openSpectrum returns the module spectrum, which every script requires first.
func (v *vm) openSpectrum() *lua.LTable {
	h := v.host
	m := bind.NewModule("spectrum", bind.Functions{
		"send":           h.sendFunction,
		"sessions":       h.sessionsFunction,
		"session":        h.sessionFunction,
		"backend_config": h.backendConfig,
		"sleep":          sleep,
		"channel":        newChannel,
		"class":          h.classes.declare,
		"command":        v.declareCommand,
		"each":           each,
		"pending":        newPending,
		"qr":             qrFunction,
		"connection":     func(l *lua.LState) int { return h.connections.declare(l, 1) },
		"spawn":          func(l *lua.LState) int { return spawn(l, h.sessions.Process(), 1, nil) },
		"after":          func(l *lua.LState) int { return after(l, h.timers, 1, false) },
		"every":          func(l *lua.LState) int { return after(l, h.timers, 1, true) },
	})
	m.RawSetString("data", h.data)
	m.RawSetString("jid", lua.LString(h.opts.Config.JID()))
	m.RawSetString("version", lua.LString(h.opts.Version))
	m.RawSetString("config", v.require("spectrum.config"))
	m.RawSetString("log", v.require("spectrum.log"))
	m.RawSetString("store", v.require("spectrum.store"))
	m.RawSetString("files", v.require("spectrum.files"))
	m.Metatable.(*lua.LTable).RawSetString("__index", bind.Function(spectrumModule, func(l *lua.LState) int {
		bind.Raise(l, "%s", ModuleLacks(spectrumModule, m, l.Get(2)))
		return 0
	}))
	return m
}

// sendFunction implements spectrum.send(type, fields). It sends a message of any
// type that Spectrum accepts. It returns true, or nil and an error if the user in the
// fields is not logged in.
func (h *Host) sendFunction(l *lua.LState) int {
	typ, err := CheckSendable(l.CheckString(1))
	if err != nil {
		l.ArgError(1, err.Error())
	}
	user, given := h.userField(typ, l.Get(2))
	if !given {
		h.sendWith(l, typ, nil, "", l.Get(2), 3)
		l.Push(lua.LTrue)
		return 1
	}
	s := h.sessions.Find(user)
	if s == nil {
		l.Push(lua.LNil)
		l.Push(lua.LString(fmt.Sprintf("%s is not logged in", user)))
		return 2
	}
	h.sendWith(l, typ, s, user, l.Get(2), 3)
	l.Push(lua.LTrue)
	return 1
}

// userField returns the user in the fields of a message. given is false if the type
// has no user field or the script has not set it.
func (h *Host) userField(typ *schema.Type, fields lua.LValue) (user string, given bool) {
	table, ok := fields.(*lua.LTable)
	if !ok || typ.Payload == nil {
		return "", false
	}
	for _, f := range typ.Payload.Fields {
		if f.User {
			s, ok := table.RawGetString(f.Name).(lua.LString)
			return string(s), ok
		}
	}
	return "", false
}

// CheckSendable returns the type with this name. It returns an error if no type has
// the name or spectrum.send cannot send it.
func CheckSendable(name string) (*schema.Type, error) {
	typ := schema.TypeByName(name)
	if typ == nil {
		return nil, fmt.Errorf("no message has the name %q%s", name, nearestSendable(name))
	}
	if why := unsendable(typ); why != "" {
		return nil, errors.New(why)
	}
	return typ, nil
}

// unsendable returns why a type cannot be sent, or "" if it can.
func unsendable(t *schema.Type) string {
	switch {
	case t.Sendable():
		return ""
	case t.Internal:
		return fmt.Sprintf("only the runtime sends %s", t.Name)
	}
	return fmt.Sprintf("Spectrum does not take %s from a backend: it would stop reading", t.Name)
}

func nearestSendable(name string) string {
	var names []string
	for _, t := range schema.Types() {
		if t.Sendable() {
			names = append(names, t.Name)
		}
	}
	if near := spelling.Name(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return "; there are " + strings.Join(names, ", ")
}

// sessionsFunction implements spectrum.sessions(). It returns a list of all sessions.
func (h *Host) sessionsFunction(l *lua.LState) int {
	all := bind.NewTable()
	for _, s := range h.sessions.Sessions() {
		all.Append(&h.sessionObject(s).userdata)
	}
	l.Push(all)
	return 1
}

// sessionFunction implements spectrum.session(user). It returns the user's session,
// or nil if the user is not logged in.
func (h *Host) sessionFunction(l *lua.LState) int {
	s := h.sessions.Find(l.CheckString(1))
	if s == nil {
		return bind.Return(l, lua.LNil)
	}
	return bind.Return(l, &h.sessionObject(s).userdata)
}
