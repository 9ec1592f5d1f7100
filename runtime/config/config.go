// Package config reads the transport's config file as Spectrum 2 reads it, and
// checks the [lua] section in it.
//
// The syntax is that of Boost.Program_options:
//
//	[section]
//	key = value     # a comment, which starts at any #
//	key = value 2   # the same key again makes a list
//
// Blanks around names and values do not count; quotes and ';' are ordinary
// letters. A name is "section.key", and case counts in it. "$jid" in a value
// stands for the transport's JID.
package config

import (
	"path/filepath"
	"slices"
	"strings"
)

// maxJID is how many bytes XMPP allows a domain, which a transport's JID is.
const maxJID = 1023

// defaultWorkingDir is where Spectrum puts a transport's working directory.
const defaultWorkingDir = "/var/lib/spectrum2"

const (
	keyJID        = "service.jid"
	keyWorkingDir = "service.working_dir"
)

// Options is what the command line adds to the file.
type Options struct {
	JID       string     // takes the place of service.jid; "" leaves it
	Overrides []Override // in the order given
}

// Override is one key set on the command line, as in --section.key=value. It
// takes the place of all that the file says of that key. Its value is taken as
// it is, '#' and blanks included, but for "$jid".
type Override struct {
	Key   string // "section.key"
	Value string
}

// Config is a config file together with what the command line overrides in it.
// It does not change once it is made: any goroutine may use it.
type Config struct {
	name     string // the file as messages name it
	path     string // absolute
	jid      string
	keys     []string // in order of their first appearance
	settings map[string]*setting
	warnings []string
	lua      Settings
	luaErr   error
}

// setting is all that was said of one key.
type setting struct {
	file    []entry
	command []entry
}

// entry is one value and where it stands.
type entry struct {
	key   string
	value string
	line  int // 0: on the command line
}

// inForce returns the values that count: those of the command line, if there
// are any.
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

// Dir returns the absolute path of the folder that the file is in, from which
// relative names in it are meant. A symbolic link is not followed.
func (c *Config) Dir() string { return filepath.Dir(c.path) }

// JID returns the transport's JID: that of the command line, else service.jid,
// else "".
func (c *Config) JID() string { return c.jid }

// WorkingDir returns service.working_dir, in which a backend may write; unless
// it is set, that is /var/lib/spectrum2/ and the JID.
func (c *Config) WorkingDir() string {
	if dir, ok := c.Get(keyWorkingDir); ok && dir != "" {
		return dir
	}
	return filepath.Join(defaultWorkingDir, c.jid)
}

// Get returns the value of key, written "section.key", and whether it is set at
// all; a key before the first section has no dot. Of a key that the file
// repeats it is the first value, as Boost lets what was stored first stand; of
// one that the command line repeats, the last.
func (c *Config) Get(key string) (string, bool) {
	s, ok := c.settings[key]
	if !ok {
		return "", false
	}
	return s.first().value, true
}

// List returns every value of key in order, or nil if it is not set. If the
// command line sets the key, the list is what it gives there.
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

// Keys returns the keys of a section, without its name, in the order in which
// they first appear; those that only the command line sets come last. Section
// "" has the keys that stand before any section.
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

// Where says where the value stands that Get returns: "file:line" or "command
// line"; "" for a key that is not set.
func (c *Config) Where(key string) string {
	s, ok := c.settings[key]
	if !ok {
		return ""
	}
	return c.problem(s.first().line, "").place()
}

// Warnings returns what is allowed and yet likely not meant, as "file:line:
// text", in the order of lines. No value is shown in them.
func (c *Config) Warnings() []string { return slices.Clone(c.warnings) }

// Settings returns the [lua] section. If something is wrong with it, the error says
// so of everything that is, in the order of lines: it joins an *Error for each.
// What Settings holds then is not to be used.
func (c *Config) Settings() (Settings, error) { return c.lua, c.luaErr }

// problem makes an error at a line of this file, or, for line 0, on the command
// line.
func (c *Config) problem(line int, text string) *Error {
	if line == 0 {
		return &Error{Name: commandLine, Text: text}
	}
	return &Error{Name: c.name, Line: line, Text: text}
}
