package database

import (
	"context"
	"database/sql"
	"errors"
)

// Tx is a transaction that runs as if it were alone. It ends with Commit or
// Rollback, or with the context that it was begun with, which rolls it back.
type Tx struct {
	db       *DB
	pool     *pool
	tx       *sql.Tx
	conflict bool
}

// Begin begins a transaction. ctx must live as long as it.
func (d *DB) Begin(ctx context.Context) (*Tx, error) {
	if d.Engine() == SQLite {
		return d.begin(ctx, nil) // all are serializable
	}
	return d.begin(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
}

// BeginReading begins a transaction that only reads, and sees all as of one
// moment. It holds up nobody.
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
	return &Tx{db: d, pool: p, tx: tx}, nil
}

// Engine implements Conn.
func (t *Tx) Engine() *Engine { return t.db.Engine() }

// Conflicted tells that a statement, or the commit, has failed since another
// transaction was in the way: the same transaction may succeed if it is run
// again.
func (t *Tx) Conflicted() bool { return t.conflict }

// plain is DB.plain, and keeps in mind that there was a conflict.
func (t *Tx) plain(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return errors.New("the transaction has ended")
	}
	err = t.db.plain(err)
	t.conflict = t.conflict || errors.Is(err, ErrConflict)
	return err
}

// Query implements Conn.
func (t *Tx) Query(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	if s := t.statement(ctx, text, args); s != nil {
		rows, err := s.QueryContext(ctx, args...)
		return rows, t.plain(err)
	}
	rows, err := t.tx.QueryContext(ctx, text, args...)
	return rows, t.plain(err)
}

// Exec implements Conn.
func (t *Tx) Exec(ctx context.Context, text string, args ...any) (sql.Result, error) {
	if s := t.statement(ctx, text, args); s != nil {
		result, err := s.ExecContext(ctx, args...)
		return result, t.plain(err)
	}
	result, err := t.tx.ExecContext(ctx, text, args...)
	return result, t.plain(err)
}

// statement is a statement that the pool has prepared. A new one is not: the
// pool's only connection may be the transaction's.
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

// Commit makes it last. An error means that it did not, unless the database was
// lost in that very moment.
func (t *Tx) Commit() error { return t.plain(t.tx.Commit()) }

// Rollback undoes it. It does nothing once the transaction has ended.
func (t *Tx) Rollback() {
	_ = t.tx.Rollback() // if it fails, the connection is dropped, and with it the transaction
}
