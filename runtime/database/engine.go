package database

import (
	"context"
	"database/sql/driver"
	"errors"
)

// Engine is a kind of database, with all differences between the kinds.
type Engine struct {
	// Name is "sqlite", "postgresql" or "mysql", which includes MariaDB.
	Name string

	port   string
	syntax syntax
	// numbered is true if placeholders are $1, $2 … instead of ?.
	numbered bool
	// prepares is true if it is worthwhile to keep statements prepared.
	prepares bool
	// place returns the Source for a server.
	place func(s server) (Source, error)
	// connector returns the driver's connector. For SQLite, path is the file.
	connector func(p Source, path string) (driver.Connector, error)
	// columns returns the columns of those tables that exist. It is nil if the
	// server itself rejects fractions for integers.
	columns func(ctx context.Context, query queryFunc, tables []string) ([]column, error)
	// kind classifies an error.
	kind func(err error) errorKind
	// lockMigrations keeps other processes from migrating until the transaction
	// ends or the statement unlockMigrations runs.
	lockMigrations   func(ctx context.Context, tx *Tx, timeout int) error
	unlockMigrations string
}

// The engines.
var (
	SQLite     *Engine
	PostgreSQL *Engine
	MySQL      *Engine
)

// engines holds the engines by the schemes of URLs.
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

// Quote returns the name of a table or column in the engine's quotes.
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

// errorKind is the class of an error, by what the caller can do about it.
type errorKind int

const (
	otherError errorKind = iota
	// conflict: another transaction interfered. A retry may succeed.
	conflict
	// busy: another process holds a lock for too long.
	busy
	// lost: the database cannot be reached.
	lost
	// full: the disk is full.
	full
	// damaged: the file is corrupt.
	damaged
	// duplicate: a row with the same unique value exists.
	duplicate
	// missing: the statement names a table or a column that does not exist.
	missing
)

// ErrConflict is wrapped by errors after which the same transaction may succeed.
var ErrConflict = errors.New("another transaction was in the way")

// ErrDuplicate is wrapped by errors of statements that violate a unique index.
var ErrDuplicate = errors.New("a row with this value exists")

// ErrMissing is wrapped by errors of statements with a table or a column that does not exist.
var ErrMissing = errors.New("a table or a column does not exist")

// ErrLost is wrapped by errors of a database that cannot be reached.
var ErrLost = errors.New("the database cannot be reached")
