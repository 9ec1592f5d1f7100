package database_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/databasetest"
)

// TestTransactionFailsAfterATimeout interrupts a statement. SQLite then rolls the
// whole transaction back, and the statements after it must not take effect alone.
func TestTransactionFailsAfterATimeout(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		db := open(t, p)
		things := table(db)
		must(t, db, "CREATE TABLE "+things+" (id INTEGER PRIMARY KEY)")
		must(t, db, "INSERT INTO "+things+" (id) VALUES (1)")
		tx, err := db.Begin(context20(t))
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		must(t, tx, "INSERT INTO "+things+" (id) VALUES (2)")
		short, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_, err = tx.Exec(short, map[*database.Engine]string{
			database.SQLite:     "INSERT INTO " + things + " (id) WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
			database.PostgreSQL: "SELECT pg_sleep(60)",
			database.MySQL:      "DO SLEEP(60)",
		}[p.Engine])
		if err == nil || err.Error() != "timeout" {
			t.Fatalf("error %v", err)
		}
		if _, err := tx.Exec(context20(t), "INSERT INTO "+things+" (id) VALUES (3)"); err == nil {
			t.Error("a statement after the timeout succeeds")
		}
		if err := tx.Commit(); err == nil {
			t.Error("the transaction is committed")
		}
		if n := number(t, db, "SELECT COUNT(*) FROM "+things); n != 1 {
			t.Errorf("%d rows", n)
		}
		must(t, db, "INSERT INTO "+things+" (id) VALUES (4)")
	})
}

// TestTransactionFailsAfterInsertOrRollback tests a statement that only SQLite has.
func TestTransactionFailsAfterInsertOrRollback(t *testing.T) {
	db := open(t, database.Temporary())
	must(t, db, "CREATE TABLE t (id INTEGER PRIMARY KEY)")
	must(t, db, "INSERT INTO t (id) VALUES (1)")
	for statement, goesOn := range map[string]bool{"INSERT INTO": true, "INSERT OR ROLLBACK INTO": false} {
		tx, err := db.Begin(context20(t))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(context20(t), statement+" t (id) VALUES (1)"); err == nil {
			t.Error("no error")
		}
		_, err = tx.Exec(context20(t), "INSERT INTO t (id) VALUES (2)")
		if goesOn != (err == nil) {
			t.Errorf("%s: the next statement: %v", statement, err)
		}
		tx.Rollback()
		if n := number(t, db, "SELECT COUNT(*) FROM t"); n != 1 {
			t.Errorf("%s: %d rows", statement, n)
		}
	}
}

func TestTransactionReportsTimeoutAfterItsDeadline(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		db := open(t, p)
		number(t, db, "SELECT 1") // the connection exists
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		tx, err := db.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		<-ctx.Done()
		if err := tx.Commit(); !errors.Is(err, context.DeadlineExceeded) || err.Error() != "timeout" {
			t.Errorf("error %v", err)
		}
	})
}

// TestFileStaysLockedIfItIsOpenedTwice checks the lock that shows other processes that
// the file is in use. Without it they would delete the WAL when they close the file.
func TestFileStaysLockedIfItIsOpenedTwice(t *testing.T) {
	p := database.File(filepath.Join(t.TempDir(), "a.sqlite"))
	for range 2 {
		db := open(t, p)
		if err := db.MigrateSteps(context20(t), "test", [][]string{{"CREATE TABLE t (id INTEGER)"}}); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(p.Path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		t.Skip(err)
	}
	if !strings.Contains(string(locks), fmt.Sprintf(":%d ", info.Sys().(*syscall.Stat_t).Ino)) {
		t.Errorf("%s has no lock:\n%s", p.Path, locks)
	}
}
