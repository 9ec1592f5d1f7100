// Package databasetest runs tests on each engine: always on SQLite, and on PostgreSQL
// and MySQL if the environment names a server.
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

// Variables holds the environment variables that name the servers, by engine. Their
// values are URLs in the format of [lua] store. Tests create and drop tables there.
var Variables = map[string]string{"postgresql": "E2E_POSTGRESQL", "mysql": "E2E_MYSQL"}

// Each runs a test on every available engine. Source.Prefix is unique for each test on
// a server: the tables with that prefix are dropped when the test ends.
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

// EachConfig is Each for tests that write a config file. The lines name the database:
// the first one belongs to the section [lua], and the others follow it.
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

// Server returns a database on a server with a unique prefix. The tables with that
// prefix are dropped when the test ends.
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

// drop drops the tables with the Source's prefix.
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
