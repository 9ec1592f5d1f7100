package logging

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Patterns for appenders without a ConversionPattern.
const (
	defaultPattern  = "%d %-5p %c: %m%n"
	terminalPattern = "%d{ABSOLUTE} %-5p %c: %m%n"
	bareLayout      = "%m%n"                 // a PatternLayout without its ConversionPattern
	simpleLayout    = "%p - %m%n"            // log4cxx's SimpleLayout
	ttccLayout      = "%r [%t] %p %c - %m%n" // log4cxx's TTCCLayout
)

const (
	defaultMaxFileSize = 10 << 20 // log4cxx's
	maxConfigSize      = 1 << 20
)

type target int

const (
	toStderr target = iota
	toStdout
	toFile
)

// An appender is a destination of the log and its settings.
type appender struct {
	target    target
	file      string // for toFile
	truncate  bool   // Append=false
	maxSize   int64  // in bytes; 0 means that the file never rolls
	backups   int
	pattern   string // empty means the default
	threshold level
}

// A config holds the settings of a log4cxx file.
type config struct {
	levels    levels
	appenders []appender
	warnings  []string
}

// standardError returns the config for a backend without a usable file.
func standardError(warnings ...string) *config {
	return &config{
		levels:    levels{root: levelInfo},
		appenders: []appender{{target: toStderr, threshold: levelAll}},
		warnings:  warnings,
	}
}

// loadConfig reads the file that o names. The config that it returns is always usable.
func loadConfig(o Options) *config {
	if o.ConfigFile == "" {
		return standardError()
	}
	text, err := readConfig(o.ConfigFile)
	if err != nil {
		var pathErr *os.PathError
		if errors.As(err, &pathErr) {
			err = pathErr.Err
		}
		return standardError(fmt.Sprintf("%s, named by [logging] backend_config, cannot be read (%v): logging to standard error", o.ConfigFile, err))
	}
	return parseConfig(o, text)
}

// readConfig reads a regular file of limited size. A file that is not valid UTF-8 is
// read as Latin-1, as log4cxx does.
func readConfig(name string) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() {
		return "", errors.New("it is not a regular file")
	}
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfigSize+1))
	if err != nil {
		return "", err
	}
	if len(data) > maxConfigSize {
		return "", errors.New("it is larger than 1 MB")
	}
	return toUTF8(data), nil
}

func toUTF8(data []byte) string {
	if utf8.Valid(data) {
		return strings.TrimPrefix(string(data), "\ufeff")
	}
	runes := make([]rune, len(data))
	for i, b := range data {
		runes[i] = rune(b)
	}
	return string(runes)
}

// configParser is the state of parseConfig.
type configParser struct {
	file   string
	all    []property
	props  map[string]property // the last property of each key
	extra  map[string]string   // ${jid}, ${id}, ${pid}
	config *config
	warned map[string]bool
}

func parseConfig(o Options, text string) *config {
	p := &configParser{
		file:   o.ConfigFile,
		props:  make(map[string]property),
		extra:  map[string]string{"jid": o.JID, "id": o.ID, "pid": strconv.Itoa(o.PID)},
		config: &config{levels: levels{root: levelInfo}},
		warned: make(map[string]bool),
	}
	p.all = parseProperties(text)
	for _, prop := range p.all {
		p.props[prop.key] = prop
	}

	p.root()
	ceiling := levelAll
	if prop, ok := p.get("log4j.threshold"); ok {
		ceiling = p.level(prop, prop.value, levelAll)
	}
	for _, prop := range p.all {
		p.category(prop)
	}
	p.config.levels.lower(ceiling)

	if len(p.config.appenders) == 0 {
		p.config.appenders = standardError().appenders
		p.warn(0, "no appender is usable: logging to standard error")
	}
	return p.config
}

// lower reduces all levels to at most ceiling.
func (l *levels) lower(ceiling level) {
	l.root = min(l.root, ceiling)
	for name, v := range l.categories {
		l.categories[name] = min(v, ceiling)
	}
}

// warn keeps a warning if it is new.
func (p *configParser) warn(line int, format string, args ...any) {
	where := p.file
	if line > 0 {
		where += ":" + strconv.Itoa(line)
	}
	text := where + ": " + fmt.Sprintf(format, args...)
	const enough = 50
	if !p.warned[text] && len(p.warned) < enough {
		p.warned[text] = true
		p.config.warnings = append(p.config.warnings, text)
	}
}

// get returns the property of a key, with each ${…} replaced.
func (p *configParser) get(key string) (property, bool) {
	prop, ok := p.props[key]
	if ok {
		prop.value = expand(prop.value, p.lookup, func(name string) {
			p.warn(prop.line, "${%s} in %s is unknown; known are ${jid}, ${id}, ${pid}, the keys of this file and the environment", name, key)
		})
	}
	return prop, ok
}

func (p *configParser) lookup(name string) (string, bool) {
	if v, ok := p.extra[name]; ok {
		return v, true
	}
	if v, ok := p.props[name]; ok {
		return v.value, true
	}
	return os.LookupEnv(name)
}

func (p *configParser) level(prop property, name string, otherwise level) level {
	l, ok := parseLevel(name)
	if !ok {
		p.warn(prop.line, "%q in %s is not a level; the levels are OFF FATAL ERROR WARN INFO DEBUG TRACE ALL", strings.TrimSpace(name), prop.key)
		return otherwise
	}
	return l
}

// root reads "LEVEL, appender, appender".
func (p *configParser) root() {
	prop, ok := p.get("log4j.rootLogger")
	if !ok {
		prop, ok = p.get("log4j.rootCategory")
	}
	if !ok {
		p.warn(0, "log4j.rootLogger=LEVEL, APPENDER is missing")
		return
	}
	name, list, _ := strings.Cut(prop.value, ",")
	if strings.TrimSpace(name) != "" {
		p.config.levels.root = p.level(prop, name, levelInfo)
	}
	seen := make(map[string]bool)
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		if name == "" || seen[name] {
			continue
		}
		seen[name] = true
		p.appender(prop, name)
	}
}

// category reads the level in log4j.logger.NAME and log4j.category.NAME.
func (p *configParser) category(prop property) {
	name, ok := strings.CutPrefix(prop.key, "log4j.logger.")
	if !ok {
		name, ok = strings.CutPrefix(prop.key, "log4j.category.")
	}
	if !ok || name == "" {
		return
	}
	prop, _ = p.get(prop.key)
	value, list, _ := strings.Cut(prop.value, ",")
	if strings.TrimSpace(list) != "" {
		p.warn(prop.line, "an appender for one category is not supported: its entries go to the appenders of log4j.rootLogger")
	}
	switch strings.ToUpper(strings.TrimSpace(value)) {
	case "", "INHERITED", "NULL":
		return
	}
	if p.config.levels.categories == nil {
		p.config.levels.categories = make(map[string]level)
	}
	p.config.levels.categories[name] = p.level(prop, value, p.config.levels.root)
}
