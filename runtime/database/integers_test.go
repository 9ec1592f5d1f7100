package database_test

import (
	"regexp"
	"strings"
	"testing"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/databasetest"
)

// TestFractionForAnIntegerIsRejected tries 5.9 wherever a statement may require an
// integer. In table T the columns i, b and s hold integers; r, n and t do not. Each
// statement runs with 5 first, which must be accepted.
func TestFractionForAnIntegerIsRejected(t *testing.T) {
	const all, lite, my = "", "sqlite", "mysql"
	cases := []struct {
		engine  string // "" for each
		text    string
		refused bool
	}{
		// Values.
		{all, "INSERT INTO T (i) VALUES (?)", true},
		{all, "INSERT INTO T (r, i) VALUES (1, ?)", true},
		{all, "INSERT INTO T (i, r) VALUES (1, ?)", false},
		{all, "INSERT INTO T (r) VALUES (?)", false},
		{all, "INSERT INTO T (n) VALUES (?)", false},
		{all, "INSERT INTO T (t) VALUES (?)", false},
		{all, "INSERT INTO T (b) VALUES (?)", true},
		{all, "INSERT INTO T (s) VALUES (?)", true},
		{all, "INSERT INTO T VALUES (?, 1, 1, 1, 1, 'x')", true},
		{all, "INSERT INTO T VALUES (1, 1, 1, ?, 1, 'x')", false},
		{all, "INSERT INTO T (r, i) VALUES (1, 2), (3, ?)", true},
		{all, "INSERT INTO T (r, i) VALUES (1, 2), (?, 4)", false},
		{all, "insert into T (I) values ((?))", true},
		{lite, "INSERT INTO T (i) VALUES (-?)", true}, // PostgreSQL requires a type there
		{my, "INSERT INTO T (i) VALUES (-?)", true},
		{all, "INSERT INTO T (i) SELECT ?", true},
		{all, "INSERT INTO T (r, i) SELECT r, ? FROM T", true},
		{all, "INSERT INTO T (r, i) SELECT ?, i FROM T", false},
		{all, "INSERT /* a comment (i) */ INTO T (i) -- VALUES ?\n VALUES (?)", true},
		{lite, "INSERT OR IGNORE INTO main.T (\"i\") VALUES (?)", true},
		{lite, "INSERT INTO T (i) VALUES (?1)", true},
		{lite, "REPLACE INTO T ([i]) VALUES (?)", true},
		{my, "INSERT INTO T (`i`) VALUES (?)", true},
		{my, "INSERT INTO T SET i = ?", true},
		{my, "INSERT INTO T (i) VALUES (1) ON DUPLICATE KEY UPDATE i = ?", true},
		{all, "UPDATE T SET i = ?", true},
		{all, "UPDATE T SET r = ?", false},
		{all, "UPDATE T SET r = 1.5, i = ? WHERE r = 2.5", true},
		{lite, "UPDATE T SET r = i * ?", false}, // PostgreSQL takes the type of i
		{my, "UPDATE T SET r = i * ?", false},
		{lite, "UPDATE T SET (r, i) = (?, 1)", false},
		{lite, "UPDATE T SET (r, i) = (1, ?)", true},
		// Conditions.
		{all, "SELECT 1 FROM T WHERE i = ?", true},
		{all, "SELECT 1 FROM T WHERE r = ?", false},
		{all, "SELECT 1 FROM T WHERE ? = i", true},
		{all, "SELECT 1 FROM T WHERE i < ? AND r > 1", true},
		{all, "SELECT 1 FROM T WHERE i > 1 AND r < ?", false},
		{all, "SELECT 1 FROM T WHERE NOT (i <> ?)", true},
		{all, "SELECT 1 FROM T WHERE i BETWEEN 1 AND ?", true},
		{all, "SELECT 1 FROM T WHERE i NOT BETWEEN ? AND 7", true},
		{all, "SELECT 1 FROM T WHERE r BETWEEN ? AND 7", false},
		{all, "SELECT 1 FROM T WHERE i IN (1, ?, 3)", true},
		{all, "SELECT 1 FROM T WHERE i NOT IN (?)", true},
		{all, "SELECT 1 FROM T WHERE r IN (1, ?)", false},
		{all, "SELECT 1 FROM T AS a JOIN T AS o ON a.r = o.r WHERE o.i = ?", true},
		{all, "SELECT 1 FROM T WHERE T.i = ?", true},
		{all, "SELECT 1 FROM T WHERE T.r = ?", false},
		{all, "DELETE FROM T WHERE i = ?", true},
		{all, "SELECT CASE WHEN i = ? THEN 1 END AS v FROM T", true},
		{all, "SELECT COUNT(*) FROM T GROUP BY i HAVING i > ?", true},
		{lite, "SELECT 1 FROM T WHERE i IS NOT ?", true},
		{lite, "SELECT 1 FROM T WHERE i + 0.5 = ?", false},
		{my, "SELECT 1 FROM T WHERE i <=> ?", true},
		{my, "SELECT 1 FROM T WHERE i + 0.5 = ?", false},
		// Casts and limits.
		{lite, "SELECT CAST(? AS INTEGER) AS v", true},
		{lite, "SELECT CAST(? AS BIGINT) AS v", true},
		{lite, "SELECT CAST(? AS REAL) AS v", false},
		{my, "SELECT CAST(? AS SIGNED) AS v", true},
		{my, "SELECT CAST(? AS UNSIGNED) AS v", true},
		{my, "SELECT CONVERT(?, SIGNED) AS v", true},
		{my, "SELECT CAST(? AS DECIMAL(5,1)) AS v", false},
		{"postgresql", "SELECT ?::int AS v", true},
		{"postgresql", "SELECT ?::smallint AS v", true},
		{"postgresql", "SELECT ?::oid AS v", true},
		{"postgresql", "SELECT CAST(? AS bigint) AS v", true},
		{"postgresql", "SELECT ?::numeric AS v", false},
		{"postgresql", "SELECT ?::float8 AS v", false},
		{"postgresql", "SELECT 1 WHERE 5 = ?", true},
		{"postgresql", "SELECT generate_series(1, ?)", true},
		{"postgresql", "SELECT ?::text AS v", false},
		{all, "SELECT 1 FROM T LIMIT ?", true},
		{all, "SELECT 1 FROM T LIMIT 1 OFFSET ?", true},
		// Names that are not columns.
		{all, "SELECT 1 AS v WHERE 5.5 = ?", false},
	}
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		db := open(t, unsynced(p))
		name := p.Prefix + "t1"
		must(t, db, "CREATE TABLE "+name+" (i INTEGER, b BIGINT, s SMALLINT, r DOUBLE PRECISION, n NUMERIC(9,3), t VARCHAR(20))")
		for _, c := range cases {
			if c.engine != "" && c.engine != p.Engine.Name {
				continue
			}
			t.Run(c.text, func(t *testing.T) {
				must(t, db, "DELETE FROM "+name)
				text := bind(t, db, tableName.ReplaceAllString(c.text, name), 1)
				for _, tried := range []struct {
					value any
					fails bool
				}{{int64(5), false}, {nil, false}, {5.9, c.refused}, {-0.5, c.refused}, {float64(1 << 60), c.refused}} {
					if tried.value == nil && strings.Contains(c.text, "LIMIT") || !tried.fails && tried.value == float64(1<<60) {
						continue
					}
					for _, query := range []bool{true, false} {
						err := run(t, db, query, text, tried.value)
						if err == nil == tried.fails {
							t.Errorf("%v, query %v: %v", tried.value, query, err)
						}
						if err != nil && !strings.Contains(err.Error(), "integer") && !strings.Contains(err.Error(), "type ") {
							t.Errorf("%v: the error does not say why: %v", tried.value, err)
						}
					}
				}
			})
		}
	})
}

// tableName and otherName match the tables T and U in the statements of the cases.
var tableName, otherName = regexp.MustCompile(`\bT\b`), regexp.MustCompile(`\bU(i?)\b`)

// unsynced returns a database that does not wait for the disk, for tests with many
// statements.
func unsynced(p database.Source) database.Source {
	if p.Engine == database.SQLite {
		return database.Temporary()
	}
	return p
}

// run runs a statement. If query is true, it also reads all rows.
func run(t *testing.T, db database.Conn, query bool, text string, args ...any) error {
	t.Helper()
	if !query {
		_, err := db.Exec(context20(t), text, args...)
		return err
	}
	rows, err := db.Query(context20(t), text, args...)
	if err != nil {
		return err
	}
	for rows.Next() {
	}
	_ = rows.Close()
	return rows.Err()
}

// TestFractionIsRejectedForATableOfTheSameTransaction needs the columns of a table
// that only the transaction's own connection sees.
func TestFractionIsRejectedForATableOfTheSameTransaction(t *testing.T) {
	db := open(t, database.Temporary())
	tx, err := db.Begin(context20(t))
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	must(t, tx, "CREATE TABLE t (i INTEGER, r REAL)")
	if _, err := tx.Exec(context20(t), "INSERT INTO t (r, i) VALUES (?, ?)", 1.5, 2.5); err == nil ||
		err.Error() != "value 2 is 2.5, but the column i holds integers" {
		t.Error(err)
	}
	must(t, tx, "INSERT INTO t (r, i) VALUES (?, ?)", 1.5, 2)
}
