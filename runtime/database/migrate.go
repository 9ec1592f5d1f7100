package database

import (
	"context"
	"fmt"
	"time"
)

// Migration runs numbered steps once and in order, even if several processes ask
// for it. It holds a lock that keeps other processes from migrating.
type Migration struct {
	// Tx is the transaction of the steps. In MySQL, statements that change tables
	// take effect at once, so a failed step is not undone.
	Tx *Tx
	// Done is the number of steps that have run.
	Done int

	name   string
	table  string
	cancel context.CancelFunc
	ctx    context.Context
}

// lockWait is how long a migration waits for another process, in seconds.
const lockWait = 60

// migrationTime limits the duration of a migration.
const migrationTime = 10 * time.Minute

// migrationsTable returns the name of the table that records the steps.
func (d *DB) migrationsTable() string {
	return d.Engine().Quote(d.source.Prefix + "spectrum2_lua_migrations")
}

// Migrated returns the number of steps with that name that have run, without a
// lock. It returns 0 if the number is unknown.
func (d *DB) Migrated(ctx context.Context, name string) int {
	text, err := d.Bind("SELECT COALESCE(MAX(step), 0) FROM "+d.migrationsTable()+" WHERE name = ?", 1)
	if err != nil {
		return 0
	}
	var done int
	_, _ = d.Row(ctx, text, []any{name}, &done) // fails if the table does not exist yet
	return done
}

// Migrate waits until no other process migrates, and begins a migration. The caller
// must call Finish or Abandon. ctx only limits the waiting.
func (d *DB) Migrate(ctx context.Context, name string) (*Migration, error) {
	// The transaction has its own context, so that a lock that outlives it can be
	// released when ctx is done.
	own, cancel := context.WithTimeout(context.WithoutCancel(ctx), migrationTime)
	stop := context.AfterFunc(ctx, cancel)
	defer stop()
	tx, err := d.begin(own, nil) // not serializable: it must see what others did before it got the lock
	if err != nil {
		cancel()
		return nil, err
	}
	m := &Migration{Tx: tx, name: name, table: d.migrationsTable(), ctx: own, cancel: cancel}
	if err := m.begin(); err != nil {
		m.Abandon()
		return nil, err
	}
	return m, nil
}

func (m *Migration) begin() error {
	if err := m.Tx.Engine().lockMigrations(m.ctx, m.Tx, lockWait); err != nil {
		return err
	}
	_, err := m.Tx.Exec(m.ctx, "CREATE TABLE IF NOT EXISTS "+m.table+
		" (name VARCHAR(100) NOT NULL, step INTEGER NOT NULL, at VARCHAR(40) NOT NULL, PRIMARY KEY (name, step))")
	if err != nil {
		return err
	}
	text, err := m.Tx.db.Bind("SELECT COALESCE(MAX(step), 0) FROM "+m.table+" WHERE name = ?", 1)
	if err != nil {
		return err
	}
	_, err = m.Tx.Row(m.ctx, text, []any{m.name}, &m.Done)
	return err
}

// Step records that the next step has run.
func (m *Migration) Step() error {
	text, err := m.Tx.db.Bind("INSERT INTO "+m.table+" (name, step, at) VALUES (?, ?, ?)", 3)
	if err != nil {
		return err
	}
	if _, err := m.Tx.Exec(m.ctx, text, m.name, m.Done+1, time.Now().UTC().Format(time.RFC3339)); err != nil {
		return err
	}
	m.Done++
	return nil
}

// Finish commits the steps and releases the lock.
func (m *Migration) Finish() error {
	defer m.cancel()
	m.unlock()
	return m.Tx.Commit()
}

// Abandon rolls the steps back, as far as the engine can, and releases the lock.
func (m *Migration) Abandon() {
	m.unlock()
	m.Tx.Rollback()
	m.cancel()
}

// unlock releases the lock if it does not end with the transaction.
func (m *Migration) unlock() {
	if text := m.Tx.Engine().unlockMigrations; text != "" {
		// This fails if the transaction is broken. The lock ends with the connection
		// at the latest.
		_, _ = m.Tx.tx.ExecContext(m.ctx, text)
	}
}

// MigrateSteps runs the steps that have not run yet. Each step is a list of
// statements.
func (d *DB) MigrateSteps(ctx context.Context, name string, steps [][]string) error {
	if d.Migrated(ctx, name) == len(steps) {
		return nil
	}
	m, err := d.Migrate(ctx, name)
	if err != nil {
		return err
	}
	if m.Done > len(steps) {
		defer m.Abandon()
		return TooNew(name, m.Done, len(steps))
	}
	for _, step := range steps[m.Done:] {
		for _, text := range step {
			if ctx.Err() != nil {
				m.Abandon()
				return d.plain(ctx.Err())
			}
			if _, err := m.Tx.Exec(ctx, text); err != nil {
				m.Abandon()
				return fmt.Errorf("step %d of %s: %w", m.Done+1, name, err)
			}
		}
		if err := m.Step(); err != nil {
			m.Abandon()
			return err
		}
	}
	return m.Finish()
}

// TooNew returns the error for a database with more steps than this program knows.
func TooNew(name string, done, known int) error {
	return fmt.Errorf("the database has %d steps of %s, but this version knows only %d: a newer version has migrated it", done, name, known)
}
