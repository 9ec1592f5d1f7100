package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Tx is a serializable transaction. It ends with Commit or Rollback, or rolls back
// when the context of Begin ends.
//
// After a statement is cancelled or conflicts with another transaction, all later
// calls fail, including Commit. Some engines have rolled the transaction back by then,
// and later statements would take effect alone.
type Tx struct {
	db       *DB
	pool     *pool
	tx       *sql.Tx
	ctx      context.Context // the one of Begin
	ended    bool            // by Commit or Rollback
	conflict bool
	broken   error // why all later calls fail
}

// Begin begins a transaction. ctx must live as long as the transaction.
func (d *DB) Begin(ctx context.Context) (*Tx, error) {
	if d.Engine() == SQLite {
		return d.begin(ctx, nil) // all its transactions are serializable
	}
	return d.begin(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
}

// BeginDefault begins a transaction with the isolation that the server uses by default.
// Unlike the ones of Begin, two transactions that change different rows never conflict.
func (d *DB) BeginDefault(ctx context.Context) (*Tx, error) { return d.begin(ctx, nil) }

// BeginReading begins a transaction that only reads, from a consistent snapshot. It
// blocks no other transaction.
func (d *DB) BeginReading(ctx context.Context) (*Tx, error) {
	if err := d.open(); err != nil {
		return nil, d.plain(err)
	}
	options := &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}
	if d.Engine() == SQLite {
		options = &sql.TxOptions{ReadOnly: true}
	}
	return d.beginOn(ctx, d.read, options)
}

func (d *DB) begin(ctx context.Context, options *sql.TxOptions) (*Tx, error) {
	if err := d.open(); err != nil {
		return nil, d.plain(err)
	}
	return d.beginOn(ctx, d.write, options)
}

func (d *DB) beginOn(ctx context.Context, p *pool, options *sql.TxOptions) (*Tx, error) {
	tx, err := p.db.BeginTx(ctx, options)
	if err != nil {
		return nil, d.plain(err)
	}
	return &Tx{db: d, pool: p, tx: tx, ctx: ctx}, nil
}

// Engine implements Conn.
func (t *Tx) Engine() *Engine { return t.db.Engine() }

// Conflicted reports whether a statement or the commit failed because of another
// transaction. The same transaction may succeed if it runs again.
func (t *Tx) Conflicted() bool { return t.conflict }

// plain is DB.plain. It also records what the error means for the transaction.
func (t *Tx) plain(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sql.ErrTxDone) && !t.ended && t.ctx.Err() != nil:
		return t.db.plain(t.ctx.Err())
	case errors.Is(err, sql.ErrTxDone):
		return errors.New("the transaction has ended")
	}
	err = t.db.plain(err)
	t.conflict = t.conflict || errors.Is(err, ErrConflict)
	if t.broken == nil && (breaks(err) || t.Engine() == SQLite && !t.alive()) {
		t.broken = fmt.Errorf("the transaction was rolled back: %w", err)
	}
	return err
}

// breaks reports whether the state of the transaction is unknown after an error.
func breaks(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return true
	}
	var e *Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.kind {
	case otherError, duplicate, missing:
		return false
	}
	return true
}

// alive reports whether the transaction is still open. SQLite rolls it back by
// itself after a disk error or with INSERT OR ROLLBACK, and only then accepts
// another BEGIN.
func (t *Tx) alive() bool {
	if t.ctx.Err() != nil {
		return false
	}
	_, err := t.tx.ExecContext(context.WithoutCancel(t.ctx), "BEGIN")
	return err != nil
}

// Plain implements Conn.
func (t *Tx) Plain(err error) error { return t.plain(err) }

// Query implements Conn.
func (t *Tx) Query(ctx context.Context, text string, args ...any) (rows *sql.Rows, err error) {
	if t.broken != nil {
		return nil, t.broken
	}
	m := t.db.meter.Load()
	began := m.Begin()
	defer func() { m.Queried(began, err) }()
	if err := t.Engine().check(ctx, t.tx.QueryContext, text, args); err != nil {
		return nil, t.plain(err)
	}
	if s := t.statement(ctx, text, args); s != nil {
		rows, err := s.QueryContext(ctx, args...)
		return rows, t.plain(err)
	}
	rows, err = t.tx.QueryContext(ctx, text, args...)
	return rows, t.plain(err)
}

// Exec implements Conn.
func (t *Tx) Exec(ctx context.Context, text string, args ...any) (result sql.Result, err error) {
	if t.broken != nil {
		return nil, t.broken
	}
	m := t.db.meter.Load()
	began := m.Begin()
	defer func() { m.Written(began, err) }()
	if err := t.Engine().check(ctx, t.tx.QueryContext, text, args); err != nil {
		return nil, t.plain(err)
	}
	r := runner{
		func(ctx context.Context, args ...any) (*sql.Rows, error) {
			return t.tx.QueryContext(ctx, text, args...)
		},
		func(ctx context.Context, args ...any) (sql.Result, error) {
			return t.tx.ExecContext(ctx, text, args...)
		},
	}
	if s := t.statement(ctx, text, args); s != nil {
		r = runner{s.QueryContext, s.ExecContext}
	}
	result, err = t.Engine().run(ctx, text, args, r)
	return result, t.plain(err)
}

// statement returns a statement that the pool has already prepared, or nil. It does
// not prepare a new one: the transaction may hold the pool's only connection.
func (t *Tx) statement(ctx context.Context, text string, args []any) *sql.Stmt {
	if len(args) == 0 {
		return nil
	}
	s := t.pool.known(text)
	if s == nil {
		return nil
	}
	return t.tx.StmtContext(ctx, s)
}

// Row implements Conn.
func (t *Tx) Row(ctx context.Context, text string, args []any, dest ...any) (bool, error) {
	return row(ctx, t, t.plain, text, args, dest)
}

// Commit commits the transaction. After an error the transaction has no effect,
// unless the connection was lost during the commit.
func (t *Tx) Commit() (err error) {
	if t.broken != nil {
		t.Rollback()
		return t.broken
	}
	m := t.db.meter.Load()
	began := m.Begin()
	defer func() { m.Written(began, err) }()
	err = t.tx.Commit()
	if errors.Is(err, sql.ErrTxDone) {
		return t.plain(err)
	}
	t.ended = true
	err = t.db.plain(err)
	t.conflict = t.conflict || errors.Is(err, ErrConflict)
	return err
}

// Rollback rolls the transaction back. It does nothing if the transaction has
// ended.
func (t *Tx) Rollback() {
	t.ended = true
	_ = t.tx.Rollback() // if it fails, the connection is dropped, and with it the transaction
}
