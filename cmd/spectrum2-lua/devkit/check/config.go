package check

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"spectrumlua/luabind/source"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/files"
	"spectrumlua/runtime/gateway/settings"
	"spectrumlua/runtime/metrics"
)

// config checks a transport's config file and the script that it names.
func (c *checker) config(path string) {
	full := absolute(path)
	if c.sources[full] != nil {
		return
	}
	text, _ := os.ReadFile(full) // Load returns the error
	c.sources[full] = &sourceFile{text: string(text)}
	cfg, err := config.Load(full, config.Options{})
	if err != nil {
		c.configErrors(full, err)
		return
	}
	for _, w := range cfg.Warnings() {
		c.located(full, "config-doubt", w)
	}
	for _, w := range settings.Warnings(cfg) {
		c.located(full, "unknown-key", w)
	}
	f := &configFile{c, cfg, full}
	f.checkValues()
	if f.forSpectrum() {
		f.checkBackend()
		f.checkDatabase()
	}
	f.checkIdleReconnect()
	f.checkFiles()
	script, err := cfg.Settings()
	if err != nil {
		c.configErrors(full, err)
		return
	}
	_, wrong := files.ReadSettings(cfg)
	_, wrongMetrics := metrics.ReadSettings(cfg)
	if err := errors.Join(wrong, wrongMetrics); err != nil {
		for _, line := range strings.Split(err.Error(), "\n") {
			c.located(full, "config", line)
		}
	}
	place, err := database.FromConfig(cfg, script)
	if err != nil {
		c.located(full, "config", err.Error())
	}
	p := f.checkScript(script)
	f.checkAccess(script, place, p)
}

// configErrors reports each of several joined errors.
func (c *checker) configErrors(path string, err error) {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, one := range joined.Unwrap() {
			c.configErrors(path, one)
		}
		return
	}
	var e *config.Error
	if !errors.As(err, &e) {
		c.tell(path, 0, "config", err.Error())
		return
	}
	code := "config"
	var system *fs.PathError
	if errors.As(e.Err, &system) {
		code = "unreadable"
	}
	c.tell(path, e.Line, code, e.Text)
}

var locatedPattern = regexp.MustCompile(`(?s)^:(\d+): (.*)$`)

// located reports an error of the form "file:line: text".
func (c *checker) located(path, code, text string) {
	rest := strings.TrimPrefix(text, path)
	if m := locatedPattern.FindStringSubmatch(rest); m != nil {
		line, _ := strconv.Atoi(m[1])
		c.tell(path, line, code, m[2])
		return
	}
	c.tell(path, 0, code, strings.TrimPrefix(rest, ": "))
}

// configFile is a config file that Spectrum can read.
type configFile struct {
	*checker
	*config.Config
	path string
}

func (f *configFile) tell(key, code, text string) {
	_, place, _ := strings.Cut(f.Where(key), f.path+":")
	line, _ := strconv.Atoi(place)
	f.checker.tell(f.path, line, code, text)
}

// number returns the value of a key if it is a number, and otherwise a default.
func (f *configFile) number(key string, otherwise int) int {
	text, ok := f.Get(key)
	if n, err := strconv.Atoi(text); ok && err == nil {
		return n
	}
	return otherwise
}

// forSpectrum reports whether the config has keys that only Spectrum reads, such as backend.
// Without them it is a config for serve, which needs neither a backend nor [database] type.
func (f *configFile) forSpectrum() bool {
	if server, _, _ := f.Bool("service.server_mode"); server {
		return true
	}
	return slices.ContainsFunc(settings.Keys(), func(k settings.Key) bool {
		_, set := f.Get(k.Name)
		return set && !k.Honoured
	})
}

// checkValues checks the values of Spectrum's keys. Serve rejects more of them than Spectrum.
// Keys that serve needs may be missing: options of the command line can set them.
func (f *configFile) checkValues() {
	if f.forSpectrum() {
		for _, err := range settings.Malformed(f.Config) {
			f.located(f.path, "config-doubt", err.Error())
		}
		return
	}
	_, err := settings.Read(f.Config)
	joined, _ := err.(interface{ Unwrap() []error }) // Read joins its errors
	if joined == nil {
		return
	}
	for _, err := range joined.Unwrap() {
		var e *config.Error
		if errors.As(err, &e) && e.Line > 0 {
			f.checker.tell(f.path, e.Line, "config", e.Text)
		}
	}
}

// checkFiles reports files that the config names and that do not exist. Relative names depend
// on the folder in which Spectrum starts.
func (f *configFile) checkFiles() {
	for _, key := range []string{"logging.config", "logging.backend_config"} {
		path, _ := f.Get(key)
		if !filepath.IsAbs(path) {
			continue
		}
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			f.tell(key, "missing-file", fmt.Sprintf("%s: %s does not exist on this machine, so the log is not the one that you expect: create the file, or remove the key", config.Shown(key), path))
		}
	}
}

// checkBackend checks the program that Spectrum starts.
func (f *configFile) checkBackend() {
	const key = "service.backend"
	line, set := f.Get(key)
	words := strings.Fields(line)
	if !set || len(words) == 0 {
		f.tell(key, "backend-missing", "[service] backend is not set, so Spectrum starts another backend: give the path of spectrum2_lua_backend")
		return
	}
	program := words[0]
	if !filepath.IsAbs(program) {
		f.tell(key, "backend-path", fmt.Sprintf("[service] backend is %q, but Spectrum does not search PATH or the config's folder: give an absolute path", program))
		return
	}
	switch info, err := os.Stat(program); {
	case errors.Is(err, fs.ErrNotExist):
		f.tell(key, "backend-missing", fmt.Sprintf("[service] backend: %s does not exist on this machine", program))
	case err == nil && (info.IsDir() || info.Mode()&0o111 == 0):
		f.tell(key, "backend-missing", fmt.Sprintf("[service] backend: %s is not an executable program", program))
	}
}

// checkDatabase checks that Spectrum can store registered users. In server mode it
// needs no database.
func (f *configFile) checkDatabase() {
	server, _, _ := f.Bool("service.server_mode")
	kind, set := f.Get("database.type")
	if server || set && kind != "none" && kind != "" {
		return
	}
	f.tell("database.type", "no-database", "[database] type is missing or none, so Spectrum stores no users and nobody can register: "+
		"set it, for example to sqlite3")
}

func (f *configFile) checkIdleReconnect() {
	const key = "service.idle_reconnect_time"
	if text, set := f.Get(key); set && strings.Trim(text, "0") != "" {
		f.tell(key, "idle-reconnect", "Spectrum moves idle users to another backend without a LOGOUT to the first, "+
			"which continues to serve them: remove idle_reconnect_time")
	}
}

// enoughUsers is the number of users from which one process seems enough.
const enoughUsers = 1000

// checkScript checks the script. It returns nil if the script cannot be read.
func (f *configFile) checkScript(settings config.Settings) *program {
	if why := unreadable(settings.Script); why != "" {
		f.tell("lua.script", "unreadable", fmt.Sprintf("the script cannot be read: %s: %s", settings.Script, why))
		return nil
	}
	p := f.program(settings.Script, transport, settings)
	users := f.number("service.users_per_backend", 100) // Spectrum's default
	if p.calls["spectrum.http.serve"] && users < enoughUsers {
		key := "service.users_per_backend"
		f.tell(key, "several-processes", fmt.Sprintf("the script calls http.serve, but Spectrum starts another process after %d users, and "+
			"only the first can listen: set users_per_backend to more than the number of your users", users))
	}
	return p
}

// unreadable returns why a file cannot be read, or "".
func unreadable(path string) string {
	file, err := source.Open(path)
	if err != nil {
		return cause(err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && !info.Mode().IsRegular() {
		return "it is not a file"
	}
	return ""
}
