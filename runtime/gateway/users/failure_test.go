package users_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
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
	_, err := s.Register(t.Context(), users.Account{JID: "bob@example.net", Name: "b", Password: "hunter2"}, nil)
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
		_, err = s.Register(ctx, users.Account{JID: fmt.Sprintf("u%d@example.net", n), Name: strings.Repeat("n", 4000)}, nil)
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

// TestRegistrationWithoutItsSettingsDoesNotHappen has a database that refuses a setting after it
// has accepted the user.
func TestRegistrationWithoutItsSettingsDoesNotHappen(t *testing.T) {
	_, s, _ := file(t)
	ctx, bob := t.Context(), users.Account{JID: "bob@example.net"}
	settings := map[string]string{"enable_transport": "1", "stay_connected": "0"}
	if _, err := s.DB().Exec(ctx, "CREATE TRIGGER refuse BEFORE INSERT ON users_settings WHEN NEW.var = 'stay_connected' BEGIN SELECT RAISE(ABORT, 'refused'); END"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Register(ctx, bob, settings); !errors.Is(err, users.ErrUnavailable) {
		t.Errorf("the registration: %v", err)
	}
	if a, err := s.Find(ctx, bob.JID); !errors.Is(err, users.ErrNotFound) {
		t.Errorf("after the failure: %+v, %v", a, err)
	}
	if _, err := s.DB().Exec(ctx, "DROP TRIGGER refuse"); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Register(ctx, bob, map[string]string{"x": "\xff"}); !errors.Is(err, users.ErrInvalid) {
		t.Errorf("an invalid setting: %v", err)
	}
	a, err := s.Register(ctx, bob, settings)
	if err != nil {
		t.Fatal(err)
	}
	if stored, err := s.Settings(ctx, a.ID); err != nil || !maps.Equal(stored, settings) {
		t.Errorf("%v, %v", stored, err)
	}
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

// TestCloseWaitsForWrites closes a store while a batch is being written and another one waits,
// whose caller has already given up.
func TestCloseWaitsForWrites(t *testing.T) {
	p, s, a := file(t)
	synctest.Test(t, func(t *testing.T) {
		started, release, closed := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			err := s.Batch(t.Context(), func(context.Context, *database.Tx) error {
				close(started)
				<-release
				return nil
			})
			if err != nil {
				t.Errorf("the first batch: %v", err)
			}
		}()
		<-started
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.SetOnline(gone, a.ID, true); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that gives up: %v", err)
		}
		go func() { closed <- s.Close() }()
		synctest.Wait()
		select {
		case <-closed:
			t.Error("Close does not wait")
			close(release)
		default:
			close(release)
			if err := <-closed; err != nil {
				t.Error(err)
			}
		}
	})
	if found, err := open(t, p, "").Find(t.Context(), alice); err != nil || !found.Online {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestCloseDoesNotWaitForLong closes a store whose database does not answer.
func TestCloseDoesNotWaitForLong(t *testing.T) {
	_, s, _ := file(t)
	synctest.Test(t, func(t *testing.T) {
		started, release, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
		go func() {
			done <- s.Batch(t.Context(), func(context.Context, *database.Tx) error {
				close(started)
				<-release
				return errors.New("too late")
			})
		}()
		<-started
		began := time.Now()
		_ = s.Close()
		if took := time.Since(began); took != time.Second {
			t.Errorf("Close takes %v", took)
		}
		close(release)
		if err := <-done; err == nil {
			t.Error("the batch succeeds")
		}
	})
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
	case <-time.After(time.Minute):
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
	if _, err := s.Register(t.Context(), users.Account{JID: alice}, nil); !errors.Is(err, users.ErrExists) {
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
