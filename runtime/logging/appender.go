package logging

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// appenderClasses holds the supported kinds of appenders, by the last part of the
// class. Each function reads the appender's options and reports whether it is usable.
var appenderClasses = map[string]func(*configParser, string, *appender) bool{
	"RollingFileAppender":      (*configParser).rollingFile,
	"DailyRollingFileAppender": (*configParser).dailyFile,
	"FileAppender":             (*configParser).plainFile,
	"ConsoleAppender":          (*configParser).console,
	"NullAppender":             (*configParser).null,
}

// layoutClasses holds the pattern of each supported layout.
var layoutClasses = map[string]string{
	"PatternLayout": bareLayout,
	"SimpleLayout":  simpleLayout,
	"TTCCLayout":    ttccLayout,
}

// appender reads the appender with this name. prop is the property that lists it.
func (p *configParser) appender(prop property, name string) {
	key := "log4j.appender." + name
	class, ok := p.get(key)
	if !ok {
		p.warn(prop.line, "%s names the appender %s, but %s is missing", prop.key, name, key)
		return
	}
	read, ok := appenderClasses[lastPart(class.value)]
	if !ok {
		p.warn(class.line, "%s is not supported: use RollingFileAppender, FileAppender or ConsoleAppender", strings.TrimSpace(class.value))
		return
	}
	a := appender{threshold: levelAll, backups: 1}
	if t, ok := p.option(name, "threshold"); ok {
		a.threshold = p.level(t, t.value, levelAll)
	}
	a.pattern = p.layout(name)
	if read(p, name, &a) {
		p.config.appenders = append(p.config.appenders, a)
	}
}

// lastPart returns X for "org.apache.log4j.X" and for "log4cxx::X".
func lastPart(class string) string {
	class = strings.TrimSpace(class)
	return class[strings.LastIndexAny(class, ".:")+1:]
}

// option returns the last line that sets an appender's option under one of the names.
// It ignores the case of names, as log4cxx does.
func (p *configParser) option(appender string, names ...string) (property, bool) {
	prefix := "log4j.appender." + appender + "."
	for _, prop := range slices.Backward(p.all) {
		option, ok := strings.CutPrefix(prop.key, prefix)
		if ok && slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(option, name) }) {
			return p.get(prop.key)
		}
	}
	return property{}, false
}

// layout returns an appender's pattern, or "" for the default.
func (p *configParser) layout(appender string) string {
	class, ok := p.option(appender, "layout")
	if !ok {
		return ""
	}
	pattern, ok := layoutClasses[lastPart(class.value)]
	if !ok {
		p.warn(class.line, "%s is not supported: use PatternLayout", strings.TrimSpace(class.value))
		return ""
	}
	if pattern == bareLayout {
		if c, ok := p.option(appender, "layout.ConversionPattern"); ok && c.value != "" {
			pattern = c.value
		}
	}
	return pattern
}

func (p *configParser) plainFile(name string, a *appender) bool {
	file, ok := p.option(name, "File", "FileName")
	a.target, a.file = toFile, strings.TrimSpace(file.value)
	if !ok || a.file == "" {
		p.warn(file.line, "the appender %s has no log4j.appender.%s.File=PATH", name, name)
		return false
	}
	if strings.IndexByte(a.file, 0) >= 0 {
		p.warn(file.line, "the path %q contains a NUL byte", a.file)
		return false
	}
	if v, ok := p.option(name, "Append"); ok {
		a.truncate = strings.EqualFold(strings.TrimSpace(v.value), "false")
	}
	return true
}

func (p *configParser) rollingFile(name string, a *appender) bool {
	if !p.plainFile(name, a) {
		return false
	}
	a.maxSize = defaultMaxFileSize
	if v, ok := p.option(name, "MaxFileSize", "MaximumFileSize"); ok {
		if size, ok := parseFileSize(v.value); ok {
			a.maxSize = size
		} else {
			p.warn(v.line, "%q is not a file size like 500KB, 10MB or 1GB: using 10MB", v.value)
		}
	}
	if v, ok := p.option(name, "MaxBackupIndex", "MaximumBackupIndex"); ok {
		n, err := strconv.Atoi(strings.TrimSpace(v.value))
		if err != nil || n < 0 || n > math.MaxInt32 {
			p.warn(v.line, "%q is not a number of old files to keep: keeping one", v.value)
			n = 1
		}
		a.backups = max(n, 1) // with 0 lumberjack would keep all files and fill the disk
	}
	return true
}

func (p *configParser) dailyFile(name string, a *appender) bool {
	class, _ := p.get("log4j.appender." + name)
	p.warn(class.line, "DailyRollingFileAppender is not supported: rolling by size, as RollingFileAppender does")
	return p.rollingFile(name, a)
}

func (p *configParser) null(_ string, a *appender) bool {
	a.threshold = levelOff
	return true
}

func (p *configParser) console(name string, a *appender) bool {
	a.target = toStdout
	if v, ok := p.option(name, "Target"); ok && strings.EqualFold(strings.TrimSpace(v.value), "System.err") {
		a.target = toStderr
	}
	return true
}

var sizeUnits = []struct {
	suffix string
	bytes  int64
}{{"KB", 1 << 10}, {"MB", 1 << 20}, {"GB", 1 << 30}, {"B", 1}, {"", 1}}

// parseFileSize parses a number of bytes, KB, MB or GB. It returns false for less than
// one byte, and at most a terabyte.
func parseFileSize(s string) (int64, bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	for _, unit := range sizeUnits {
		digits, ok := strings.CutSuffix(s, unit.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
		if err != nil || n < 1 {
			return 0, false
		}
		const most = int64(1) << 40
		return min(n, most/unit.bytes) * unit.bytes, true
	}
	return 0, false
}
