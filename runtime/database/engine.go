package database

import (
	"context"
	"database/sql/driver"
	"errors"
)

// Engine is a kind of database, and all that differs between them.
type Engine struct {
	// Name is "sqlite", "postgresql" or "mysql" (which MariaDB is, too).
	Name string

	port   string
	syntax syntax
	// Numbered says that placeholders are $1, $2 … and not ?.
	numbered bool
	// prepares says that statements are worth to be kept prepared.
	prepares bool
	// place makes a Source of a server.
	place func(s server) (Source, error)
	// connector makes what opens connections. For SQLite, path is the file.
	connector func(p Source, path string) (driver.Connector, error)
	// columns finds the columns of those tables that exist; nil if the server
	// refuses fractions for integers by itself.
	columns func(ctx context.Context, query queryFunc, tables []string) ([]column, error)
	// kind tells what an error means.
	kind func(err error) errorKind
	// lockMigrations keeps other processes from migrating until the
	// transaction ends, or unlockMigrations is called.
	lockMigrations   func(ctx context.Context, tx *Tx, timeout int) error
	unlockMigrations string
}

// The engines.
var (
	SQLite     *Engine
	PostgreSQL *Engine
	MySQL      *Engine
)

// engines by the schemes of URLs.
var engines map[string]*Engine

func init() {
	SQLite = newSQLite()
	PostgreSQL = newPostgreSQL()
	MySQL = newMySQL()
	engines = map[string]*Engine{
		"sqlite": SQLite, "sqlite3": SQLite,
		"postgres": PostgreSQL, "postgresql": PostgreSQL,
		"mysql": MySQL, "mariadb": MySQL,
	}
}

// Quote writes a name of a table or column.
func (e *Engine) Quote(name string) string {
	mark := byte('"')
	if e == MySQL {
		mark = '`'
	}
	quoted := []byte{mark}
	for i := range len(name) {
		if name[i] == mark {
			quoted = append(quoted, mark)
		}
		quoted = append(quoted, name[i])
	}
	return string(append(quoted, mark))
}

// errorKind is what an error means to whoever decides what to do next.
type errorKind int

const (
	otherError errorKind = iota
	// conflict: another transaction was in the way; the same again may succeed.
	conflict
	// busy: somebody holds a lock for longer than was waited.
	busy
	// lost: the database cannot be reached.
	lost
	// full: there is no room left.
	full
	// damaged: the file is not what SQLite has written.
	damaged
)

// ErrConflict is in errors after which the same transaction may succeed.
var ErrConflict = errors.New("another transaction was in the way")

// ErrLost is in errors that mean that the database cannot be reached.
var ErrLost = errors.New("the database cannot be reached")
