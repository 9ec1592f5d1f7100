package users_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"spectrumlua/runtime/database"
)

// TestTablesAreThoseOfSpectrum compares the columns and indexes with those in a file
// that Spectrum 2.2.1 has created, except for our own table. The end-to-end tests compare them on the servers.
func TestTablesAreThoseOfSpectrum(t *testing.T) {
	_, s, _ := file(t)
	got := describe(t, s.DB(), `SELECT m.name || ' ' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || COALESCE(c.dflt_value, '-') || ' ' || c.pk
FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'spectrum2_lua%' ORDER BY m.name, c.cid`)
	got += describe(t, s.DB(), `SELECT m.name || ' index ' || i.name || ' ' || i."unique" || ' ' || c.name
FROM sqlite_master m JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'spectrum2_lua%' ORDER BY m.name, i.name, c.seqno`)
	got += describe(t, s.DB(), "SELECT 'version ' || ver FROM db_version")
	want, err := os.ReadFile("testdata/spectrum-2.2.1-sqlite.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the tables are\n%s", got)
	}
}

// describe returns the rows of a query, one a line.
func describe(t *testing.T, db *database.DB, text string) string {
	t.Helper()
	rows, err := db.Query(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var out strings.Builder
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&out, line)
	}
	if rows.Err() != nil {
		t.Fatal(rows.Err())
	}
	return out.String()
}
