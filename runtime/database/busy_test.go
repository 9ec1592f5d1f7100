package database

import (
	"context"
	"database/sql/driver"
	"path/filepath"
	"testing"
)

// counted calls attempt before each statement.
type counted struct {
	driver.Conn
	attempt func()
}

func (c counted) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	c.attempt()
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, query, args)
}

// TestSwitchToWALIsRetriedWhileTheFileIsLocked uses a connection that does not wait
// for the lock. SQLite does not wait either when several processes create a file at
// the same time.
func TestSwitchToWALIsRetriedWhileTheFileIsLocked(t *testing.T) {
	inner, err := connectSQLite(Source{Foreign: true}, filepath.Join(t.TempDir(), "a.sqlite"))
	if err != nil {
		t.Fatal(err)
	}
	connect := func(pragma string) driver.Conn {
		conn, err := inner.Connect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		if err := execPragma(t.Context(), conn, pragma); err != nil {
			t.Fatal(err)
		}
		return conn
	}
	holder, other := connect("BEGIN EXCLUSIVE"), connect("PRAGMA busy_timeout=0")

	attempts := 0
	ctx, cancel := context.WithCancel(t.Context())
	stopped := counted{other, func() {
		if attempts++; attempts == 2 {
			cancel()
		}
	}}
	if err := execPragma(ctx, stopped, "PRAGMA journal_mode=WAL"); err == nil || attempts != 2 {
		t.Errorf("cancelled: %v after %d attempts", err, attempts)
	}
	attempts = 0
	released := counted{other, func() {
		if attempts++; attempts != 3 {
			return
		}
		if err := execPragma(t.Context(), holder, "COMMIT"); err != nil {
			t.Error(err)
		}
	}}
	if err := execPragma(t.Context(), released, "PRAGMA journal_mode=WAL"); err != nil || attempts != 3 {
		t.Errorf("%v after %d attempts", err, attempts)
	}
}
