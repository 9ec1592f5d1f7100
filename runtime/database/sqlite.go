package database

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

func newSQLite() *Engine {
	return &Engine{
		Name:      "sqlite",
		syntax:    syntax{backtick: true, bracket: true},
		prepares:  true,
		connector: connectSQLite,
		columns:   sqliteColumns,
		kind:      sqliteKind,
		// A transaction already holds SQLite's only write lock when it begins.
		lockMigrations: func(context.Context, *Tx, int) error { return nil },
	}
}

// busyTimeout is longer than any call takes: the call's own context ends the wait
// for a lock.
const busyTimeout = "600000" // ms

// sqliteConnector opens connections to a file. It runs the pragmas itself, because
// the driver does not watch the context while a pragma of its DSN waits for a lock.
type sqliteConnector struct {
	driver.Connector
	pragmas  []string
	confined bool
}

func connectSQLite(p Source, path string) (driver.Connector, error) {
	if err := makeFile(path); err != nil {
		return nil, fileError(err, cmp.Or(p.file, "[service] working_dir or [lua] store"))
	}
	query := url.Values{
		"_busy_timeout": {busyTimeout},
		"_txlock":       {"immediate"}, // otherwise a transaction that reads first might be unable to write
		"_dqs":          {"0"},
		"_error_rc":     {"1"},
	}
	if p.Confined {
		query.Set("_defensive", "1")
	}
	inner, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode())
	if err != nil {
		return nil, err
	}
	c := &sqliteConnector{Connector: inner, confined: p.Confined, pragmas: []string{"PRAGMA foreign_keys=1"}}
	switch {
	case p.Temporary:
		c.pragmas = append(c.pragmas, "PRAGMA journal_mode=WAL", "PRAGMA synchronous=OFF")
	case !p.Foreign:
		// In WAL mode, only FULL guarantees that a commit is on the disk when it returns.
		c.pragmas = append(c.pragmas, "PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL")
	}
	return c, nil
}

// makeFile creates the file and its folder if they do not exist. Only this user may
// read the file; SQLite gives its other files the same permissions.
func makeFile(path string) error {
	if err := MakeFolder(filepath.Dir(path)); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		// Do not open the file: closing it would release all locks that this
		// process holds on it, and other processes would delete the WAL.
		if err := unix.Access(path, unix.R_OK|unix.W_OK); err != nil {
			return &fs.PathError{Op: "access", Path: path, Err: err}
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			return &fs.PathError{Op: "open", Path: path, Err: syscall.EISDIR}
		}
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(LikeFolder(f), f.Close())
}

// MakeFolder creates a folder and its parents. If root creates them, they belong to
// the owner of the folder above.
func MakeFolder(dir string) error {
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
		return err
	}
	if err := MakeFolder(filepath.Dir(dir)); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o750); err != nil {
		if errors.Is(err, fs.ErrExist) { // another process was first
			return nil
		}
		return err
	}
	return likeFolder(dir, func(uid, gid int) error { return os.Lchown(dir, uid, gid) })
}

// LikeFolder gives a new file to the owner of its folder if root creates it.
// Otherwise the backends, which run as another user, could not use it.
func LikeFolder(f *os.File) error { return likeFolder(f.Name(), f.Chown) }

func likeFolder(path string, chown func(uid, gid int) error) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return nil
	}
	return chown(int(owner.Uid), int(owner.Gid))
}

// fileError names the file and the keys of the config that place it.
func fileError(err error, keys string) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return fmt.Errorf("%s: %w; %s says where the database is", path.Path, path.Err, keys)
	}
	return err
}

// readerBusy is how long a reader waits for a lock. In WAL mode only a process that
// repairs or changes the whole file holds one. turnBusy is the same with Source.Turns.
const (
	readerBusy = "PRAGMA busy_timeout=3000"
	turnBusy   = "PRAGMA busy_timeout=200"
)

// reader returns a connector for connections that only read.
func (c *sqliteConnector) reader(turns bool) *sqliteConnector {
	wait := readerBusy
	if turns {
		wait = turnBusy
	}
	return &sqliteConnector{Connector: c.Connector, confined: c.confined, pragmas: append(slices.Clone(c.pragmas), wait)}
}

// Connect implements driver.Connector.
func (c *sqliteConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, err
	}
	for _, pragma := range c.pragmas {
		if err := execPragma(ctx, conn, pragma); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	if c.confined {
		if err := conn.(sqlite.AuthorizerRegisterer).RegisterAuthorizer(confine); err != nil {
			_ = conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

// busyPause is the pause between two attempts of execPragma.
const busyPause = 2 * time.Millisecond

// execPragma runs a pragma, and retries until ctx is done if the file is locked.
// SQLite does not wait for the lock when two processes switch a new file to WAL at
// the same time: one of them fails at once.
func execPragma(ctx context.Context, conn driver.Conn, pragma string) error {
	for {
		_, err := conn.(driver.ExecerContext).ExecContext(ctx, pragma, nil)
		if err == nil || sqliteKind(err) != busy {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(busyPause):
		}
	}
}

// pragmasOfFiles holds pragmas that name files or weaken the confinement.
var pragmasOfFiles = map[string]bool{
	"temp_store_directory": true, "data_store_directory": true, "writable_schema": true,
}

// confine keeps SQL within its file. It denies every ATTACH, because SQLite does not
// report the file if an expression computes its name. This denies VACUUM too, which
// attaches a file internally.
func confine(action sqlite.AuthorizerActionCode, first, _, _, _ string) sqlite.AuthorizerReturnCode {
	switch {
	case action == sqlite.AuthAttach,
		action == sqlite.AuthPragma && pragmasOfFiles[strings.ToLower(first)]:
		return sqlite.AuthorizerDeny
	}
	return sqlite.AuthorizerOK
}

func sqliteKind(err error) errorKind {
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return otherError
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return duplicate
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		if e.Code() == sqlite3.SQLITE_BUSY_SNAPSHOT {
			return conflict
		}
		return busy
	case sqlite3.SQLITE_FULL:
		return full
	case sqlite3.SQLITE_ERROR:
		if strings.Contains(e.Error(), "no such table") || strings.Contains(e.Error(), "no such column") {
			return missing
		}
	case sqlite3.SQLITE_CANTOPEN:
		return lost
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return damaged
	}
	return otherError
}
