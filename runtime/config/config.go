// Package config reads a transport's config file as Spectrum 2 reads it, and checks
// its [lua] section.
//
// The syntax is that of Boost.Program_options:
//
//	[section]
//	key = value     # a comment, which starts at any #
//	key = value 2   # the same key again makes a list
//
// Blanks around names and values are ignored. Quotes and ';' have no special
// meaning. A key is "section.key", and its case matters. "$jid" in a value is
// replaced by the transport's JID.
package config

import (
	"path/filepath"
	"slices"
	"strings"
)

// maxJID is the maximum length of a domain in XMPP, in bytes. A transport's JID is
// a domain.
const maxJID = 1023

// defaultWorkingDir contains the working directories of all transports unless the
// config says otherwise.
const defaultWorkingDir = "/var/lib/spectrum2"

const (
	keyJID        = "service.jid"
	keyWorkingDir = "service.working_dir"
)

// Options are the settings from the command line.
type Options struct {
	JID       string     // replaces service.jid unless it is ""
	Overrides []Override // in command-line order
}

// Override is one key from the command line, as in --section.key=value. It replaces
// all values of that key in the file. The value is literal, including '#' and
// blanks, except for "$jid".
type Override struct {
	Key   string // "section.key"
	Value string
}

// Config is a config file combined with the overrides from the command line. It is
// immutable and safe for concurrent use.
type Config struct {
	name     string // the file's name in messages
	path     string // absolute
	jid      string
	keys     []string // in order of their first appearance
	settings map[string]*setting
	warnings []string
	lua      Settings
	luaErr   error
}

// setting holds all values of one key.
type setting struct {
	file    []entry
	command []entry
}

// entry is one value and its position.
type entry struct {
	key   string
	value string
	line  int // 0: from the command line
}

// inForce returns the values from the command line, or those of the file if there
// are no values on the command line.
func (s *setting) inForce() []entry {
	if len(s.command) > 0 {
		return s.command
	}
	return s.file
}

// first returns the entry whose value Get returns.
func (s *setting) first() entry {
	if n := len(s.command); n > 0 {
		return s.command[n-1]
	}
	return s.file[0]
}

// Path returns the file's absolute path.
func (c *Config) Path() string { return c.path }

// Dir returns the absolute path of the config file's folder, to which relative
// names in the file refer. It does not follow a symbolic link.
func (c *Config) Dir() string { return filepath.Dir(c.path) }

// JID returns the transport's JID from the command line or from service.jid, or "".
func (c *Config) JID() string { return c.jid }

// WorkingDir returns service.working_dir, the directory in which a backend may
// write. The default is /var/lib/spectrum2/JID.
func (c *Config) WorkingDir() string {
	if dir, ok := c.Get(keyWorkingDir); ok && dir != "" {
		return dir
	}
	return filepath.Join(defaultWorkingDir, c.jid)
}

// Get returns the value of key, written "section.key", and reports whether the key
// is set. A key before the first section has no dot. If the file repeats the key,
// Get returns the first value, as Boost does; if the command line repeats it, the
// last one.
func (c *Config) Get(key string) (string, bool) {
	s, ok := c.settings[key]
	if !ok {
		return "", false
	}
	return s.first().value, true
}

// List returns every value of key in order, or nil if it is not set. If the command
// line sets the key, List returns only the values from there.
func (c *Config) List(key string) []string {
	s, ok := c.settings[key]
	if !ok {
		return nil
	}
	entries := s.inForce()
	values := make([]string, len(entries))
	for i, e := range entries {
		values[i] = e.value
	}
	return values
}

// Keys returns the keys of a section, without the section's name, in the order of
// their first appearance. Keys that only the command line sets come last. Section
// "" has the keys before the first section.
func (c *Config) Keys(section string) []string {
	var keys []string
	for _, key := range c.keys {
		if section == "" {
			if !strings.Contains(key, ".") {
				keys = append(keys, key)
			}
		} else if rest, ok := strings.CutPrefix(key, section+"."); ok {
			keys = append(keys, rest)
		}
	}
	return keys
}

// Sections returns the names of the sections that have keys, in the order of their first
// appearance.
func (c *Config) Sections() []string {
	var all []string
	for _, key := range c.keys {
		if section, _, ok := strings.Cut(key, "."); ok && !slices.Contains(all, section) {
			all = append(all, section)
		}
	}
	return all
}

// Where returns the position of the value that Get returns: "file:line" or "command
// line". It returns "" if the key is not set.
func (c *Config) Where(key string) string {
	s, ok := c.settings[key]
	if !ok {
		return ""
	}
	return c.problem(s.first().line, "").place()
}

// Warnings returns the warnings about valid lines that are probably mistakes, as
// "file:line: text", in the order of lines. They contain no values.
func (c *Config) Warnings() []string { return slices.Clone(c.warnings) }

// Settings returns the [lua] section. Its error joins an *Error for each problem in
// that section, in the order of lines. The Settings are invalid if the error is not
// nil.
func (c *Config) Settings() (Settings, error) { return c.lua, c.luaErr }

// problem returns an error at a line of the file, or on the command line if line is
// 0.
func (c *Config) problem(line int, text string) *Error {
	if line == 0 {
		return &Error{Name: commandLine, Text: text}
	}
	return &Error{Name: c.name, Line: line, Text: text}
}
