//go:build e2e

package e2e_test

import (
	"os"
	"path/filepath"
	"testing"

	"spectrumlua/runtime/database/e2e/dbserver"
)

// onDatabases runs a test on each database. server is nil for SQLite, and section is then
// empty.
func onDatabases(t *testing.T, test func(t *testing.T, server *dbserver.Server, section string)) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, nil, "")
	})
	onDatabaseServers(t, test)
}

// onDatabaseServers runs a test on PostgreSQL and on MariaDB, each with a server of its own.
func onDatabaseServers(t *testing.T, test func(t *testing.T, server *dbserver.Server, section string)) {
	for _, kind := range dbserver.Kinds {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			s := startDatabase(t, kind)
			test(t, s, s.Section(dbserver.Password, kind.Database))
		})
	}
}

// startDatabase starts a server, which ends with the test.
func startDatabase(t *testing.T, kind *dbserver.Kind) *dbserver.Server {
	t.Helper()
	folder := os.Getenv("E2E_DATABASES")
	if folder == "" {
		folder = filepath.Join(repository, ".e2e", "databases")
	}
	if _, err := os.Stat(filepath.Join(folder, ".e2e-root")); err != nil {
		t.Skipf("NOT TESTED: %s is missing: %v", kind.Name, err)
	}
	lock, err := dbserver.Lock(folder)
	if err != nil {
		t.Fatal(err)
	}
	s, err := dbserver.New(kind, folder)
	t.Cleanup(func() {
		if s != nil {
			s.Remove()
		}
		_ = lock.Close()
	})
	if err == nil {
		err = s.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}
