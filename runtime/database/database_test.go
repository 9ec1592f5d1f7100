package database_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/databasetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is the time limit of every call that must succeed.
const patience = time.Minute

func context20(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func open(t *testing.T, p database.Source) *database.DB {
	t.Helper()
	db := database.New(p)
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func must(t *testing.T, db database.Conn, text string, args ...any) {
	t.Helper()
	if _, err := db.Exec(context20(t), bind(t, db, text, len(args)), args...); err != nil {
		t.Fatal(err)
	}
}

// bind converts the placeholders of a statement.
func bind(t *testing.T, db database.Conn, text string, n int) string {
	t.Helper()
	bound, err := database.New(database.Source{Engine: db.Engine()}).Bind(text, n)
	if err != nil {
		t.Fatal(err)
	}
	return bound
}

func number(t *testing.T, db database.Conn, text string, args ...any) int64 {
	t.Helper()
	var n int64
	found, err := db.Row(context20(t), bind(t, db, text, len(args)), args, &n)
	if err != nil || !found {
		t.Fatal(found, err)
	}
	return n
}

func table(db *database.DB) string { return db.Engine().Quote(db.Source().Prefix + "things") }

func TestStatements(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		db := open(t, p)
		things := table(db)
		must(t, db, "CREATE TABLE "+things+" (id INTEGER PRIMARY KEY, what VARCHAR(100))")
		for i, what := range []any{"a", "it's ? here", nil} {
			must(t, db, "INSERT INTO "+things+" (id, what) VALUES (?, ?)", i, what)
		}
		if n := number(t, db, "SELECT COUNT(*) FROM "+things+" WHERE what = ? OR what = 'no ? here'", "it's ? here"); n != 1 {
			t.Errorf("%d rows", n)
		}
		result, err := db.Exec(context20(t), bind(t, db, "UPDATE "+things+" SET what = ?", 1), "same")
		if err != nil {
			t.Fatal(err)
		}
		if n, _ := result.RowsAffected(); n != 3 {
			t.Errorf("%d rows affected", n)
		}
		result, err = db.Exec(context20(t), "UPDATE "+things+" SET what = 'same'")
		if n, _ := result.RowsAffected(); err != nil || n != 3 {
			t.Errorf("a row whose values stay the same does not count: %d", n)
		}
		if found, err := db.Row(context20(t), "SELECT id FROM "+things+" WHERE id = 99", nil, new(int)); found || err != nil {
			t.Error(found, err)
		}
		if _, err := db.Query(context20(t), "SELEKT"); err == nil {
			t.Error("no error")
		}
	})
}

func TestMissingTableAndColumnAreFound(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		db := database.New(p)
		defer db.Close()
		table := p.Engine.Quote(p.Prefix + "present")
		if _, err := db.Exec(t.Context(), "CREATE TABLE "+table+" (id INTEGER)"); err != nil {
			t.Fatal(err)
		}
		for statement, want := range map[string]bool{
			"SELECT id FROM " + p.Engine.Quote(p.Prefix+"gone"): true,
			"SELECT gone FROM " + table:                         true,
			"SELECT gone() FROM " + table:                       false,
			"SELEC id FROM " + table:                            false,
		} {
			rows, err := db.Query(t.Context(), statement)
			if err == nil {
				_ = rows.Close()
			}
			if err == nil || errors.Is(err, database.ErrMissing) != want {
				t.Errorf("%s: %v", statement, err)
			}
		}
	})
}

func TestStatementsRunAfterTheyLeaveTheCache(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		db := open(t, p)
		for round := range 2 {
			for i := range 100 {
				text := "SELECT CAST(? AS " + map[string]string{"mysql": "SIGNED"}[db.Engine().Name]
				if !strings.HasSuffix(text, "SIGNED") {
					text += "INTEGER"
				}
				text += ") + " + strings.Repeat("0 + ", i) + "0"
				if n := number(t, db, text, i+round); n != int64(i+round) {
					t.Fatalf("%d: %d", i, n)
				}
			}
		}
	})
}

func TestTransactions(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		db := open(t, p)
		things := table(db)
		must(t, db, "CREATE TABLE "+things+" (id INTEGER PRIMARY KEY)")
		count := func() int64 { return number(t, db, "SELECT COUNT(*) FROM "+things) }

		tx, err := db.Begin(context20(t))
		if err != nil {
			t.Fatal(err)
		}
		must(t, tx, "INSERT INTO "+things+" (id) VALUES (?)", 1)
		tx.Rollback()
		if n := count(); n != 0 {
			t.Errorf("%d rows after a rollback", n)
		}

		tx, err = db.Begin(context20(t))
		if err != nil {
			t.Fatal(err)
		}
		must(t, tx, "INSERT INTO "+things+" (id) VALUES (?)", 1)
		if n := number(t, tx, "SELECT COUNT(*) FROM "+things); n != 1 {
			t.Errorf("a transaction sees %d of its rows", n)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if n := count(); n != 1 {
			t.Errorf("%d rows after a commit", n)
		}
		if _, err := tx.Exec(context20(t), "DELETE FROM "+things); err == nil || err.Error() != "the transaction has ended" {
			t.Error(err)
		}

		ctx, cancel := context.WithCancel(context20(t))
		tx, err = db.Begin(ctx)
		if err != nil {
			t.Fatal(err)
		}
		must(t, tx, "DELETE FROM "+things)
		cancel()
		if n := count(); n != 1 {
			t.Errorf("%d rows after the context's end", n)
		}
		// The writer's connection is free again.
		must(t, db, "INSERT INTO "+things+" (id) VALUES (?)", 2)
	})
}

// TestConflictFailsOneOfTwoTransactions lets two transactions read and then write the
// same row.
func TestConflictFailsOneOfTwoTransactions(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		if p.Engine == database.SQLite {
			t.Skip("a second transaction waits for the first")
		}
		db := open(t, p)
		things := table(db)
		must(t, db, "CREATE TABLE "+things+" (id INTEGER PRIMARY KEY, n INTEGER)")
		must(t, db, "INSERT INTO "+things+" (id, n) VALUES (1, 0)")
		one, err := db.Begin(context20(t))
		if err != nil {
			t.Fatal(err)
		}
		defer one.Rollback()
		two, err := db.Begin(context20(t))
		if err != nil {
			t.Fatal(err)
		}
		defer two.Rollback()
		number(t, one, "SELECT n FROM "+things+" WHERE id = 1")
		number(t, two, "SELECT n FROM "+things+" WHERE id = 1")
		results := make(chan error, 2)
		for _, tx := range []*database.Tx{one, two} {
			go func() {
				_, err := tx.Exec(context20(t), "UPDATE "+things+" SET n = n + 1 WHERE id = 1")
				if err == nil {
					err = tx.Commit()
				} else {
					// MySQL has rolled the transaction back: this statement would take effect alone.
					if _, again := tx.Exec(context20(t), "UPDATE "+things+" SET n = n + 10 WHERE id = 1"); again == nil {
						t.Error("a statement after a conflict succeeds")
					}
					tx.Rollback()
				}
				results <- err
			}()
		}
		a, b := <-results, <-results
		if a != nil {
			a, b = b, a
		}
		if a != nil || !errors.Is(b, database.ErrConflict) || !one.Conflicted() && !two.Conflicted() {
			t.Errorf("%v, %v", a, b)
		}
		if n := number(t, db, "SELECT n FROM "+things+" WHERE id = 1"); n != 1 {
			t.Errorf("counted to %d", n)
		}
	})
}

func TestClosedDatabaseRejectsStatements(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		db := database.New(p)
		must(t, db, "CREATE TABLE "+table(db)+" (id INTEGER)")
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if _, err := db.Exec(context20(t), "SELECT 1"); err == nil || err.Error() != "the database is closed" {
			t.Error(err)
		}
	})
}

func TestMigrations(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		things := p.Engine.Quote(p.Prefix + "things")
		steps := [][]string{
			{"CREATE TABLE " + things + " (id INTEGER PRIMARY KEY)"},
			{"INSERT INTO " + things + " (id) VALUES (1)", "INSERT INTO " + things + " (id) VALUES (2)"},
		}
		// Each DB stands for a process.
		errs := make(chan error)
		for range 4 {
			db := open(t, p)
			go func() { errs <- db.MigrateSteps(context20(t), "test", steps) }()
		}
		for range 4 {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		db := open(t, p)
		if n := number(t, db, "SELECT COUNT(*) FROM "+things); n != 2 {
			t.Errorf("%d rows", n)
		}
		if n := db.Migrated(context20(t), "test"); n != 2 {
			t.Errorf("%d steps", n)
		}
		if n := db.Migrated(context20(t), "other"); n != 0 {
			t.Errorf("%d steps of another migration", n)
		}
		err := db.MigrateSteps(context20(t), "test", steps[:1])
		if err == nil || !strings.Contains(err.Error(), "newer version") {
			t.Error(err)
		}
		steps = append(steps, []string{"INSERT INTO " + things + " (id) VALUES (3)", "NONSENSE"})
		err = db.MigrateSteps(context20(t), "test", steps)
		if err == nil || !strings.HasPrefix(err.Error(), "step 3 of test: ") {
			t.Error(err)
		}
		if n := db.Migrated(context20(t), "test"); n != 2 {
			t.Errorf("%d steps after a failed one", n)
		}
		if n := number(t, db, "SELECT COUNT(*) FROM "+things); n != 2 && db.Engine() != database.MySQL {
			t.Errorf("%d rows: the failed step was not rolled back", n)
		}
	})
}

func TestCancelledMigrationReleasesItsLock(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		db := open(t, p)
		m, err := db.Migrate(context20(t), "test")
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		other := open(t, p)
		if _, err := other.Migrate(ctx, "test"); err == nil {
			t.Error("two processes migrate at once")
		}
		m.Abandon()
		m, err = other.Migrate(context20(t), "test")
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Finish(); err != nil {
			t.Error(err)
		}
	})
}

func TestConfigNamesTheDatabase(t *testing.T) {
	const dir = "/etc/spectrum2/transports/"
	tests := []struct{ name, text, want string }{
		{"nothing", "", "/srv/x.example/spectrum2-lua.sqlite"},
		{"none", "[database]\ntype=none", "/srv/x.example/spectrum2-lua.sqlite"},
		{"sqlite3", "[database]\ntype=sqlite3\ndatabase=/var/spectrum.sql", "/srv/x.example/spectrum2-lua.sqlite"},
		{"mysql", "[database]\ntype=mysql\nserver=db\ndatabase=spec\nuser=u\npassword=hunter2", "mysql://db:3306/spec"},
		{"mysql with port 0", "[database]\ntype=mysql\nport=0\ndatabase=spec", "mysql://localhost:3306/spec"},
		{"pqxx", "[database]\ntype=pqxx\nserver=::1\nport=1234\ndatabase=spec\nuser=u\npassword=hunter2", "postgres://[::1]:1234/spec"},
		{"pqxx by a connection string", "[database]\ntype=pqxx\nconnectionstring=host=db user=u password=hunter2 dbname=d", "postgres://db:5432/d"},
		{"pqxx over a Unix socket", "[database]\ntype=pqxx\nconnectionstring=host=/run/postgresql dbname=d", "unix:/run/postgresql"},
		{"memory", "[lua]\nstore=memory", "a database in memory"},
		{"memory in SQLite's spelling", "[lua]\nstore=:memory:", "a database in memory"},
		{"memory as sqlite:", "[lua]\nstore=sqlite::memory:", "a database in memory"},
		{"memory as sqlite://", "[lua]\nstore=sqlite://:memory:", "a database in memory"},
		{"memory as sqlite:memory", "[lua]\nstore=sqlite:memory", "a database in memory"},
		{"memory as Spectrum's database", "[database]\ntype=sqlite3\ndatabase=:memory:", "a database in memory"},
		{"a file that is called memory", "[lua]\nstore=sqlite:./memory", dir + "memory"},
		{"file", "[lua]\nstore=b.sqlite", dir + "b.sqlite"},
		{"url", "[lua]\nstore=postgresql://u:hunter2@db/spec", "postgres://db:5432/spec"},
		{"mariadb", "[lua]\nstore=mariadb://u:hunter2@db:33/spec?tls=verify", "mysql://db:33/spec"},
		{"socket", "[lua]\nstore=mysql://u:hunter2@/spec?socket=/run/m.sock", "unix:/run/m.sock"},

		{"an SQLite URI", "[lua]\nstore=file::memory:?cache=shared", "t.cfg:6: [lua] store: SQLite's URIs (file:…) are not supported: write only the path, or \"memory\""},
		{"unknown type", "[database]\ntype=oracle", "t.cfg:7: [database] type is none, sqlite3, mysql or pqxx (PostgreSQL), not \"oracle\""},
		{"bad prefix", "[database]\nprefix=a-b", "t.cfg:7: [database] prefix may have letters, digits and _ only, at most 32 of them"},
		{"no database", "[database]\ntype=mysql\npassword=hunter2", "t.cfg:7: [database]: no database is named (the key database, or what follows the / in a URL)"},
		{"bad port", "[database]\ntype=mysql\ndatabase=d\nport=x", "t.cfg:9: [database] port has to be a number from 1 to 65535, not \"x\""},
		{"bad port of PostgreSQL", "[database]\ntype=pqxx\nport=70000", "t.cfg:8: [database] port has to be a number from 1 to 65535, not \"70000\""},
		{"unknown scheme", "[lua]\nstore=oracle://u:hunter2@db/x", "t.cfg:6: [lua] store: the scheme \"oracle\" is unknown: sqlite:, postgres:// and mysql:// are known"},
		{"unknown parameter", "[lua]\nstore=mysql://u:hunter2@db/x?y=hunter2", "t.cfg:6: [lua] store: the parameter \"y\" is unknown: tls and socket are known"},
		{"wrong tls", "[lua]\nstore=mysql://u:hunter2@db/x?tls=maybe", "t.cfg:6: [lua] store: tls is disable, require or verify, not \"maybe\""},
		{"a / in the password", "[lua]\nstore=mysql://u:hun/ter2@db/x", "t.cfg:6: [lua] store: this is not a URL like mysql://USER:PASSWORD@HOST:PORT/DATABASE; in a password, %2F stands for / and %40 for @"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			text := "[service]\njid=x.example\nworking_dir=/srv/$jid\n[lua]\n" + "script=x.lua\n" + test.text
			if rest, ok := strings.CutPrefix(test.text, "[lua]\n"); ok {
				text = "[service]\njid=x.example\nworking_dir=/srv/$jid\n\n[lua]\n" + rest + "\nscript=x.lua\n"
			}
			c, err := config.Parse(dir+"t.cfg", []byte(text), config.Options{})
			if err != nil {
				t.Fatal(err)
			}
			settings, err := c.Settings()
			if err != nil {
				t.Fatal(err)
			}
			place, err := database.FromConfig(c, settings)
			got := place.String
			if err != nil {
				got = func() string { return strings.ReplaceAll(err.Error(), dir+"t.cfg", "t.cfg") }
			}
			if got() != test.want {
				t.Errorf("got  %s\nwant %s", got(), test.want)
			}
		})
	}
}

// TestCommitsAreSyncedToTheDisk checks the setting that makes a commit survive a power
// failure, because a test cannot cut the power: in WAL mode it is synchronous = FULL.
func TestCommitsAreSyncedToTheDisk(t *testing.T) {
	for _, setting := range []string{"", "store=a.sqlite"} {
		t.Run(setting, func(t *testing.T) {
			db := database.New(placeOf(t, setting))
			defer db.Close()
			tx, err := db.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback()
			var mode string
			var synchronous int
			if _, err := tx.Row(t.Context(), "PRAGMA journal_mode", nil, &mode); err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Row(t.Context(), "PRAGMA synchronous", nil, &synchronous); err != nil {
				t.Fatal(err)
			}
			if mode != "wal" || synchronous != 2 {
				t.Errorf("journal_mode is %s, synchronous %d: want wal and 2 (FULL)", mode, synchronous)
			}
		})
	}
}

// placeOf returns the database of a config file with this line in [lua]. Its folder
// belongs to the test.
func placeOf(t *testing.T, line string) database.Source {
	t.Helper()
	dir := t.TempDir()
	c, err := config.Parse(filepath.Join(dir, "t.cfg"), []byte("[lua]\nscript=x.lua\n"+line), config.Options{
		Overrides: []config.Override{{Key: "service.working_dir", Value: dir}},
	})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := c.Settings()
	if err != nil {
		t.Fatal(err)
	}
	place, err := database.FromConfig(c, settings)
	if err != nil {
		t.Fatal(err)
	}
	return place
}

// TestCallWaitsIfAllConnectionsAreBusy makes one call more than a process may have
// connections. The limit lets many processes share a server.
func TestCallWaitsIfAllConnectionsAreBusy(t *testing.T) {
	db := database.New(placeOf(t, ""))
	defer db.Close()
	const most = 4
	for range most {
		rows, err := db.Query(t.Context(), "SELECT 1 UNION SELECT 2")
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if rows, err := db.Query(ctx, "SELECT 1"); err == nil {
		rows.Close()
		t.Errorf("there are more than %d connections", most)
	} else if !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}
