package config

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"spectrumlua/runtime/spelling"
)

// luaPrefix is the beginning of all keys of [lua].
const luaPrefix = "lua."

// exitFits is the time that a backend has for its exit under Debian's systemd unit,
// which kills Spectrum and its backends after 3 s.
const exitFits = 2 * time.Second

// readLua parses the [lua] section into c.lua and c.luaErr. It returns warnings
// about keys without an effect and about doubtful values.
func (c *Config) readLua() []*Error {
	problems := c.luaKeys()
	for _, o := range luaOptions {
		if p := c.luaValue(o); p != nil {
			problems = append(problems, p)
		}
	}
	if len(problems) == 0 {
		problems = append(problems, c.luaContradictions()...)
	}
	if len(problems) > 0 {
		c.luaErr = join(problems)
		return c.luaRetired()
	}
	return append(c.luaRetired(), c.luaDoubts()...)
}

// luaKeys returns errors for unknown and repeated [lua] keys.
func (c *Config) luaKeys() []*Error {
	var names []string
	for _, o := range luaOptions {
		names = append(names, o.Name)
	}
	var problems []*Error
	for _, name := range c.Keys("lua") {
		if _, retired := retiredLua[name]; retired {
			continue
		}
		s := c.settings[luaPrefix+name]
		if !slices.Contains(names, name) {
			problems = append(problems, c.problem(s.first().line, unknownKey(name, names)))
			continue
		}
		for i := 1; i < len(s.file); i++ {
			problems = append(problems, c.problem(s.file[i].line,
				fmt.Sprintf("[lua] %s is set again (first on line %d); remove one of the two lines", name, s.file[0].line)))
		}
	}
	return problems
}

// luaRetired returns a warning for each line that sets a retired key.
func (c *Config) luaRetired() []*Error {
	var warnings []*Error
	for _, name := range c.Keys("lua") {
		why, retired := retiredLua[name]
		if !retired {
			continue
		}
		s := c.settings[luaPrefix+name]
		for _, e := range slices.Concat(s.file, s.command) {
			warnings = append(warnings, c.problem(e.line, fmt.Sprintf(
				"[lua] %s has no effect any more: %s; delete it", name, why)))
		}
	}
	return warnings
}

func unknownKey(name string, names []string) string {
	text := fmt.Sprintf("[lua] has no key %s", quote(name))
	if near := spelling.Name(name, names); near != "" {
		return text + "; did you mean " + near + "?"
	}
	return text + "; the keys are " + strings.Join(names, ", ") + ". A script's own settings belong in a section of their own"
}

// luaValue parses the value of one option, or its default, into c.lua.
func (c *Config) luaValue(o LuaOption) *Error {
	key := luaPrefix + o.Name
	s, ok := c.settings[key]
	if !ok && o.Default == "" {
		return &Error{Name: c.name, Text: c.missing(o)}
	}
	e := entry{key: key, value: o.Default}
	if ok {
		e = s.first()
	}
	dir := c.Dir()
	if o.Kind == KindFile {
		dir = c.WorkingDir()
	}
	if wrong := o.read(e.value, dir, &c.lua); wrong != "" {
		return c.problem(e.line, "[lua] "+o.Name+" "+wrong)
	}
	return nil
}

// missing returns the message for a required option that is not set.
func (c *Config) missing(o LuaOption) string {
	text := fmt.Sprintf("[lua] %s is not set, and there is no default; add the lines \"[lua]\" and \"%s = NAME.lua\" "+
		"(a relative name is looked for in %s)", o.Name, o.Name, c.Dir())
	for _, key := range c.keys {
		section, _, _ := strings.Cut(key, ".")
		if section != "lua" && strings.EqualFold(strings.Trim(section, blanks), "lua") {
			return text + fmt.Sprintf("; the section %s is another one, since case and blanks count in its name", quote(section))
		}
	}
	return text
}

// read parses text into the option's field of l. Relative paths refer to dir. It
// returns "" or a message about the allowed values.
func (o LuaOption) read(text, dir string, l *Settings) string {
	if !utf8.ValidString(text) {
		return "is not UTF-8 (Latin-1?); save the config file as UTF-8"
	}
	switch field := o.field(l).(type) {
	case *string:
		if value, known := booleans[strings.ToLower(text)]; known && o.Kind == KindFile {
			*field = ""
			if value {
				return "has to be the name of a file, or off, not " + quote(text)
			}
			return ""
		}
		path, wrong := absolute(text, dir)
		*field = path
		return wrong
	case *[]string:
		folders, wrong := folders(text, dir)
		*field = folders
		return wrong
	case *place:
		return field.read(text, dir)
	case *Console:
		value, known := booleans[strings.ToLower(text)]
		switch {
		case strings.EqualFold(text, string(ConsoleReadOnly)):
			*field = ConsoleReadOnly
		case !known:
			return o.not(text)
		case value:
			*field = ConsoleOn
		default:
			*field = ConsoleOff
		}
	case *bool:
		value, known := booleans[strings.ToLower(text)]
		if !known {
			return o.not(text)
		}
		*field = value
	case *int:
		value, ok := o.measure(text)
		if !ok {
			return o.not(text)
		}
		*field = int(value)
	case *int64:
		value, ok := o.measure(text)
		if !ok {
			return o.not(text)
		}
		*field = value
	case *time.Duration:
		value, ok := o.measure(text)
		if !ok {
			return o.not(text)
		}
		*field = time.Duration(value)
	default:
		panic(fmt.Sprintf("config: [lua] %s has a field of type %T", o.Name, field))
	}
	return ""
}

// absolute returns text as an absolute path, or a message if it cannot be a path.
func absolute(text, dir string) (path, wrong string) {
	switch {
	case text == "":
		return "", "is empty; give the name of a file"
	case len(text) > 1 && text[0] == text[len(text)-1] && (text[0] == '"' || text[0] == '\''):
		return "", "is " + quote(text) + ", and the quotes would be part of the name; write it without them"
	case filepath.IsAbs(text):
		return filepath.Clean(text), ""
	}
	return filepath.Join(dir, text), ""
}

// folders returns the absolute paths of a list of folders, or a message if an element
// cannot be a folder.
func folders(text, dir string) (list []string, wrong string) {
	if value, known := booleans[strings.ToLower(text)]; known && !value {
		return nil, ""
	}
	for folder := range strings.SplitSeq(text, ";") {
		folder = strings.Trim(folder, blanks)
		switch {
		case folder == "":
			continue // as in LUA_PATH, which may contain ";;"
		case strings.Contains(folder, "?"):
			return nil, "has to be a list of folders; write " + quote(filepath.Dir(strings.SplitN(folder, "?", 2)[0]+"x")) +
				", not " + quote(folder) + ": require adds /?.lua and /?/init.lua by itself"
		}
		path, wrong := absolute(folder, dir)
		if wrong != "" {
			return nil, wrong
		}
		list = append(list, path)
	}
	if list == nil {
		return nil, "is empty; give the name of a folder, or off"
	}
	return list, ""
}

// InMemory reports whether name stands for a database in memory: "memory" or
// SQLite's ":memory:".
func InMemory(name string) bool { return name == "memory" || name == ":memory:" }

// place parses Settings.Store.
type place string

// read accepts keywords and URLs unchanged, and makes an absolute path of any other
// value.
func (p *place) read(text, dir string) (wrong string) {
	name := strings.TrimPrefix(strings.TrimPrefix(text, "sqlite:"), "//")
	switch {
	case InMemory(text) || InMemory(name):
		*p = "memory"
		return ""
	case text == "database" || strings.Contains(text, "://") || strings.HasPrefix(name, "file:"):
		*p = place(text)
		return ""
	}
	path, wrong := absolute(strings.TrimPrefix(text, "sqlite:"), dir)
	*p = place(path)
	return wrong
}

// measures holds the parsers for kinds with a range, in bytes, nanoseconds or
// units.
var measures = map[Kind]func(string) (int64, error){
	KindBytes:   byteSize,
	KindSeconds: seconds,
	KindCount:   whole,
	KindLimit:   whole,
}

// unlimited is a value of KindLimit.
const unlimited = "unlimited"

// measure parses a value and reports whether it is within the range.
func (o LuaOption) measure(text string) (int64, bool) {
	if o.Kind == KindLimit && strings.EqualFold(text, unlimited) {
		return -1, true
	}
	read := measures[o.Kind]
	value, err := read(text)
	if err != nil {
		return 0, false
	}
	if value == 0 && o.Zero != "" {
		return 0, true
	}
	low, _ := read(o.Min) // a test parses every bound
	high, _ := read(o.Max)
	return value, low <= value && value <= high
}

// not returns a message that text is not allowed, and what is.
func (o LuaOption) not(text string) string {
	allowed := ""
	switch o.Kind {
	case KindBool:
		allowed = allowedBooleans
	case KindAccess:
		allowed = allowedBooleans + ", or " + string(ConsoleReadOnly)
	case KindBytes:
		allowed = fmt.Sprintf("a number of bytes such as 65536, 64K or 16M, from %s to %s", o.Min, o.Max)
	case KindSeconds:
		allowed = fmt.Sprintf("a number of seconds such as 2 or 0.5, from %s to %s", o.Min, o.Max)
	case KindCount:
		allowed = fmt.Sprintf("a whole number from %s to %s", o.Min, o.Max)
	case KindLimit:
		allowed = fmt.Sprintf("a whole number from %s to %s, or %s", o.Min, o.Max, unlimited)
	}
	if o.Zero != "" {
		allowed += ", or 0 for " + o.Zero
	}
	return "has to be " + allowed + ", not " + show(luaPrefix+o.Name, text)
}

// luaContradictions returns errors about valid values that contradict each other.
func (c *Config) luaContradictions() []*Error {
	var errs []*Error
	if _, set := c.settings[luaPrefix+"login_retries"]; set && c.lua.LoginRetries != 0 && c.lua.LoginDelay == 0 {
		errs = append(errs, c.problem(c.luaLine("login_retries", "login_delay"),
			"[lua] login_retries needs a pause between two logins, but login_delay is 0; set login_delay, or login_retries = 0"))
	}
	if c.lua.LoginDelayMax >= c.lua.LoginDelay {
		return errs
	}
	return append(errs, c.problem(c.luaLine("login_delay", "login_delay_max"), fmt.Sprintf(
		"[lua] login_delay is %s and login_delay_max is %s; the first pause cannot be longer than the longest, so change one of them",
		c.lua.LoginDelay, c.lua.LoginDelayMax)))
}

// luaDoubts returns warnings about valid values that are probably mistakes.
func (c *Config) luaDoubts() []*Error {
	var warnings []*Error
	if c.lua.ExitTimeout > exitFits {
		warnings = append(warnings, c.problem(c.luaLine("exit_timeout"), fmt.Sprintf(
			"[lua] exit_timeout is %s, but Debian's unit kills Spectrum 2 and its backends 3s after it asked them to stop; "+
				"stay within %s, or raise TimeoutStopSec in the unit", c.lua.ExitTimeout, exitFits)))
	}
	if c.lua.LogoutTimeout >= c.lua.ExitTimeout {
		warnings = append(warnings, c.problem(c.luaLine("logout_timeout", "exit_timeout"), fmt.Sprintf(
			"[lua] logout_timeout is %s, which does not fit in exit_timeout, %s: at the end of the process on.logout is cut short",
			c.lua.LogoutTimeout, c.lua.ExitTimeout)))
	}
	return warnings
}

// luaLine returns the line of the first of these keys that is set.
func (c *Config) luaLine(names ...string) int {
	for _, name := range names {
		if s, ok := c.settings[luaPrefix+name]; ok {
			return s.first().line
		}
	}
	return 0
}
