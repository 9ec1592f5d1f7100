package database

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"

	"spectrumlua/runtime/config"
)

// FileName is the SQLite file in [service] working_dir that is used if the config
// names no database.
const FileName = "spectrum2-lua.sqlite"

// storeConfigured is the value of [lua] store that selects the section [database].
const storeConfigured = "database"

// Source is the location of a database with its credentials. String omits the
// passwords.
type Source struct {
	Engine *Engine
	// Prefix starts the names of the tables that this program creates.
	Prefix string
	// Path is SQLite's file, absolute. It is empty if Temporary is true: the file
	// is deleted with the DB.
	Path      string
	Temporary bool
	// Foreign is true for a database that is not ours. Its journal mode stays
	// unchanged.
	Foreign bool
	// Turns lets a reader of SQLite's file that has found it locked for a moment wait for the
	// connection of the writers instead. In a Foreign file, readers and writers exclude each
	// other, and a series of transactions could keep a reader out until its time is up. A
	// goroutine with a transaction must then use nothing else of the DB.
	Turns bool
	// Confined prevents SQL from accessing any file but Path.
	Confined bool

	dsn     string   // of a server, in the format of its driver
	alone   bool     // only dsn provides credentials: see Parse
	shown   string   // the location without its password
	where   string   // the config key that names the database, or "" if no key does
	file    string   // the config keys that name Path; default: those of the store
	secrets []string // texts that must not be shown
}

// String returns the location without its password.
func (p Source) String() string {
	switch {
	case p.Temporary:
		return "a database in memory"
	case p.Engine == SQLite:
		return p.Path
	}
	return p.shown
}

// FromConfig returns the database in which scripts store data: that of [lua] store,
// or else of [database]. Errors name the line in the config.
func FromConfig(c *config.Config, settings config.Settings) (Source, error) {
	prefix, err := sectionPrefix(c)
	if err != nil {
		return Source{}, err
	}
	place, err := configured(c, settings.Store)
	if err != nil {
		return Source{}, err
	}
	place.Prefix = prefix
	place.where = c.Where("database.type") + ": [database]"
	if _, named := c.Get("lua.store"); named && settings.Store != storeConfigured {
		place.where = c.Where("lua.store") + ": [lua] store"
	}
	return place, nil
}

func isPrefix(s string) bool {
	letter := func(r rune) bool { return r < 0x80 && wordPart(byte(r)) }
	return len(s) <= 32 && strings.TrimFunc(s, letter) == ""
}

func configured(c *config.Config, store string) (Source, error) {
	switch store {
	case "", storeConfigured:
	default:
		place, err := parse(store, c.Dir(), false)
		place.Foreign = false
		if err != nil {
			err = fmt.Errorf("%s: [lua] store: %w", c.Where("lua.store"), err)
		}
		return place, err
	}
	kind, _ := c.Get("database.type")
	switch kind {
	case "", "none", "sqlite3":
		if name, _ := c.Get("database.database"); kind == "sqlite3" && name == ":memory:" {
			return Temporary(), nil // Spectrum's users do not survive the process, so their values must not either
		}
		return File(filepath.Join(c.WorkingDir(), FileName)), nil
	}
	return fromType(c, kind)
}

// File returns the Source of an SQLite file that belongs to this program.
func File(path string) Source { return Source{Engine: SQLite, Path: path} }

// Temporary returns the Source of a database that is deleted when it is closed.
func Temporary() Source { return Source{Engine: SQLite, Temporary: true} }

// fromKeys reads the keys that mysql and pqxx share.
func fromKeys(c *config.Config, e *Engine, port string) (Source, error) {
	get := func(key, otherwise string) string {
		value, _ := c.Get("database." + key)
		return cmp.Or(value, otherwise)
	}
	if given := get("port", "0"); given != "0" { // 0 is Spectrum's default: the engine's own port
		port = given
	}
	s := server{
		host: get("server", "localhost"), port: port, user: get("user", ""), password: get("password", ""),
		database: get("database", ""),
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return Source{}, fmt.Errorf("%s: [database] port has to be a number from 1 to 65535, not %q", c.Where("database.port"), port)
	}
	place, err := e.place(s)
	if err != nil {
		err = fmt.Errorf("%s: [database]: %w", c.Where("database.type"), err)
	}
	return place, err
}

// fromWords reads a connectionstring, which is PostgreSQL's own notation:
// "host=… user=… password=…" or a URL.
func fromWords(c *config.Config, words string) (Source, error) {
	place, err := postgresWords(words)
	if err != nil {
		err = fmt.Errorf("%s: [database] connectionstring: %w", c.Where("database.connectionstring"), err)
	}
	return place, err
}

// server is a database that is reached over the network, or over a Unix socket
// if host starts with a slash.
type server struct {
	host, port, user, password, database string
	tls                                  string // "", "disable", "require" or "verify"
	// alone keeps the driver from reading credentials from the environment and the
	// home directory.
	alone bool
}

func (s server) unix() bool { return strings.HasPrefix(s.host, "/") }

// near reports whether the server is on this machine.
func (s server) near() bool {
	if s.unix() || s.host == "localhost" {
		return true
	}
	ip := net.ParseIP(s.host)
	return ip != nil && ip.IsLoopback()
}

func (s server) shown(scheme string) string {
	return fmt.Sprintf("%s://%s/%s", scheme, net.JoinHostPort(s.host, s.port), s.database)
}

// Parse parses a location: "sqlite:PATH" or only a path, relative to dir;
// "memory", which SQLite calls ":memory:";
// "postgres://USER:PASSWORD@HOST:PORT/DATABASE"; or "mysql://…" in the same format.
// A server accepts ?tls=disable, require or verify. By default, connections to
// other machines try TLS. The Source is Foreign. Errors contain no password.
//
// Only the text provides credentials: a script may name a server that must not
// receive a password from the environment.
func Parse(text, dir string) (Source, error) { return parse(text, dir, true) }

func parse(text, dir string, alone bool) (Source, error) {
	if config.InMemory(text) {
		return Temporary(), nil
	}
	scheme, rest, found := strings.Cut(text, ":")
	e := engines[scheme]
	switch {
	case !found || e == nil && !strings.Contains(text, "://"):
		rest, e = text, SQLite
	case e == nil:
		return Source{}, fmt.Errorf("the scheme %q is unknown: sqlite:, postgres:// and mysql:// are known", scheme)
	}
	if e == SQLite {
		path := strings.TrimPrefix(rest, "//")
		if found && config.InMemory(path) {
			return Temporary(), nil
		}
		return parsePath(path, dir)
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" && !strings.HasPrefix(rest, "//") || u.Opaque != "" {
		return Source{}, fmt.Errorf("this is not a URL like %s://USER:PASSWORD@HOST:PORT/DATABASE; in a password, %%2F stands for / and %%40 for @", scheme)
	}
	s, err := parseServer(u)
	if err != nil {
		return Source{}, err
	}
	s.port, s.alone = cmp.Or(s.port, e.port), alone
	place, err := e.place(s)
	place.Foreign = true
	return place, err
}

func parsePath(path, dir string) (Source, error) {
	switch {
	case strings.HasPrefix(path, "file:"):
		return Source{}, fmt.Errorf("SQLite's URIs (file:…) are not supported: write only the path, or \"memory\"")
	case path == "":
		return Source{}, fmt.Errorf("the file's name is missing, as in sqlite:bot.sqlite")
	case strings.ContainsRune(path, 0):
		return Source{}, fmt.Errorf("the file's name contains a NUL byte")
	case !filepath.IsAbs(path):
		path = filepath.Join(dir, path)
	}
	place := File(filepath.Clean(path))
	place.Foreign = true
	return place, nil
}

func parseServer(u *url.URL) (server, error) {
	s := server{host: u.Hostname(), port: u.Port(), database: strings.TrimPrefix(u.Path, "/")}
	s.user = u.User.Username()
	s.password, _ = u.User.Password()
	for key, values := range u.Query() {
		switch key {
		case "tls", "sslmode":
			s.tls = values[0]
		case "socket":
			s.host = values[0]
			if !s.unix() {
				return s, fmt.Errorf("socket is the path of a Unix socket (mysql) or of its folder (postgres)")
			}
		default:
			return s, fmt.Errorf("the parameter %q is unknown: tls and socket are known", key)
		}
	}
	switch s.tls {
	case "", "disable", "require", "verify":
	case "verify-full":
		s.tls = "verify"
	default:
		return s, fmt.Errorf("tls is disable, require or verify, not %q", s.tls)
	}
	if s.host == "" {
		s.host = "localhost"
	}
	return s, nil
}

// Where returns the position in the config that names the database, with its key.
func (p Source) Where() string { return p.where }

// Unix reports whether the database is reached over a Unix socket.
func (p Source) Unix() bool { return strings.HasPrefix(p.shown, "unix:") }
