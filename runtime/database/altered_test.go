package database_test

import (
	"fmt"
	"testing"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/databasetest"
)

// TestStatementsRunAfterAnotherProcessAltersTheirTable repeats statements that have
// run before. They must succeed at once on each connection, outside and within
// transactions.
func TestStatementsRunAfterAnotherProcessAltersTheirTable(t *testing.T) {
	alterations := []struct {
		name string
		// texts write the table as %[1]s.
		texts []string
	}{
		{"a new column", []string{"ALTER TABLE %[1]s ADD COLUMN age INTEGER"}},
		{"a column with another type", []string{"ALTER TABLE %[1]s DROP COLUMN more", "ALTER TABLE %[1]s ADD COLUMN more INTEGER"}},
		{"a dropped column", []string{"ALTER TABLE %[1]s DROP COLUMN more"}},
		{"dropped and created again", []string{"DROP TABLE %[1]s", "CREATE TABLE %[1]s (more INTEGER, id VARCHAR(20), name VARCHAR(20))", "INSERT INTO %[1]s (id, name) VALUES ('1', 'x')"}},
		{"a new index", []string{"CREATE INDEX %[1]si ON %[1]s (id)"}},
	}
	for _, a := range alterations {
		t.Run(a.name, func(t *testing.T) {
			databasetest.Each(t, func(t *testing.T, p database.Source) {
				db, other := open(t, p), open(t, p)
				name := p.Prefix + "t1"
				must(t, db, "CREATE TABLE "+name+" (id VARCHAR(20), name VARCHAR(20), more VARCHAR(20))")
				must(t, db, "INSERT INTO "+name+" (id, name) VALUES ('1', 'x')")
				statements := func(conn database.Conn) {
					t.Helper()
					for _, text := range []string{"SELECT * FROM %s", "SELECT * FROM %s WHERE id = ?", "UPDATE %s SET name = ? WHERE id = '1'", "INSERT INTO %s (id) VALUES (?)"} {
						text = fmt.Sprintf(text, name)
						var args []any
						if text != "SELECT * FROM "+name {
							args = []any{"1"}
						}
						text = bind(t, conn, text, len(args))
						if err := run(t, conn, true, text, args...); err != nil {
							t.Errorf("%s: %v", text, err)
						}
						if err := run(t, conn, false, text, args...); err != nil {
							t.Errorf("%s, rows unread: %v", text, err)
						}
					}
				}
				within := func() {
					t.Helper()
					tx, err := db.Begin(context20(t))
					if err != nil {
						t.Fatal(err)
					}
					defer tx.Rollback()
					statements(tx)
				}
				for range 3 {
					statements(db)
					within()
				}
				for _, text := range a.texts {
					must(t, other, fmt.Sprintf(text, name))
				}
				within()
				for range 3 {
					statements(db)
				}
			})
		})
	}
}

func TestStatementRunsAfterItsTransactionAltersTheTable(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		db := open(t, p)
		name := p.Prefix + "t1"
		must(t, db, "CREATE TABLE "+name+" (id INTEGER)")
		tx, err := db.Begin(context20(t))
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		text := bind(t, db, "SELECT * FROM "+name+" WHERE id = ?", 1)
		for i := range 3 {
			if err := run(t, tx, true, text, 1); err != nil {
				t.Fatal(err)
			}
			must(t, tx, fmt.Sprintf("ALTER TABLE %s ADD COLUMN c%d INTEGER", name, i))
		}
	})
}
