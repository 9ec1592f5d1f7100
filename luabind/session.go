package luabind

import (
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules"
	"spectrumlua/luabind/table"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
)

// sessionObject is a session as scripts see it. The script lock guards it.
type sessionObject struct {
	host     *Host
	session  *session.Session
	userdata lua.LUserData
	user     lua.LValue // the user's name, an lua.LString
	data     *lua.LTable
	settings *lua.LTable
	// buddies holds the last BUDDY_CHANGED payload sent for each contact.
	buddies buddies
	roster  roster
	timers  *task.Timers // nil before the first timer
	// lasting are the runtime's own timers; a reload does not cancel them. nil before the
	// first one.
	lasting *task.Timers
	warning *task.Timer // of awaitAnswer; nil if it is not needed any more
	// connections are the lasting connections; nil before the first one.
	connections *connections
	// answered is true once CONNECTED or DISCONNECTED was sent, disconnected once
	// DISCONNECTED was.
	answered, disconnected bool
	ended                  bool
}

// sessionObject returns the object of a session, always the same one.
func (h *Host) sessionObject(s *session.Session) *sessionObject {
	if obj, ok := s.Local.(*sessionObject); ok {
		return obj
	}
	obj := &sessionObject{host: h, session: s, user: lua.LString(s.User)}
	sessionClass.Init(&obj.userdata, obj)
	s.Local = obj
	return obj
}

func (obj *sessionObject) end() {
	obj.ended = true
	if obj.connections != nil {
		obj.connections.end()
	}
	obj.data, obj.settings, obj.buddies, obj.roster = nil, nil, nil, roster{}
}

// sessionClass is the class of session objects.
var sessionClass *bind.Class[*sessionObject]

// The methods use sessionClass, so an initializer would be a cycle.
func init() { sessionClass = newSessionClass() }

func newSessionClass() *bind.Class[*sessionObject] {
	methods := map[string]func(l *lua.LState, obj *sessionObject) int{
		"update_buddy": updateBuddy,
		"ask":          ask,
		"notify":       notify,
		"connection":   func(l *lua.LState, obj *sessionObject) int { return obj.ownConnections().declare(l, 2) },
		"roster":       sessionRoster,
		"spawn":        func(l *lua.LState, obj *sessionObject) int { return spawn(l, obj.session.Owner(), 2, obj) },
		"after":        func(l *lua.LState, obj *sessionObject) int { return after(l, obj.ownTimers(), 2, false) },
		"every":        func(l *lua.LState, obj *sessionObject) int { return after(l, obj.ownTimers(), 2, true) },
	}
	for name, fn := range modules.SessionMethods() {
		methods[name] = func(l *lua.LState, obj *sessionObject) int { return fn(l, obj.session.User) }
	}
	for _, t := range schema.Types() {
		if sessionSends(t) {
			methods[t.Name] = func(l *lua.LState, obj *sessionObject) int {
				obj.host.sendWith(l, t, obj.session, obj.session.User, l.Get(2), 3)
				return 0
			}
		}
	}
	for name, fn := range methods {
		methods[name] = func(l *lua.LState, obj *sessionObject) int {
			obj.alive(l)
			return fn(l, obj)
		}
	}
	c := bind.NewClass("session", methods, map[string]func(l *lua.LState, obj *sessionObject) lua.LValue{
		"user":        func(_ *lua.LState, obj *sessionObject) lua.LValue { return obj.user },
		"legacy_name": func(_ *lua.LState, obj *sessionObject) lua.LValue { return lua.LString(obj.session.LegacyName) },
		"settings":    settingsTable,
		"data":        dataTable,
	})
	for _, t := range schema.Types() {
		if sessionSends(t) && t.Payload != nil && !t.Raw {
			table.Accept(c.Method(t.Name)) // h.payload takes an argument, too
		}
	}
	c.Hint = sessionHint
	c.Metatable().RawSetString("__newindex", bind.Function("session", func(l *lua.LState) int {
		bind.Raise(l, "%s", SessionUnset(l.Get(2)))
		return 0
	}))
	c.Metatable().RawSetString("__tostring", bind.Function("session", func(l *lua.LState) int {
		return bind.Return(l, lua.LString(c.Check(l, 1).text()))
	}))
	return c
}

// text returns what tostring does.
func (obj *sessionObject) text() string { return "session: " + obj.session.User }

// sessionSends reports whether session objects have a method that sends the type.
func sessionSends(t *schema.Type) bool { return t.Sendable() && t.User() != nil }

// alive raises if the session has ended.
func (obj *sessionObject) alive(l *lua.LState) {
	if obj.ended {
		bind.Raise(l, "the session of %s has ended: this object does not work for a later session", obj.session.User)
	}
}

// answerTime is the time after on.login in which a script should call connected
// or disconnected. Then the log has a warning.
const answerTime = 30 * time.Second

// awaitAnswer starts the timer for that warning; it is called after on.login. A
// user without an answer sees nothing, and no other log mentions it.
func (obj *sessionObject) awaitAnswer() {
	if obj.answered || obj.ended {
		return
	}
	obj.warning = obj.lastingTimers().After("", answerTime, false, func(*task.Task) {
		if !obj.answered && (obj.connections == nil || !obj.connections.unfinished()) {
			obj.host.log.WithField("user", obj.session.User).Warnf(
				"%v after on.login, the script has called neither session:connected() nor session:disconnected{…}: the user's client still shows \"connecting\"", answerTime)
		}
	})
}

// cancelUnnamed cancels the timers without a name when a new VM takes over.
func (obj *sessionObject) cancelUnnamed() {
	if obj.timers != nil {
		obj.timers.CancelUnnamed()
	}
}

func (obj *sessionObject) ownTimers() *task.Timers {
	if obj.timers == nil {
		obj.timers = task.NewTimers(obj.session.Owner())
	}
	return obj.timers
}

func (obj *sessionObject) lastingTimers() *task.Timers {
	if obj.lasting == nil {
		obj.lasting = task.NewTimers(obj.session.Owner())
	}
	return obj.lasting
}

func (obj *sessionObject) ownConnections() *connections {
	if obj.connections == nil {
		obj.connections = newConnections(obj.host, obj.lastingTimers(), obj)
	}
	return obj.connections
}

func unsendableFor(t *schema.Type) string {
	if why := unsendable(t); why != "" {
		return why
	}
	return fmt.Sprintf("%s does not belong to a user: send it with spectrum.send(%q, …)", t.Name, t.Name)
}

func settingsTable(l *lua.LState, obj *sessionObject) lua.LValue {
	obj.alive(l)
	if obj.settings == nil {
		obj.settings = bind.NewTable()
		for k, v := range obj.session.Settings {
			obj.settings.RawSetString(k, lua.LString(v))
		}
	}
	return obj.settings
}

func dataTable(l *lua.LState, obj *sessionObject) lua.LValue {
	obj.alive(l)
	if obj.data == nil {
		obj.data = bind.NewTable()
	}
	return obj.data
}
