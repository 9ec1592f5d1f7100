package logging

import (
	"strings"

	"github.com/sirupsen/logrus"
)

// A level is the highest logrus level that passes; levelOff lets none pass.
type level int

const (
	levelOff  = level(-1)
	levelInfo = level(logrus.InfoLevel)
	levelAll  = level(logrus.TraceLevel)
)

// levelByName has log4cxx's levels. Its FATAL is logrus' Fatal and Panic.
var levelByName = map[string]level{
	"OFF":   levelOff,
	"FATAL": level(logrus.FatalLevel),
	"ERROR": level(logrus.ErrorLevel),
	"WARN":  level(logrus.WarnLevel),
	"INFO":  levelInfo,
	"DEBUG": level(logrus.DebugLevel),
	"TRACE": levelAll,
	"ALL":   levelAll,
}

func parseLevel(s string) (level, bool) {
	l, ok := levelByName[strings.ToUpper(strings.TrimSpace(s))]
	return l, ok
}

// levelNames is what %p prints, by logrus level.
var levelNames = [...]string{"FATAL", "FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"}

func levelName(l logrus.Level) string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return "TRACE"
}

// levels are the level of all, and of single categories with what is below
// them: a rule for "lua" holds for "lua.net" unless that has its own.
type levels struct {
	root       level
	categories map[string]level
}

// highest is the level at which logrus has to let entries through. logrus
// knows no level below Panic, so OFF is left to passes.
func (l *levels) highest() logrus.Level {
	top := l.root
	for _, v := range l.categories {
		top = max(top, v)
	}
	return logrus.Level(max(top, level(logrus.PanicLevel)))
}

// passes tells if an entry that logrus let through is to be written. Without
// rules for categories logrus' own level decides, so that SetLevel works.
func (l *levels) passes(at logrus.Level, category string) bool {
	if len(l.categories) == 0 {
		return l.root != levelOff
	}
	for name := category; name != ""; {
		if v, ok := l.categories[name]; ok {
			return level(at) <= v
		}
		name = name[:max(strings.LastIndexByte(name, '.'), 0)]
	}
	return level(at) <= l.root
}
