package luabind

import (
	"fmt"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/modules"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/session"
	"spectrumlua/runtime/task"
)

// handle is a session as scripts hold it. The script lock guards it.
type sessionObject struct {
	host     *Host
	session  *session.Session
	userdata *lua.LUserData
	data     *lua.LTable
	settings *lua.LTable
	// buddies is what was last sent of each contact: BUDDY_CHANGED payloads.
	buddies buddies
	timers  *task.Timers // nil until there is one
	// answered is set when the user was told that he is connected, or not.
	answered bool
	ended    bool
}

// handle is the one handle of a session.
func (h *Host) sessionObject(s *session.Session) *sessionObject {
	if hd, ok := s.Local.(*sessionObject); ok {
		return hd
	}
	hd := &sessionObject{host: h, session: s}
	hd.userdata = sessionClass.New(hd)
	s.Local = hd
	return hd
}

func (hd *sessionObject) end() {
	hd.ended = true
	hd.data, hd.settings, hd.buddies = nil, nil, nil
}

// sessionClass is what scripts call session.
var sessionClass *bind.Class[*sessionObject]

func init() { sessionClass = newSessionClass() } // its methods name it

func newSessionClass() *bind.Class[*sessionObject] {
	methods := map[string]func(l *lua.LState, hd *sessionObject) int{
		"update_buddy": updateBuddy,
		"spawn":        func(l *lua.LState, hd *sessionObject) int { return spawn(l, hd.session.Owner(), 2) },
		"after":        func(l *lua.LState, hd *sessionObject) int { return after(l, hd.ownTimers(), 2, false) },
		"every":        func(l *lua.LState, hd *sessionObject) int { return after(l, hd.ownTimers(), 2, true) },
	}
	for name, fn := range modules.SessionMethods() {
		methods[name] = func(l *lua.LState, hd *sessionObject) int { return fn(l, hd.session.User) }
	}
	for _, t := range schema.Types() {
		if t.SpectrumTakes && t.User() != nil {
			methods[t.Name] = func(l *lua.LState, hd *sessionObject) int {
				hd.host.send(l, t, hd.session, hd.session.User, l.Get(2))
				return 0
			}
		}
	}
	for name, fn := range methods {
		methods[name] = func(l *lua.LState, hd *sessionObject) int {
			hd.alive(l)
			return fn(l, hd)
		}
	}
	c := bind.NewClass("session", methods, map[string]func(l *lua.LState, hd *sessionObject) lua.LValue{
		"user":        func(_ *lua.LState, hd *sessionObject) lua.LValue { return lua.LString(hd.session.User) },
		"legacy_name": func(_ *lua.LState, hd *sessionObject) lua.LValue { return lua.LString(hd.session.LegacyName) },
		"settings":    settingsTable,
		"data":        dataTable,
	})
	c.Hint = func(name string) string {
		if t := schema.TypeByName(name); t != nil {
			return ": " + unsendableFor(t)
		}
		return ""
	}
	c.Metatable().RawSetString("__newindex", bind.Function("session", func(l *lua.LState) int {
		bind.Raise(l, "%s", SessionUnset(l.Get(2)))
		return 0
	}))
	c.Metatable().RawSetString("__tostring", bind.Function("session", func(l *lua.LState) int {
		return bind.Return(l, lua.LString("session: "+c.Check(l, 1).session.User))
	}))
	return c
}

// alive raises if the session has ended.
func (hd *sessionObject) alive(l *lua.LState) {
	if hd.ended {
		bind.Raise(l, "the session of %s has ended; this handle cannot speak for a later one", hd.session.User)
	}
}

// answerTime is how long a script may take to say whether a user is connected,
// before the log says what he sees meanwhile.
const answerTime = 30 * time.Second

// awaitAnswer is called when on.login is done. A user who is neither connected
// nor disconnected sees nothing, and no other log has a line about it.
func (hd *sessionObject) awaitAnswer() {
	if hd.answered || hd.ended {
		return
	}
	ours := task.NewTimers(hd.session.Owner()) // which a reload leaves alone
	ours.After("", answerTime, false, func(*task.Task) {
		if !hd.answered {
			hd.host.log.WithField("user", hd.session.User).Warnf(
				"%v after on.login, the script has called neither session:connected() nor session:disconnected{…}: his client shows him as connecting", answerTime)
		}
	})
}

// cancelUnnamed ends the timers without a name, which an old script has set.
func (hd *sessionObject) cancelUnnamed() {
	if hd.timers != nil {
		hd.timers.CancelUnnamed()
	}
}

func (hd *sessionObject) ownTimers() *task.Timers {
	if hd.timers == nil {
		hd.timers = task.NewTimers(hd.session.Owner())
	}
	return hd.timers
}

func unsendableFor(t *schema.Type) string {
	if why := unsendable(t); why != "" {
		return why
	}
	return fmt.Sprintf("%s is of no user: spectrum.send(%q, …) sends it", t.Name, t.Name)
}

func settingsTable(l *lua.LState, hd *sessionObject) lua.LValue {
	hd.alive(l)
	if hd.settings == nil {
		hd.settings = bind.NewTable()
		for k, v := range hd.session.Settings {
			hd.settings.RawSetString(k, lua.LString(v))
		}
	}
	return hd.settings
}

func dataTable(l *lua.LState, hd *sessionObject) lua.LValue {
	hd.alive(l)
	if hd.data == nil {
		hd.data = bind.NewTable()
	}
	return hd.data
}
