package logging

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sirupsen/logrus"
)

// level is the highest logrus level that is logged. levelOff logs nothing.
type level int

const (
	levelOff  = level(-1)
	levelInfo = level(logrus.InfoLevel)
	levelAll  = level(logrus.TraceLevel)
)

// levelByName maps log4cxx's levels. Its FATAL is logrus' Fatal and Panic.
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

// levelNames holds the texts of %p, by logrus level.
var levelNames = [...]string{"FATAL", "FATAL", "ERROR", "WARN", "INFO", "DEBUG", "TRACE"}

func levelName(l logrus.Level) string {
	if int(l) < len(levelNames) {
		return levelNames[l]
	}
	return "TRACE"
}

// levels holds the root level and the levels of categories. A rule for "lua" also
// holds for "lua.net" unless that has its own.
type levels struct {
	root       level
	categories map[string]level
}

// highest returns the level for logrus, at which it passes on every entry that an
// output may accept. logrus has no level below Panic, so passes handles OFF.
func (l *levels) highest() logrus.Level {
	top := l.root
	for _, v := range l.categories {
		top = max(top, v)
	}
	return logrus.Level(max(top, level(logrus.PanicLevel)))
}

// passes reports whether the levels accept an entry that logrus has passed on. Without
// rules for categories only logrus' own level decides, so that SetLevel works.
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

// SetLevelName replaces the levels of the config file, including those of categories, while
// the program runs: with debug, info, warn or error. "" restores them. The Threshold of an
// appender still applies.
func (l *Logger) SetLevelName(name string) error {
	if name == "" {
		l.over.Store(nil)
		l.SetLevel(l.usual.highest())
		return nil
	}
	if !slices.Contains(LevelNames, name) {
		return fmt.Errorf("%q is not a level; the levels are %s", name, strings.Join(LevelNames, ", "))
	}
	at, _ := parseLevel(name)
	l.over.Store(&levels{root: at})
	l.SetLevel(logrus.Level(at))
	return nil
}

// LevelNames are the levels of SetLevelName.
var LevelNames = []string{"debug", "info", "warn", "error"}

// LevelName returns the level that SetLevelName has set, or "" for those of the config file.
func (l *Logger) LevelName() string {
	if over := l.over.Load(); over != nil {
		return strings.ToLower(levelName(logrus.Level(over.root)))
	}
	return ""
}

// Lines returns the number of lines so far by the name of their level. Lines that the limits
// drop count too.
func (l *Logger) Lines() map[string]uint64 {
	all := make(map[string]uint64, len(levelNames))
	for at := range l.pipeline.lines {
		all[strings.ToLower(levelName(logrus.Level(at)))] += l.pipeline.lines[at].Load()
	}
	return all
}

// levels returns the levels in effect.
func (l *Logger) levels() *levels {
	if over := l.over.Load(); over != nil {
		return over
	}
	return l.usual
}
