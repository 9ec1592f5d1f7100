package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// MaxSize is the maximum size of a config file, in bytes.
const MaxSize = 1 << 20

// Load reads and parses the config file at path. If the file cannot be read, it
// returns an *Error that says what to do and wraps the system's error, such as
// fs.ErrNotExist. Errors in the file are those of Parse. Config.Settings returns
// the errors of the [lua] section, so that the other settings, such as those of the
// log, are usable without it.
func Load(path string, opts Options) (*Config, error) {
	data, err := read(path)
	if err != nil {
		return nil, err
	}
	full, err := filepath.Abs(path)
	if err != nil {
		return nil, &Error{Name: path, Text: "the current folder is unknown: " + err.Error(), Err: err}
	}
	return Parse(full, data, opts)
}

// read returns the content of the file.
func read(path string) ([]byte, error) {
	if path == "" {
		return nil, &Error{Name: "config file", Text: "no name is given; give the transport's config file, such as /etc/spectrum2/transports/NAME.cfg"}
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	if info.IsDir() {
		return nil, &Error{Name: path, Text: "this is a folder; name the config file in it, such as " + filepath.Join(path, "NAME.cfg")}
	}
	if strings.HasSuffix(path, ".lua") {
		return nil, &Error{Name: path, Text: "this is a script; name the config file that has it in [lua] script, such as " + strings.TrimSuffix(path, "lua") + "cfg"}
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{Name: path, Text: "this is not a regular file; name the transport's config file"}
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, MaxSize+1)) // Parse rejects the extra byte
	if err != nil {
		return nil, unreadable(path, err)
	}
	return data, nil
}

// unreadable explains why a file cannot be read.
func unreadable(path string, err error) *Error {
	cause := err
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		cause = pathErr.Err
	}
	text := fmt.Sprintf("cannot be read: %v", cause)
	switch {
	case errors.Is(err, fs.ErrNotExist) && !filepath.IsAbs(path):
		where := "the current folder"
		if dir, err := os.Getwd(); err == nil {
			where = dir
		}
		text = fmt.Sprintf("the file does not exist in %s; check the name. If Spectrum 2 starts the process, it needs the "+
			"absolute path, because Spectrum 2 changes to its working_dir before", where)
	case errors.Is(err, fs.ErrNotExist):
		text = "the file does not exist; check the path"
	case errors.Is(err, fs.ErrPermission):
		text = fmt.Sprintf("cannot be read: %v; this process runs as uid %d; allow that user to read the file and to "+
			"enter its folders", cause, os.Getuid())
	}
	return &Error{Name: path, Text: text, Err: err}
}

// Parse parses data as the config file called name, without access to the file
// system. Its error joins an *Error for each invalid line. Parse accepts every file
// that Spectrum accepts, even if it is not UTF-8. Config.Settings is stricter about
// the [lua] section.
func Parse(name string, data []byte, opts Options) (*Config, error) {
	path, err := filepath.Abs(name)
	if err != nil {
		path = name
	}
	c := &Config{name: name, path: path, settings: map[string]*setting{}}
	if p := c.notText(data); p != nil {
		return nil, p
	}
	s := scan(c, data)
	problems := append(s.problems, c.fill(s.entries, opts)...)
	if len(problems) > 0 {
		return nil, join(problems)
	}
	warnings := append(s.warnings, c.replaceJID()...)
	warnings = append(warnings, c.doubtful()...)
	warnings = append(warnings, c.readLua()...)
	for _, w := range inOrder(warnings) {
		c.warnings = append(c.warnings, w.Error())
	}
	return c, nil
}

// notText returns an error if data cannot be a config file at all, or nil.
func (c *Config) notText(data []byte) *Error {
	if len(data) > MaxSize {
		return &Error{Name: c.name, Text: fmt.Sprintf("this is over %d KiB, too much for a config file; name the transport's config file", MaxSize>>10)}
	}
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return &Error{Name: c.name, Line: 1, Text: "this is UTF-16, which Spectrum 2 cannot read; save the file as UTF-8"}
	}
	if at := bytes.IndexByte(data, 0); at >= 0 {
		line := 1 + bytes.Count(data[:at], []byte("\n"))
		return &Error{Name: c.name, Line: line, Text: "there is a NUL byte here, so this is not a text file; name the transport's config file, saved as UTF-8"}
	}
	return nil
}

// fill stores the file's entries and the overrides. It returns errors for those
// that Spectrum would reject.
func (c *Config) fill(entries []entry, opts Options) []*Error {
	var problems []*Error
	for _, e := range entries {
		s := c.at(e.key)
		if len(s.file) > 0 && spectrumScalars[e.key] {
			problems = append(problems, c.problem(e.line, fmt.Sprintf(
				"%s is set again (first on line %d), and Spectrum 2 takes it only once; remove one of the two lines", Shown(e.key), s.file[0].line)))
		}
		s.file = append(s.file, e)
	}
	for _, o := range opts.Overrides {
		s := c.at(o.Key)
		s.command = append(s.command, entry{key: o.Key, value: o.Value})
	}
	if opts.JID != "" {
		s := c.at(keyJID)
		s.command = append(s.command, entry{key: keyJID, value: opts.JID})
	}
	c.jid, _ = c.Get(keyJID)
	if len(c.jid) > maxJID {
		problems = append(problems, c.problem(c.settings[keyJID].first().line, fmt.Sprintf(
			"%s has %d bytes, and a transport's JID has %d at most; give its domain, such as echo.example.net", Shown(keyJID), len(c.jid), maxJID)))
	}
	return problems
}

// at returns the setting of a key, and adds it if necessary.
func (c *Config) at(key string) *setting {
	s, ok := c.settings[key]
	if !ok {
		s = &setting{}
		c.settings[key] = s
		c.keys = append(c.keys, key)
	}
	return s
}

// replaceJID replaces $jid in every value except the JID's own. It returns a
// warning for each value that uses $jid if there is no JID.
func (c *Config) replaceJID() []*Error {
	var warnings []*Error
	for _, key := range c.keys {
		if key == keyJID {
			continue
		}
		for _, entries := range [][]entry{c.settings[key].file, c.settings[key].command} {
			for i, e := range entries {
				if !strings.Contains(e.value, "$jid") {
					continue
				}
				if c.jid == "" {
					warnings = append(warnings, c.problem(e.line, clip(Shown(key))+" uses $jid, but [service] jid is not set, so it stays as it is"))
					continue
				}
				entries[i].value = strings.ReplaceAll(e.value, "$jid", c.jid)
			}
		}
	}
	return warnings
}
