package config

import (
	"slices"
	"time"
)

// Settings is the checked [lua] section, including the defaults. The LuaOption of
// each field documents it.
type Settings struct {
	Script         string   // absolute
	Path           []string // absolute; folders with modules
	Reload         bool
	MaxFrame       int64 // bytes
	ExitTimeout    time.Duration
	HandlerTimeout time.Duration
	LogoutGrace    time.Duration
	LogoutTimeout  time.Duration
	LoginDelay     time.Duration
	LoginDelayMax  time.Duration
	LoginRetries   int   // -1: unlimited
	MaxQueue       int   // messages
	MaxString      int64 // bytes
	MemoryLimit    int64 // bytes; 0: no limit
	Sandbox        bool
	Store          string // "database", "memory", an absolute path, or a URL that may hold a password
	Record         string // absolute; "": no record
	Admin          bool
	Console        Console
	Debug          bool
}

// Console is what an admin may do at the Lua prompt in a running process.
type Console string

// The values of Console.
const (
	ConsoleOff      Console = "0"
	ConsoleOn       Console = "1"
	ConsoleReadOnly Console = "read-only"
)

// Kind is the format of a [lua] key's value.
type Kind string

// The kinds of values. Their Go types are in brackets.
const (
	KindPath    Kind = "path"    // a file, relative to the config file's folder (string, absolute)
	KindFile    Kind = "file"    // a file to write, relative to working_dir, or off (string, absolute; "" for off)
	KindFolders Kind = "folders" // folders with ";" between, relative to the config file's folder, or off ([]string, absolute)
	KindBool    Kind = "boolean" // 1 true yes on 0 false no off (bool)
	KindBytes   Kind = "bytes"   // 65536, 64K, 16M, 1G: powers of 1024 (int64)
	KindSeconds Kind = "seconds" // 2 or 0.5 (time.Duration)
	KindCount   Kind = "count"   // a whole number (int)
	KindLimit   Kind = "limit"   // a whole number, or unlimited (int; -1 for unlimited)
	KindAccess  Kind = "access"  // a boolean, or read-only (Console)
	KindPlace   Kind = "place"   // database, memory, a file, or a URL (string)
)

// LuaOption describes one key of the [lua] section. Default, Min, Max and Zero use
// the syntax of the file.
type LuaOption struct {
	Name    string
	Kind    Kind
	Default string // "": the key is required
	Min     string // "" for kinds without a range
	Max     string
	Zero    string // the meaning of 0 if it is allowed below Min; else ""
	Doc     string // one sentence for the documentation

	field func(*Settings) any // returns a pointer to the field of Settings
}

// luaOptions lists all keys of [lua]. A new key needs a line here and a field in
// Settings.
var luaOptions = []LuaOption{
	{"script", KindPath, "", "", "", "", "The Lua script of the transport; a relative name starts at the config file's folder.", func(s *Settings) any { return &s.Script }},
	{"path", KindFolders, "off", "", "", "", "More folders in which require looks for modules, after the script's own; a semicolon separates them.", func(s *Settings) any { return &s.Path }},
	{"reload", KindBool, "0", "", "", "", "Watch the script and the modules that it requires, and reload them when a file changes.", func(s *Settings) any { return &s.Reload }},
	{"max_frame", KindBytes, "16M", "1K", "1G", "", "The longest frame that is accepted from Spectrum; a longer one ends the process.", func(s *Settings) any { return &s.MaxFrame }},
	{"exit_timeout", KindSeconds, "2", "0.1", "60", "", "How long the process may take to exit after Spectrum or a signal asked it to.", func(s *Settings) any { return &s.ExitTimeout }},
	{"handler_timeout", KindSeconds, "10", "0.1", "3600", "", "How long a handler may run without waiting before it is stopped with an error.", func(s *Settings) any { return &s.HandlerTimeout }},
	{"logout_grace", KindSeconds, "2", "0", "60", "", "How long the messages that are queued at a user's logout may take before they are cancelled.", func(s *Settings) any { return &s.LogoutGrace }},
	{"logout_timeout", KindSeconds, "1", "0.1", "60", "", "How long on.logout may run.", func(s *Settings) any { return &s.LogoutTimeout }},
	{"login_delay", KindSeconds, "2", "0.1", "3600", "no pause", "The first pause before on.login for a user whose network failed; it grows with each failure.", func(s *Settings) any { return &s.LoginDelay }},
	{"login_delay_max", KindSeconds, "300", "0.1", "86400", "", "The longest pause before on.login.", func(s *Settings) any { return &s.LoginDelayMax }},
	{"login_retries", KindLimit, "unlimited", "0", "1000000", "", "How many failures of a user's network in a row are handled by calling on.login again; after that, Spectrum receives the error.", func(s *Settings) any { return &s.LoginRetries }},
	{"max_queue", KindCount, "10000", "1", "10000000", "", "How many messages may wait for one user's handlers.", func(s *Settings) any { return &s.MaxQueue }},
	{"max_string", KindBytes, "64M", "64K", "1G", "", "The longest string that a script may make.", func(s *Settings) any { return &s.MaxString }},
	{"memory_limit", KindBytes, "0", "16M", "1024G", "no limit", "How much memory the process may use before it ends.", func(s *Settings) any { return &s.MemoryLimit }},
	{"sandbox", KindBool, "0", "", "", "", "Deny scripts access to files, processes and the system.", func(s *Settings) any { return &s.Sandbox }},
	{"store", KindPlace, "database", "", "", "", "Where scripts store their data: the database of [database], memory, an SQLite file, or a PostgreSQL or MySQL URL.", func(s *Settings) any { return (*place)(&s.Store) }},
	{"record", KindFile, "off", "", "", "", "Record all messages from and to the script, without secrets, in a file; a relative name starts at [service] working_dir.", func(s *Settings) any { return &s.Record }},
	{"admin", KindBool, "1", "", "", "", "Offer a socket in [service] working_dir through which spectrum2-lua looks into the running process.", func(s *Settings) any { return &s.Admin }},
	{"console", KindAccess, "1", "", "", "", "Run the Lua that an admin types at spectrum2-lua console; with read-only, only what changes nothing.", func(s *Settings) any { return &s.Console }},
	{"debug", KindBool, "0", "", "", "", "Let debuggers attach to the running process through the socket; they can stop users and change everything.", func(s *Settings) any { return &s.Debug }},
}

// retiredLua holds the [lua] keys of earlier versions, and the reason for a warning
// if a config still sets one.
var retiredLua = map[string]string{
	"bytecode": "compiled scripts are no longer kept in a file",
}

// LuaOptions returns a description of every [lua] key, in the order of the
// documentation.
func LuaOptions() []LuaOption { return slices.Clone(luaOptions) }
