package users_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/gateway/users"
)

// file returns an SQLite file with a registered user.
func file(t *testing.T) (database.Source, *users.Store, users.Account) {
	t.Helper()
	p := database.File(filepath.Join(t.TempDir(), "users.sql"))
	p.Foreign = true
	s := open(t, p, "")
	return p, s, register(t, s, alice)
}

// expectUnavailable checks that all calls that write fail with a temporary error.
func expectUnavailable(t *testing.T, s *users.Store, a users.Account, words string) {
	t.Helper()
	_, err := s.Register(t.Context(), users.Account{JID: "bob@example.net", Name: "b", Password: "hunter2"})
	calls := map[string]error{
		"Register": err, "Update": s.Update(t.Context(), a), "Unregister": s.Unregister(t.Context(), a.ID),
		"SetOnline": s.SetOnline(t.Context(), a.ID, true), "Set": s.Set(t.Context(), a.ID, "x", "1"),
		"Save": s.Save(t.Context(), a.ID, &users.Contact{Name: "carol"}), "SaveRoom": s.SaveRoom(t.Context(), alice, users.Room{Address: "x"}),
	}
	for name, err := range calls {
		if !errors.Is(err, users.ErrUnavailable) || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestFullDiskIsATemporaryError(t *testing.T) {
	_, s, a := file(t)
	ctx := t.Context()
	if _, err := s.DB().Exec(ctx, "PRAGMA max_page_count=20"); err != nil {
		t.Fatal(err)
	}
	var err error
	n := 0
	for ; err == nil && n < 10000; n++ {
		_, err = s.Register(ctx, users.Account{JID: fmt.Sprintf("u%d@example.net", n), Name: strings.Repeat("n", 4000)})
	}
	if !errors.Is(err, users.ErrUnavailable) || !strings.Contains(err.Error(), "has no room left") {
		t.Fatal(err)
	}
	if found, err := s.Find(ctx, alice); err != nil || found.ID != a.ID {
		t.Errorf("%+v %v", found, err)
	}
	if all, err := s.All(ctx); err != nil || len(all) != n {
		t.Errorf("%d users instead of %d, %v", len(all), n, err)
	}
	if _, err := s.DB().Exec(ctx, "PRAGMA max_page_count=1000000"); err != nil {
		t.Fatal(err)
	}
	register(t, s, "bob@example.net")
}

func TestDatabaseThatOnlyReadsIsATemporaryError(t *testing.T) {
	_, s, a := file(t)
	if _, err := s.DB().Exec(t.Context(), "PRAGMA query_only=1"); err != nil {
		t.Fatal(err)
	}
	expectUnavailable(t, s, a, "readonly")
	if _, err := s.Find(t.Context(), alice); err != nil {
		t.Error(err)
	}
	if _, err := s.DB().Exec(t.Context(), "PRAGMA query_only=0"); err != nil {
		t.Fatal(err)
	}
	register(t, s, "bob@example.net")
}

func TestClosedStoreIsATemporaryError(t *testing.T) {
	_, s, a := file(t)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	expectUnavailable(t, s, a, "closed")
	if _, err := s.Find(t.Context(), alice); !errors.Is(err, users.ErrUnavailable) {
		t.Error(err)
	}
}

func TestDamagedFileIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.sql")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	p := database.File(path)
	p.Foreign = true
	_, err := users.OpenSource(t.Context(), p, "")
	if !errors.Is(err, users.ErrUnavailable) || !strings.Contains(err.Error(), path+" is damaged or not an SQLite database") {
		t.Error(err)
	}
}

// TestLockOfAnotherProcessIsWaitedFor holds a lock, as an sqlite3 shell may.
func TestLockOfAnotherProcessIsWaitedFor(t *testing.T) {
	p, s, a := file(t)
	other := database.New(p)
	defer other.Close()
	tx, err := other.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- s.Set(t.Context(), a.ID, "stay_connected", "1") }()
	if found, err := s.Find(t.Context(), alice); err != nil || found.ID != a.ID { // reads do not wait
		t.Error(err)
	}
	select {
	case err := <-done:
		t.Fatalf("the write did not wait: %v", err)
	default:
	}
	tx.Rollback()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the write still waits")
	}
}

// TestTablesWithoutIndexesStayUnique uses tables as Spectrum creates them for the
// second prefix in a file: without indexes.
func TestTablesWithoutIndexesStayUnique(t *testing.T) {
	_, s, a := file(t)
	for _, name := range []string{"jid", "user_id"} {
		if _, err := s.DB().Exec(t.Context(), "DROP INDEX "+name); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Register(t.Context(), users.Account{JID: alice}); !errors.Is(err, users.ErrExists) {
		t.Error(err)
	}
	for range 2 {
		if err := s.Save(t.Context(), a.ID, &users.Contact{Name: "carol"}, &users.Contact{Name: "dave"}); err != nil {
			t.Error(err)
		}
	}
	if got, err := s.Contacts(t.Context(), a.ID); err != nil || len(got) != 2 {
		t.Errorf("%+v %v", got, err)
	}
}
