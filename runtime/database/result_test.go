package database_test

import (
	"testing"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/databasetest"
)

// noID stands for an id that a case does not check.
const noID = -1

// TestResultCountsOnlyItsOwnStatement runs each statement after an INSERT of three
// rows. The result must not contain that INSERT's count and id.
func TestResultCountsOnlyItsOwnStatement(t *testing.T) {
	cases := []struct {
		engine, text string
		affected, id int64
	}{
		{"", "CREATE TABLE U (a INTEGER)", 0, 0},
		{"", "DROP TABLE T", 0, 0},
		{"", "ALTER TABLE T ADD COLUMN b INTEGER", 0, 0},
		{"", "CREATE INDEX Ui ON T (a)", 0, 0},
		{"", "CREATE TABLE U AS SELECT * FROM T", 0, 0},
		{"", "SELECT a FROM T", 0, 0},
		{"", "WITH x AS (SELECT 1 AS a) SELECT a FROM x", 0, 0},
		{"", "UPDATE T SET a = 5", 3, 0},
		{"", "UPDATE T SET a = 5 WHERE a = 77", 0, 0},
		{"", "DELETE FROM T WHERE a > 1", 2, 0},
		{"", "INSERT INTO T (a) SELECT a FROM T WHERE a = 77", 0, 0},
		{"", "INSERT INTO T (a) VALUES (7), (8)", 2, noID},
		{"sqlite", "WITH x AS (SELECT 7 AS a) INSERT INTO T (a) SELECT a FROM x", 1, 4},
		{"sqlite", "PRAGMA user_version = 5", 0, 0},
		{"sqlite", "INSERT OR IGNORE INTO T (id, a) VALUES (1, 1)", 0, 0},
		{"sqlite", "INSERT INTO T (id, a) VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET a = 7", 1, 0},
		{"sqlite", "INSERT INTO T (id, a) VALUES (1, 1) ON CONFLICT DO NOTHING", 0, 0},
		{"sqlite", "INSERT INTO T (a) VALUES (9) RETURNING id", 1, 4},
		{"sqlite", "EXPLAIN DELETE FROM T", 0, 0},
		{"postgresql", "INSERT INTO T (a) VALUES (9) RETURNING a", 1, 0},
		{"mysql", "INSERT INTO T (a) VALUES (9) RETURNING id", 1, noID},
		{"mysql", "SET @a = 1", 0, 0},
	}
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		db := open(t, unsynced(p))
		name, id := p.Prefix+"t1", map[string]string{"sqlite": "INTEGER", "postgresql": "SERIAL", "mysql": "INTEGER AUTO_INCREMENT"}[p.Engine.Name]
		for _, c := range cases {
			if c.engine != "" && c.engine != p.Engine.Name {
				continue
			}
			t.Run(c.text, func(t *testing.T) {
				text := otherName.ReplaceAllString(tableName.ReplaceAllString(c.text, name), name+"u$1")
				for _, within := range []bool{false, true} {
					must(t, db, "DROP TABLE IF EXISTS "+name)
					must(t, db, "DROP TABLE IF EXISTS "+name+"u")
					must(t, db, "CREATE TABLE "+name+" (id "+id+" PRIMARY KEY, a INTEGER)")
					affected(t, db, within, name, text, c.affected, c.id)
				}
			})
		}
	})
}

// affected runs a statement after an INSERT and checks its result.
func affected(t *testing.T, db *database.DB, within bool, name, text string, rows, id int64) {
	t.Helper()
	conn := database.Conn(db)
	if within {
		tx, err := db.Begin(context20(t))
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		conn = tx
	}
	must(t, conn, "INSERT INTO "+name+" (a) VALUES (?), (?), (3)", 1, 2)
	result, err := conn.Exec(context20(t), text)
	if err != nil {
		t.Fatal(err)
	}
	n, _ := result.RowsAffected()
	last, _ := result.LastInsertId()
	if n != rows || last != id && id != noID {
		t.Errorf("in a transaction %v: %d rows and id %d, want %d and %d", within, n, last, rows, id)
	}
}

// TestSeveralStatementsAreRejectedBeforeTheyRun checks that none of them has an effect.
func TestSeveralStatementsAreRejectedBeforeTheyRun(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		db := open(t, unsynced(p))
		things := table(db)
		must(t, db, "CREATE TABLE "+things+" (id INTEGER)")
		tx, err := db.Begin(context20(t))
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		insert := "INSERT INTO " + things + " (id) VALUES (1)"
		for _, text := range []string{
			insert + "; NONSENSE", insert + "; " + insert, insert + "; SELECT 1;", "SELECT 1; " + insert,
			// Only the server knows where the first statement ends.
			"CREATE FUNCTION " + p.Prefix + "f() RETURNS INTEGER RETURN 1; " + insert,
		} {
			for _, query := range []bool{true, false} {
				if err := run(t, db, query, text); err == nil {
					t.Errorf("%q, query %v: no error", text, query)
				}
			}
		}
		if err := run(t, db, false, insert+"; SELECT ?", 1); err == nil {
			t.Error("with a value: no error")
		}
		if err := run(t, tx, false, insert+"; SELECT 1"); err == nil || err.Error() != "the text has several statements: run each with a call of its own" {
			t.Errorf("in a transaction: %v", err)
		}
		tx.Rollback()
		if n := number(t, db, "SELECT COUNT(*) FROM "+things); n != 0 {
			t.Errorf("%d rows", n)
		}
		if err := db.MigrateSteps(context20(t), "test", [][]string{{insert + "; " + insert}}); err == nil {
			t.Error("in a migration: no error")
		}
	})
}

// TestExecOfASelectReturns covers a fault of MySQL's driver, which waits forever for
// the description of the rows.
func TestExecOfASelectReturns(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		db := open(t, unsynced(p))
		things := table(db)
		must(t, db, "CREATE TABLE "+things+" (id INTEGER)")
		for range 3 {
			must(t, db, "SELECT id FROM "+things+" WHERE id = ?", 1)
		}
		tx, err := db.Begin(context20(t))
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		for range 3 {
			must(t, tx, "SELECT id FROM "+things+" WHERE id = ?", 1)
		}
	})
}
