// Package database opens the database in which scripts store data. It hides the
// differences between SQLite, PostgreSQL and MySQL: placeholders, transactions,
// errors, and migrations that run once.
//
// It connects when a database is first used, and reconnects after a connection is
// lost.
package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"spectrumlua/runtime/meter"
)

// Sizes of pools. A transport has many processes, and a server often accepts only
// 100 connections.
const (
	maxConns    = 4
	maxIdle     = 2
	idleTime    = time.Minute
	lifetime    = 30 * time.Minute
	maxPrepared = 64 // statements
)

// Conn runs statements: a DB or a Tx. A DB is safe for concurrent use, a Tx is not.
// Errors contain no secrets and may be shown.
type Conn interface {
	// Query runs a statement that returns rows. The caller must close the rows, and
	// ctx must not end before that.
	Query(ctx context.Context, text string, args ...any) (*sql.Rows, error)
	// Exec runs a statement without rows.
	Exec(ctx context.Context, text string, args ...any) (sql.Result, error)
	// Row reads the first row into dest. It returns false if the statement has no
	// rows. Use it only for statements that find the row quickly.
	Row(ctx context.Context, text string, args []any, dest ...any) (found bool, err error)
	// Plain converts an error of reading rows into one that may be shown.
	Plain(err error) error
	Engine() *Engine
}

// DB is a database. It is safe for concurrent use.
type DB struct {
	source Source
	meter  atomic.Pointer[meter.Backend] // nil if nothing is measured

	mu     sync.Mutex
	closed bool
	dir    string // the folder of a temporary database
	read   *pool
	write  *pool // the same as read, except for SQLite, which has one writer at a time
}

// New returns the database at p. It does not connect.
func New(p Source) *DB { return &DB{source: p} }

// Source returns the location of the database.
func (d *DB) Source() Source { return d.source }

// Measure makes m measure the statements.
func (d *DB) Measure(m *meter.Backend) { d.meter.Store(m) }

// Engine returns the kind of the database.
func (d *DB) Engine() *Engine { return d.source.Engine }

// Close closes all connections. Running and later statements fail.
func (d *DB) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.closed = true
	var errs []error
	for _, p := range d.pools() {
		errs = append(errs, p.close())
	}
	if d.dir != "" {
		errs = append(errs, os.RemoveAll(d.dir))
	}
	return d.plain(errors.Join(errs...))
}

func (d *DB) pools() []*pool {
	all := []*pool{d.read, d.write}
	if d.read == d.write {
		all = all[:1]
	}
	return slices.DeleteFunc(all, func(p *pool) bool { return p == nil })
}

var errClosed = errors.New("the database is closed")

// open creates the pools. It does not connect.
func (d *DB) open() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return errClosed
	case d.read != nil:
		return nil
	}
	path := d.source.Path
	if d.source.Temporary {
		dir, err := os.MkdirTemp("", "spectrum2-lua-")
		if err != nil {
			return err
		}
		d.dir, path = dir, filepath.Join(dir, FileName)
	}
	connector, err := d.Engine().connector(d.source, path)
	if err != nil {
		return err
	}
	if lite, ok := connector.(*sqliteConnector); ok {
		d.read = newPool(lite.reader(d.source.Turns), d.Engine(), maxConns)
		d.write = newPool(connector, d.Engine(), 1)
		return nil
	}
	d.read = newPool(connector, d.Engine(), maxConns)
	d.write = d.read
	return nil
}

// Query implements Conn.
func (d *DB) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if err := d.open(); err != nil {
		return nil, d.plain(err)
	}
	m := d.meter.Load()
	began := m.Begin()
	rows, err := d.read.query(ctx, text, args)
	if d.source.Turns && err != nil && d.Engine().kind(err) == busy {
		rows, err = d.write.query(ctx, text, args)
	}
	m.Queried(began, err)
	return rows, d.plain(err)
}

// Exec implements Conn.
func (d *DB) Exec(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if err := d.open(); err != nil {
		return nil, d.plain(err)
	}
	m := d.meter.Load()
	began := m.Begin()
	result, err := d.write.exec(ctx, text, args)
	m.Written(began, err)
	return result, d.plain(err)
}

// Row implements Conn.
func (d *DB) Row(ctx context.Context, text string, args []any, dest ...any) (bool, error) {
	if d.Engine() == SQLite && !d.source.Turns && ctx.Err() == nil {
		// Reads are short: a reader rarely waits for a lock, and at most for
		// readerBusy. Watching ctx would cost more than the read. With Turns, a reader
		// may wait for the writers.
		ctx = context.WithoutCancel(ctx)
	}
	return row(ctx, d, d.plain, text, args, dest)
}

func row(ctx context.Context, c Conn, plain func(error) error, text string, args, dest []any) (found bool, err error) {
	rows, err := c.Query(ctx, text, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close() //nolint:errcheck // the error is that of Err
	if !rows.Next() {
		return false, plain(rows.Err())
	}
	if err := rows.Scan(dest...); err != nil {
		return false, plain(err)
	}
	return true, plain(rows.Close())
}

// Bind converts a statement with ? placeholders to the engine's syntax. It returns
// an error if the number of values does not match, if the text contains no
// statement, or if it begins or ends a transaction; use Begin for that.
func (d *DB) Bind(text string, values int) (string, error) {
	if d.Engine().syntax.empty(text) {
		return "", errors.New("the statement is empty")
	}
	if d.Engine().syntax.controls(text) {
		return "", errors.New("transactions begin and end with transaction(function() … end), not with statements of their own")
	}
	bound, n := d.Engine().bind(text)
	if n >= 0 && n != values {
		return "", fmt.Errorf("the statement has %d placeholders, but there are %d values", n, values)
	}
	return bound, nil
}

// Plain implements Conn.
func (d *DB) Plain(err error) error { return d.plain(err) }

// pool holds connections and their prepared statements.
type pool struct {
	db     *sql.DB
	engine *Engine

	mu       sync.Mutex
	prepared map[string]*sql.Stmt
	order    []string // least recently used first
}

func newPool(c driver.Connector, e *Engine, size int) *pool {
	db := sql.OpenDB(c)
	db.SetMaxOpenConns(size)
	db.SetMaxIdleConns(min(size, maxIdle))
	db.SetConnMaxIdleTime(idleTime)
	db.SetConnMaxLifetime(lifetime)
	return &pool{db: db, engine: e, prepared: map[string]*sql.Stmt{}}
}

func (p *pool) close() error {
	p.mu.Lock()
	statements := p.prepared
	p.prepared = map[string]*sql.Stmt{}
	p.mu.Unlock()
	for _, s := range statements {
		_ = s.Close()
	}
	return p.db.Close()
}

func (p *pool) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	if err := p.engine.check(ctx, p.db.QueryContext, text, args); err != nil {
		return nil, err
	}
	s, err := p.statement(ctx, text, args)
	switch {
	case err != nil:
		return nil, err
	case s != nil:
		return s.QueryContext(ctx, args...)
	}
	return p.db.QueryContext(ctx, text, args...)
}

func (p *pool) exec(ctx context.Context, text string, args []any) (sql.Result, error) {
	if err := p.engine.check(ctx, p.db.QueryContext, text, args); err != nil {
		return nil, err
	}
	s, err := p.statement(ctx, text, args)
	if err != nil {
		return nil, err
	}
	if s != nil {
		return p.engine.run(ctx, text, args, runner{s.QueryContext, s.ExecContext})
	}
	return p.engine.run(ctx, text, args, runner{
		func(ctx context.Context, args ...any) (*sql.Rows, error) {
			return p.db.QueryContext(ctx, text, args...)
		},
		func(ctx context.Context, args ...any) (sql.Result, error) {
			return p.db.ExecContext(ctx, text, args...)
		},
	})
}

// statement returns a prepared statement, or nil if preparing is not worthwhile:
// statements without arguments rarely repeat.
func (p *pool) statement(ctx context.Context, text string, args []any) (*sql.Stmt, error) {
	if !p.engine.prepares || len(args) == 0 {
		return nil, nil
	}
	if s := p.known(text); s != nil {
		return s, nil
	}
	s, err := p.db.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	return p.keep(text, s), nil
}

// known returns a statement that is already prepared, or nil.
func (p *pool) known(text string) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := p.prepared[text]
	if n := len(p.order); s != nil && n > 0 && p.order[n-1] != text {
		p.order = append(slices.DeleteFunc(p.order, func(other string) bool { return other == text }), text)
	}
	return s
}

// keep stores a statement and closes the least recently used one if necessary.
func (p *pool) keep(text string, s *sql.Stmt) *sql.Stmt {
	p.mu.Lock()
	defer p.mu.Unlock()
	if other := p.prepared[text]; other != nil {
		_ = s.Close()
		return other
	}
	p.prepared[text] = s
	p.order = append(p.order, text)
	if len(p.order) > maxPrepared {
		_ = p.prepared[p.order[0]].Close() // calls that use it now are not affected
		delete(p.prepared, p.order[0])
		p.order = p.order[1:]
	}
	return s
}
