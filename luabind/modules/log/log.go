// Package log implements the module spectrum.log: debug, info, warn and error.
// Each takes a text and a table of fields.
package log

import (
	"strings"

	"github.com/sirupsen/logrus"
	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
	"spectrumlua/luabind/table"
	"spectrumlua/runtime/logging"
)

// category is the log category of the script's own lines.
const category = "script"

// Module is spectrum.log.
var Module = bind.Module{Name: "spectrum.log", Open: open}

func open(*bind.Runtime) *lua.LTable {
	return bind.NewModule("spectrum.log", bind.Functions{
		"debug": at(logrus.DebugLevel),
		"info":  at(logrus.InfoLevel),
		"warn":  at(logrus.WarnLevel),
		"error": at(logrus.ErrorLevel),
	})
}

func at(level logrus.Level) lua.LGFunction {
	return func(l *lua.LState) int {
		text := l.ToStringMeta(l.CheckAny(1)).String()
		fields := logrus.Fields{}
		if t := l.OptTable(2, nil); t != nil {
			for k, v := table.Next(t, lua.LNil); k != lua.LNil; k, v = table.Next(t, k) {
				fields[k.String()] = l.ToStringMeta(v).String()
			}
		}
		entry(l).WithFields(fields).Log(level, text)
		return 0
	}
}

// Print logs the text of Lua's print.
func Print(l *lua.LState, text string) { entry(l).Info(text) }

// entry has the user for whom the script speaks.
func entry(l *lua.LState) *logrus.Entry {
	e := bind.RuntimeOf(l).Log.WithField(logging.CategoryField, category)
	if at := strings.TrimSuffix(strings.TrimSpace(l.Where(1)), ":"); at != "" {
		e = e.WithField(logging.SourceField, at)
	}
	if user := bind.TaskOf(l).Owner().Name(); user != "" {
		e = e.WithField("user", user)
	}
	return e
}
