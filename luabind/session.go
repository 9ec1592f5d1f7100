package luabind

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/nearest"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/session"
)

// handle is a session as scripts hold it. The baton guards it.
type handle struct {
	host     *Host
	session  *session.Session
	userdata *lua.LUserData
	data     *lua.LTable
	settings *lua.LTable
	// buddies is what was last sent of each contact: BUDDY_CHANGED payloads.
	buddies map[string][]byte
	ended   bool
}

// handle is the one handle of a session.
func (h *Host) handle(s *session.Session) *handle {
	if hd, ok := s.Local.(*handle); ok {
		return hd
	}
	hd := &handle{host: h, session: s}
	hd.userdata = &lua.LUserData{Value: hd, Metatable: sessionMetatable}
	s.Local = hd
	return hd
}

func (hd *handle) end() {
	hd.ended = true
	hd.data, hd.settings, hd.buddies = nil, nil, nil
}

// sessionMetatable is shared by all sessions of the process, so that none of
// them keeps a VM alive.
var sessionMetatable = newTable()

// sessionMethods are session:conv_message{…} and the like, by name.
var sessionMethods = map[string]*lua.LFunction{}

// sessionProperties are session.user and the like.
var sessionProperties = map[string]func(hd *handle) lua.LValue{
	"user":        func(hd *handle) lua.LValue { return lua.LString(hd.session.User) },
	"legacy_name": func(hd *handle) lua.LValue { return lua.LString(hd.session.LegacyName) },
	"settings":    (*handle).settingsTable,
	"data":        (*handle).dataTable,
}

func init() {
	for _, t := range schema.Types() {
		if t.SpectrumTakes && t.User() != nil {
			sessionMethods[t.Name] = sessionFunction(t.Name, func(l *lua.LState, hd *handle) int {
				hd.host.send(l, t, hd.session, hd.session.User, l.Get(2))
				return 0
			})
		}
	}
	sessionMethods["update_buddy"] = sessionFunction("update_buddy", updateBuddy)

	sessionMetatable.RawSetString("__index", bindStatic(sessionIndex))
	sessionMetatable.RawSetString("__newindex", bindStatic(func(l *lua.LState) int {
		l.RaiseError("%s", fmt.Sprintf("a session has no field %s to set: keep things in session.data", quoteKey(l.Get(2))))
		return 0
	}))
	sessionMetatable.RawSetString("__tostring", bindStatic(func(l *lua.LState) int {
		hd, _ := l.CheckUserData(1).Value.(*handle)
		l.Push(lua.LString("session: " + hd.session.User))
		return 1
	}))
	sessionMetatable.RawSetString("__metatable", lua.LString("session"))
}

// bindStatic makes a function that belongs to no VM and cannot fail in Go.
func bindStatic(fn lua.LGFunction) *lua.LFunction {
	return &lua.LFunction{IsG: true, GFunction: fn}
}

// sessionFunction makes a method: it checks what it is called on.
func sessionFunction(name string, fn func(l *lua.LState, hd *handle) int) *lua.LFunction {
	return bindStatic(func(l *lua.LState) int {
		hd := checkHandle(l, name)
		return hd.host.guarded(l, "session:"+name, func() int { return fn(l, hd) })
	})
}

func checkHandle(l *lua.LState, name string) *handle {
	ud, ok := l.Get(1).(*lua.LUserData)
	if ok {
		if hd, ok := ud.Value.(*handle); ok {
			if hd.ended {
				l.RaiseError("%s", fmt.Sprintf("the session of %s has ended; this handle cannot speak for a later one", hd.session.User))
			}
			return hd
		}
	}
	l.RaiseError("%s", fmt.Sprintf("%s is a method of a session: write session:%s(…), with a colon", name, name))
	return nil
}

// sessionIndex is __index: properties, methods, and an error for the rest.
func sessionIndex(l *lua.LState) int {
	hd, _ := l.Get(1).(*lua.LUserData).Value.(*handle)
	name, ok := l.Get(2).(lua.LString)
	if method := sessionMethods[string(name)]; ok && method != nil {
		l.Push(method)
		return 1
	}
	property := sessionProperties[string(name)]
	if !ok || property == nil {
		l.RaiseError("%s", fmt.Sprintf("a session has no %s%s", quoteKey(l.Get(2)), nearestMember(string(name))))
	}
	if hd.ended && (name == "data" || name == "settings") {
		checkHandle(l, string(name))
	}
	l.Push(property(hd))
	return 1
}

func nearestMember(name string) string {
	var names []string
	for n := range sessionMethods {
		names = append(names, n)
	}
	for n := range sessionProperties {
		names = append(names, n)
	}
	if near := nearest.Name(name, names); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	if t := schema.TypeByName(name); t != nil {
		return ": " + strings.TrimSuffix(unsendableFor(t), ".")
	}
	return ""
}

func unsendableFor(t *schema.Type) string {
	if why := unsendable(t); why != "" {
		return why
	}
	return fmt.Sprintf("%s is of no user: spectrum.send(%q, …) sends it", t.Name, t.Name)
}

func (hd *handle) settingsTable() lua.LValue {
	if hd.settings == nil {
		hd.settings = newTable()
		for k, v := range hd.session.Settings {
			hd.settings.RawSetString(k, lua.LString(v))
		}
	}
	return hd.settings
}

func (hd *handle) dataTable() lua.LValue {
	if hd.data == nil {
		hd.data = newTable()
	}
	return hd.data
}
