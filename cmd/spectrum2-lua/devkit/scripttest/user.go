package scripttest

import (
	"context"
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/convert"
	"spectrumlua/runtime/schema"
)

// user is the object of tests for a user who is logged in to the script.
type user struct {
	world           *world
	jid, legacyName string
	// since is the number of the last frame before the login.
	since uint64
}

var userClass *bind.Class[*user]

// The user who logs in by default.
const (
	defaultUser     = "alice@localhost"
	defaultPassword = "secret"
)

// login implements t:login([options]) → user. It starts the script if necessary.
func login(l *lua.LState, w *world) int {
	if name, ok := l.Get(2).(lua.LString); ok {
		options := bind.NewTable()
		options.RawSetString("user", name)
		l.Replace(2, options)
	}
	o := bind.OptionsAt(l, 2, "login")
	jid := o.String("user", defaultUser)
	local, _, _ := strings.Cut(jid, "@")
	legacyName, password := o.String("legacy_name", local), o.String("password", defaultPassword)
	settings := settingsOf(l, o.Table("settings"))
	o.Done()
	s := w.needStage(l)
	frames, dropped := s.Spectrum.Frames()
	u := &user{world: w, jid: jid, legacyName: legacyName, since: dropped + uint64(len(frames))}
	w.send(l, "login", func() error {
		_, err := s.Spectrum.Login(jid, legacyName, password, settings)
		return err
	})
	return bind.Return(l, userClass.New(u))
}

// settingsOf returns a user's settings, or nil for those of a new user.
func settingsOf(l *lua.LState, table *lua.LTable) map[string]string {
	if table == nil {
		return nil
	}
	settings := map[string]string{}
	table.ForEach(func(k, v lua.LValue) {
		switch v := v.(type) {
		case lua.LString, lua.LNumber:
			settings[k.String()] = v.String()
		case lua.LBool:
			settings[k.String()] = map[bool]string{true: "1", false: "0"}[bool(v)]
		default:
			bind.Raise(l, "login: settings: %s: string expected, got %s", k.String(), bind.Describe(v))
		}
	})
	return settings
}

// send calls f, which sends something to the backend.
func (w *world) send(l *lua.LState, what string, f func() error) {
	if err := bind.Wait(l, func(context.Context) error { return f() }); err != nil {
		bind.Raise(l, "%s: %v", what, w.ended(err))
	}
}

// sendMessage implements send(type, fields) of t or of a user: a message of Spectrum.
func sendMessage(l *lua.LState, w *world, u *user) int {
	s := w.needStage(l)
	typ := typeArgument(l, toBackend, u != nil, "is a message of scripts: expect it")
	payload, err := payloadOf(typ, l.Get(3), u)
	if err != nil {
		bind.Raise(l, "%s: %v", typ.Name, err)
	}
	w.send(l, typ.Name, func() error { return s.Spectrum.SendPayload(typ.Number, payload) })
	return 0
}

func payloadOf(typ *schema.Type, fields lua.LValue, u *user) ([]byte, error) {
	name := ""
	if u != nil {
		name = u.jid
	}
	switch v := fields.(type) {
	case lua.LString:
		if typ.Raw {
			return []byte(v), nil
		}
	case *lua.LTable:
		if typ.Payload != nil {
			return convert.Encode([]byte{}, typ.Payload, v, name)
		}
	case *lua.LNilType:
		switch {
		case typ.Payload != nil:
			return convert.Encode([]byte{}, typ.Payload, bind.NewTable(), name)
		case !typ.Raw:
			return nil, nil
		}
	}
	switch {
	case typ.Raw:
		return nil, fmt.Errorf("string expected, got %s", bind.Describe(fields))
	case typ.Payload == nil:
		return nil, fmt.Errorf("the message has no fields")
	}
	return nil, fmt.Errorf("table of fields expected, got %s", bind.Describe(fields))
}

// say implements user:say(buddy, text) → message: a message to a contact or a room.
func say(l *lua.LState, u *user) int {
	fields := bind.NewTable()
	fields.RawSetString("buddy_name", lua.LString(l.CheckString(2)))
	fields.RawSetString("message", lua.LString(l.CheckString(3)))
	return u.write(l, "say", fields)
}

// logout implements user:logout(). It returns when on.logout has ended or waits.
func logout(l *lua.LState, u *user) int {
	u.world.send(l, "logout", func() error { return u.world.started().Spectrum.Logout(u.jid, u.legacyName) })
	return settleFunction(l, u.world)
}

// query implements t:query(command [, seconds]) → answer: an admin's command.
func query(l *lua.LState, w *world) int {
	command, limit := l.CheckString(2), w.limit(l, 3)
	s := w.needStage(l)
	typ := schema.TypeByName("query")
	fields := bind.NewTable()
	fields.RawSetString("config", lua.LString(command))
	payload, err := convert.Encode([]byte{}, typ.Payload, fields, "")
	if err != nil {
		bind.Raise(l, "query: %v", err)
	}
	w.send(l, "query", func() error { return s.Spectrum.SendPayload(typ.Number, payload) })
	answer := w.expect(l, expectation{typ: typ}, limit).(*lua.LTable)
	return bind.Return(l, answer.RawGetString("config"))
}
