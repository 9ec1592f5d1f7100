package luabind

import (
	"github.com/sirupsen/logrus"
	lua "github.com/yuin/gopher-lua"
)

// scriptCategory is what the log calls the script's own lines.
const scriptCategory = "script"

// openLog is spectrum.log: debug, info, warn and error, each of a text and a
// table of fields.
func openLog(v *vm) *lua.LTable {
	at := func(level logrus.Level) lua.LGFunction {
		return func(l *lua.LState) int {
			text := l.ToStringMeta(l.CheckAny(1)).String()
			fields := l.OptTable(2, nil)
			entry := v.scriptLog(l)
			if fields != nil {
				data := logrus.Fields{}
				fields.ForEach(func(k, value lua.LValue) {
					data[k.String()] = l.ToStringMeta(value).String()
				})
				entry = entry.WithFields(data)
			}
			entry.Log(level, text)
			return 0
		}
	}
	return v.newModule("spectrum.log", functions{
		"debug": at(logrus.DebugLevel),
		"info":  at(logrus.InfoLevel),
		"warn":  at(logrus.WarnLevel),
		"error": at(logrus.ErrorLevel),
	})
}

// scriptLog is the log for what a script says, with the user whom it says it
// for.
func (v *vm) scriptLog(l *lua.LState) *logrus.Entry {
	entry := v.host.log.WithField("category", scriptCategory)
	if r, ok := taskOf(l).Local.(running); ok && r.session != nil {
		entry = entry.WithField("user", r.session.User)
	}
	return entry
}
