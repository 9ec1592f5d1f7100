// Package databasetest has tests run on each engine: on SQLite always, on
// PostgreSQL and MySQL where the environment names a server.
package databasetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spectrumlua/runtime/database"
)

// Variables name the servers, each with a URL as [lua] store has it. The suites
// make and drop tables there.
var Variables = map[string]string{"postgresql": "E2E_POSTGRESQL", "mysql": "E2E_MYSQL"}

// Each runs a test on every engine that there is, in an empty place: tables
// whose names start with its prefix are dropped in the end.
func Each(t *testing.T, test func(t *testing.T, p database.Source)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		test(t, database.File(filepath.Join(t.TempDir(), database.FileName)))
	})
	for engine, variable := range Variables {
		url := os.Getenv(variable)
		if url == "" {
			continue
		}
		t.Run(engine, func(t *testing.T) { test(t, Server(t, url)) })
	}
}

// EachConfig is Each for tests that write a config file: lines are those of
// [lua] and below it that name the place.
func EachConfig(t *testing.T, test func(t *testing.T, p database.Source, lines []string)) {
	t.Helper()
	Each(t, func(t *testing.T, p database.Source) {
		where := p.Path
		if p.Engine != database.SQLite {
			where = os.Getenv(Variables[p.Engine.Name])
		}
		test(t, p, []string{"store=" + where, "[database]", "prefix=" + p.Prefix})
	})
}

// Server is an empty place on a server.
func Server(t testing.TB, url string) database.Source {
	t.Helper()
	p, err := database.Parse(url, "/")
	if err != nil {
		t.Fatal(err)
	}
	p.Prefix = "t" + strings.ToLower(rand.Text()[:10]) + "_"
	t.Cleanup(func() { drop(t, p) })
	return p
}

// drop drops the tables of a place.
func drop(t testing.TB, p database.Source) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	db := database.New(p)
	defer func() { _ = db.Close() }()
	rows, err := db.Query(ctx, fmt.Sprintf("SELECT table_name FROM information_schema.tables WHERE table_name LIKE '%s%%'", p.Prefix))
	if err != nil {
		t.Error(err)
		return
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Error(err)
		}
		names = append(names, name)
	}
	_ = rows.Close()
	for _, name := range names {
		if _, err := db.Exec(ctx, "DROP TABLE "+p.Engine.Quote(name)); err != nil {
			t.Error(err)
		}
	}
}
