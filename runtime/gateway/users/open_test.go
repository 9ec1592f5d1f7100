package users_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/databasetest"
	"spectrumlua/runtime/gateway/users"
)

// parse parses a config with a section [database] and a working directory.
func parse(t *testing.T, dir, section string) *config.Config {
	t.Helper()
	text := "[service]\njid=x.example\nworking_dir=" + dir + "\n[database]\n" + section
	c, err := config.Parse(filepath.Join(dir, "t.cfg"), []byte(text), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSectionNamesTheFile(t *testing.T) {
	tests := []struct{ name, section, file string }{
		{"no type", "", "database.sql"},
		{"type without a name", "type=sqlite3", "database.sql"},
		{"a relative name", "type=sqlite3\ndatabase=deep/users.sql", "deep/users.sql"},
		{"an absolute name", "type=sqlite3\ndatabase=DIR/absolute.sql", "absolute.sql"},
		{"the JID in it", "type=sqlite3\ndatabase=DIR/$jid.sql", "x.example.sql"},
		{"none", "type=none\ndatabase=ignored", ""},
		{"memory", "type=sqlite3\ndatabase=:memory:", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			c := parse(t, dir, strings.ReplaceAll(test.section, "DIR", dir))
			for range 2 {
				s, err := users.Open(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				if s.Temporary() != (test.file == "") {
					t.Errorf("temporary: %v", s.Temporary())
				}
				if err := s.Check(t.Context()); err != nil {
					t.Error(err)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
			_, err := os.Stat(filepath.Join(dir, test.file))
			if err != nil {
				t.Error(err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "*")); test.file == "" && len(left) > 0 {
				t.Errorf("files %v", left)
			}
		})
	}
}

func TestUnusableSectionNamesTheLine(t *testing.T) {
	tests := []struct{ name, section, want string }{
		{"unknown type", "type=oracle", `t.cfg:5: [database] type is none, sqlite3, mysql or pqxx (PostgreSQL), not "oracle"`},
		{"odd prefix", "type=sqlite3\nprefix=a\"; DROP TABLE users; --", "t.cfg:6: [database] prefix may have letters, digits and _ only"},
		{"prefix with a dot", "prefix=other.", "t.cfg:5: [database] prefix"},
		{"long prefix", "prefix=" + strings.Repeat("a", 33), "t.cfg:5: [database] prefix"},
		{"unreachable server", "type=mysql\nserver=127.0.0.1\nport=1\nuser=bot\npassword=hunter2\ndatabase=bot", "t.cfg:5: [database]: mysql://127.0.0.1:1/bot cannot be reached: "},
		{"unreachable server by words", "type=pqxx\nconnectionstring=host=127.0.0.1 port=1 user=bot password=hunter2", "cannot be reached: "},
		{"port that is no number", "type=mysql\nport=x\npassword=hunter2", "t.cfg:6: [database] port has to be a number"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := users.Open(t.Context(), parse(t, t.TempDir(), test.section))
			if err == nil {
				_ = s.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("error %q, want %q", err, test.want)
			}
		})
	}
}

func TestFolderThatCannotBeCreatedIsNamedWithItsKey(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := users.Open(t.Context(), parse(t, dir, "type=sqlite3\ndatabase=file/users.sql"))
	if err == nil || !strings.Contains(err.Error(), "[database] database says where the database is") {
		t.Error(err)
	}
}

func TestProcessesCreateTheTablesTogether(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		const n = 8
		results := make(chan error, n)
		for i := range n {
			go func() {
				s, err := users.OpenSource(t.Context(), p, "")
				if err == nil {
					_, err = s.Register(t.Context(), users.Account{JID: fmt.Sprintf("u%d@example.net", i)}, nil)
					_ = s.Close()
				}
				results <- err
			}()
		}
		for range n {
			if err := <-results; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestNewerTablesAreAnError(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		p := s.DB().Source()
		table := p.Engine.Quote(p.Prefix + "db_version")
		if _, err := s.DB().Exec(t.Context(), "INSERT INTO "+table+" (ver) VALUES (4)"); err != nil {
			t.Fatal(err)
		}
		_, err := users.OpenSource(t.Context(), p, "")
		if err == nil || !strings.Contains(err.Error(), "a newer Spectrum 2 has changed the tables") || !strings.Contains(err.Error(), p.Prefix+"db_version says 4") {
			t.Error(err)
		}
	})
}

func TestTablesOfAnotherProgramAreAnError(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		db := database.New(p)
		defer db.Close()
		if _, err := db.Exec(t.Context(), "CREATE TABLE "+p.Engine.Quote(p.Prefix+"users")+" (id INTEGER)"); err != nil {
			t.Fatal(err)
		}
		_, err := users.OpenSource(t.Context(), p, "")
		if err == nil || !strings.Contains(err.Error(), "the table "+p.Prefix+"users is not that of Spectrum 2.2.1: ") {
			t.Error(err)
		}
	})
}

// TestTableThatCannotBeReadIsNotOneOfAnotherProgram uses a view that the database finds, but
// cannot read.
func TestTableThatCannotBeReadIsNotOneOfAnotherProgram(t *testing.T) {
	p := database.File(filepath.Join(t.TempDir(), "users.sql"))
	db := database.New(p)
	defer db.Close()
	if _, err := db.Exec(t.Context(), "CREATE VIEW users AS SELECT gone() AS id"); err != nil {
		t.Fatal(err)
	}
	_, err := users.OpenSource(t.Context(), p, "")
	if err == nil || !strings.Contains(err.Error(), "check of the table users: no such function: gone") {
		t.Error(err)
	}
}

func TestPrefixesSeparateTransports(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		a, b := p, p
		a.Prefix, b.Prefix = p.Prefix+"A_", p.Prefix+"b_" // PostgreSQL folds the case, as under Spectrum
		first, second := open(t, a, ""), open(t, b, "")
		one := register(t, first, alice)
		if _, err := second.Find(t.Context(), alice); !errors.Is(err, users.ErrNotFound) {
			t.Error(err)
		}
		other := register(t, second, alice)
		for range 2 {
			if err := first.Save(t.Context(), one.ID, &users.Contact{Name: "carol"}); err != nil {
				t.Error(err)
			}
			if err := second.Save(t.Context(), other.ID, &users.Contact{Name: "carol"}); err != nil {
				t.Error(err)
			}
		}
	})
}

func TestKeyHidesPasswords(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		const key = "Key!"
		before := open(t, p, "")
		column := func(jid string) (text string) {
			_, err := before.DB().Row(t.Context(), "SELECT password FROM "+p.Engine.Quote(p.Prefix+"users")+" WHERE jid = '"+jid+"'", nil, &text)
			if err != nil {
				t.Fatal(err)
			}
			return text
		}
		register(t, before, "old@example.net")
		s := open(t, p, key)
		a, err := s.Register(t.Context(), users.Account{JID: alice, Name: "al", Password: "pässword"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		// Spectrum 2.2.1 wrote this for the same password and key.
		if got := column(alice); got != "uygdlL7c6JOv" {
			t.Errorf("column %q", got)
		}
		if found, err := s.Find(t.Context(), alice); err != nil || found.Password != "pässword" {
			t.Errorf("%+v %v", found, err)
		}
		if old, err := s.Find(t.Context(), "old@example.net"); err != nil || old.Password != "hunter2" {
			t.Errorf("a password from the time before the key: %+v %v", old, err)
		}
		a.Password = ""
		if err := s.Update(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if found, err := s.Find(t.Context(), alice); err != nil || found.Password != "" {
			t.Errorf("%+v %v", found, err)
		}
		a.Password = strings.Repeat("a", 192) // 256 characters in base64
		if err := s.Update(t.Context(), a); !errors.Is(err, users.ErrInvalid) || strings.Contains(err.Error(), "aaaa") {
			t.Error(err)
		}
	})
}
