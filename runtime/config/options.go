package config

import (
	"slices"
	"time"
)

// Settings is the [lua] section, checked, with the defaults filled in. What each
// field means stands in its LuaOption.
type Settings struct {
	Script         string // absolute
	Reload         bool
	MaxFrame       int64 // bytes
	ExitTimeout    time.Duration
	HandlerTimeout time.Duration
	LogoutGrace    time.Duration
	LogoutTimeout  time.Duration
	LoginDelay     time.Duration
	LoginDelayMax  time.Duration
	MaxQueue       int   // messages
	MaxString      int64 // bytes
	MemoryLimit    int64 // bytes; 0: none
	Sandbox        bool
	Store          string // "database", "memory", an absolute path, or a URL that may hold a password
	Record         string // absolute; "": nothing is recorded
}

// Kind is how the value of a [lua] key is written.
type Kind string

// The kinds of values. Go's type of each is in brackets.
const (
	KindPath    Kind = "path"    // a file, relative to the config file's folder (string, absolute)
	KindFile    Kind = "file"    // a file to write, relative to working_dir, or off (string, absolute; "" for off)
	KindBool    Kind = "boolean" // 1 true yes on 0 false no off (bool)
	KindBytes   Kind = "bytes"   // 65536, 64K, 16M, 1G: powers of 1024 (int64)
	KindSeconds Kind = "seconds" // 2 or 0.5 (time.Duration)
	KindCount   Kind = "count"   // a whole number (int)
	KindPlace   Kind = "place"   // database, memory, a file, or a URL (string)
)

// LuaOption describes one key of the [lua] section. Default, Min, Max and Zero
// are written as in the file.
type LuaOption struct {
	Name    string
	Kind    Kind
	Default string // "": the key has to be set
	Min     string // "" for kinds without a range
	Max     string
	Zero    string // what 0 means, if it is allowed below Min; "" if it is not
	Doc     string // one sentence for the documentation

	field func(*Settings) any // where the value goes; its type is that of the kind
}

// luaOptions is every key that [lua] may have. A new one is a line here and a
// field in Settings.
var luaOptions = []LuaOption{
	{"script", KindPath, "", "", "", "", "The Lua script that is the transport; a relative name is looked for in the config file's folder.", func(s *Settings) any { return &s.Script }},
	{"reload", KindBool, "0", "", "", "", "Watch the script and all that it requires, and load them anew when one changes.", func(s *Settings) any { return &s.Reload }},
	{"max_frame", KindBytes, "16M", "1K", "1G", "", "The longest frame that is taken from Spectrum; a longer one ends the process.", func(s *Settings) any { return &s.MaxFrame }},
	{"exit_timeout", KindSeconds, "2", "0.1", "60", "", "How long the end of the process may take in all, once Spectrum, or a signal, asked for it.", func(s *Settings) any { return &s.ExitTimeout }},
	{"handler_timeout", KindSeconds, "10", "0.1", "3600", "", "How long a handler may compute without waiting for anything before it is stopped with an error.", func(s *Settings) any { return &s.HandlerTimeout }},
	{"logout_grace", KindSeconds, "2", "0", "60", "", "How long a user's messages that are still queued at his logout may take before they are cancelled.", func(s *Settings) any { return &s.LogoutGrace }},
	{"logout_timeout", KindSeconds, "1", "0.1", "60", "", "How long on.logout may run.", func(s *Settings) any { return &s.LogoutTimeout }},
	{"login_delay", KindSeconds, "2", "0.1", "3600", "no pause", "The first pause before on.login of a user whose network failed; it grows with each failure.", func(s *Settings) any { return &s.LoginDelay }},
	{"login_delay_max", KindSeconds, "300", "0.1", "86400", "", "The longest such pause.", func(s *Settings) any { return &s.LoginDelayMax }},
	{"max_queue", KindCount, "10000", "1", "10000000", "", "How many messages may wait for one user's handlers.", func(s *Settings) any { return &s.MaxQueue }},
	{"max_string", KindBytes, "64M", "64K", "1G", "", "The longest string that the library functions make.", func(s *Settings) any { return &s.MaxString }},
	{"memory_limit", KindBytes, "0", "16M", "1024G", "no limit", "How much memory the process may use; beyond that it ends.", func(s *Settings) any { return &s.MemoryLimit }},
	{"sandbox", KindBool, "0", "", "", "", "Take from scripts what reaches files, processes and the system.", func(s *Settings) any { return &s.Sandbox }},
	{"store", KindPlace, "database", "", "", "", "Where scripts keep their data: what [database] says, memory, a file of SQLite, or a URL of PostgreSQL or MySQL.", func(s *Settings) any { return (*place)(&s.Store) }},
	{"record", KindFile, "off", "", "", "", "Write all messages from and to Spectrum, secrets left out, to a file; a relative name is one in [service] working_dir.", func(s *Settings) any { return &s.Record }},
}

// retiredLua holds the [lua] keys of earlier versions, and what a user needs to
// know about each. A config that still sets one gets a warning.
var retiredLua = map[string]string{
	"bytecode": "compiled scripts are no longer kept in a file",
}

// LuaOptions returns a description of every [lua] key, in the order in which
// they are best read.
func LuaOptions() []LuaOption { return slices.Clone(luaOptions) }
