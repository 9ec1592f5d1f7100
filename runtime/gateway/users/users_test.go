package users_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/databasetest"
	"spectrumlua/runtime/gateway/users"
)

const alice = "alice@example.net"

// each runs a test with an empty Store on each available engine.
func each(t *testing.T, test func(t *testing.T, s *users.Store)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, p database.Source) { test(t, open(t, p, "")) })
}

func open(t *testing.T, p database.Source, key string) *users.Store {
	t.Helper()
	s, err := users.OpenSource(t.Context(), p, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func register(t *testing.T, s *users.Store, jid string) users.Account {
	t.Helper()
	a, err := s.Register(t.Context(), users.Account{JID: jid, Name: "al", Password: "hunter2"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestRegisteredUserIsFoundWithDefaults(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		before := time.Now().Add(-2 * time.Second)
		registered := register(t, s, alice)
		found, err := s.Find(t.Context(), alice)
		if err != nil {
			t.Fatal(err)
		}
		if found.LastLogin.Before(before) || found.LastLogin.After(time.Now().Add(2*time.Second)) {
			t.Errorf("the last login is %v", found.LastLogin)
		}
		found.LastLogin = time.Time{}
		want := users.Account{ID: registered.ID, JID: alice, Name: "al", Password: "hunter2", Language: "en", Encoding: "utf-8"}
		if found != want || registered != want || want.ID == 0 {
			t.Errorf("registered %+v, found %+v", registered, found)
		}
	})
}

func TestUnknownUserIsNotFound(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		register(t, s, alice)
		for _, jid := range []string{"", "bob@example.net", "Alice@example.net", alice + "'", "\xff@example.net", "a\x00@example.net"} {
			if _, err := s.Find(t.Context(), jid); !errors.Is(err, users.ErrNotFound) {
				t.Errorf("%q: %v", jid, err)
			}
		}
	})
}

func TestSecondRegistrationOfOneAddressFails(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		register(t, s, alice)
		_, err := s.Register(t.Context(), users.Account{JID: alice, Name: "other"}, nil)
		if !errors.Is(err, users.ErrExists) || errors.Is(err, users.ErrUnavailable) {
			t.Error(err)
		}
		if a, err := s.Find(t.Context(), alice); err != nil || a.Name != "al" {
			t.Errorf("%+v %v", a, err)
		}
	})
}

func TestConcurrentRegistrationsOfOneAddressRegisterOnce(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		stores := []*users.Store{open(t, p, ""), open(t, p, "")} // as two processes
		const n = 16
		results := make(chan error, n)
		for i := range n {
			go func() {
				_, err := stores[i%2].Register(t.Context(), users.Account{JID: alice, Name: fmt.Sprint(i)}, nil)
				results <- err
			}()
		}
		done := 0
		for range n {
			switch err := <-results; {
			case err == nil:
				done++
			case !errors.Is(err, users.ErrExists):
				t.Error(err)
			}
		}
		all, err := stores[0].All(t.Context())
		if done != 1 || len(all) != 1 || err != nil {
			t.Errorf("%d registrations, users %+v, %v", done, all, err)
		}
	})
}

func TestUpdateChangesAccount(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		a := register(t, s, alice)
		a.Name, a.Password, a.Language, a.Encoding, a.VIP = `o'"\ %_?`, "pä$1?", "de", "utf8", true
		if err := s.Update(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		found, err := s.Find(t.Context(), alice)
		found.LastLogin = a.LastLogin
		if err != nil || found != a {
			t.Errorf("%+v, want %+v; %v", found, a, err)
		}
		a.ID++
		if err := s.Update(t.Context(), a); !errors.Is(err, users.ErrNotFound) {
			t.Errorf("an update of an unknown user: %v", err)
		}
	})
}

func TestUnregisterRemovesOnlyThatUsersRows(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		ctx := t.Context()
		a, b := register(t, s, alice), register(t, s, "bob@example.net")
		for _, u := range []users.Account{a, b} {
			if err := s.Save(ctx, u.ID, &users.Contact{Name: "carol", IconHash: "12ab"}); err != nil {
				t.Fatal(err)
			}
			if err := s.Set(ctx, u.ID, "stay_connected", "1"); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 { // the second time has no effect
			if err := s.Unregister(ctx, a.ID); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.Find(ctx, alice); !errors.Is(err, users.ErrNotFound) {
			t.Error(err)
		}
		for _, table := range []string{"users", "users_settings", "buddies", "buddies_settings"} {
			var n int
			text := "SELECT COUNT(*) FROM " + s.DB().Engine().Quote(s.DB().Source().Prefix+table)
			if _, err := s.DB().Row(ctx, text, nil, &n); err != nil || n != 1 {
				t.Errorf("%s has %d rows, %v", table, n, err)
			}
		}
		if c, err := s.Contacts(ctx, b.ID); err != nil || len(c) != 1 || c[0].IconHash != "12ab" {
			t.Errorf("%+v %v", c, err)
		}
	})
}

func TestWritesForAnUnregisteredUserAreNotFound(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		if err := s.Set(t.Context(), 99, "stay_connected", "1"); !errors.Is(err, users.ErrNotFound) {
			t.Error(err)
		}
		if err := s.Save(t.Context(), 99, &users.Contact{Name: "carol"}); !errors.Is(err, users.ErrNotFound) {
			t.Error(err)
		}
	})
}

func TestSettingsAreReplacedAndKeepTheirType(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		ctx := t.Context()
		a := register(t, s, alice)
		for _, kv := range [][2]string{{"stay_connected", "0"}, {"stay_connected", "1"}, {"nick", ""}, {"nick", "élan'"}, {"nick", "1"}} {
			if err := s.Set(ctx, a.ID, kv[0], kv[1]); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Settings(ctx, a.ID)
		if want := map[string]string{"stay_connected": "1", "nick": "1"}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v %v", got, err)
		}
		e := s.DB().Engine()
		for name, want := range map[string]int{"stay_connected": 4, "nick": 13} {
			var kind int
			text := "SELECT type FROM " + e.Quote(s.DB().Source().Prefix+"users_settings") + " WHERE var = '" + name + "'"
			if _, err := s.DB().Row(ctx, text, nil, &kind); err != nil || kind != want {
				t.Errorf("%s has the type %d, %v", name, kind, err)
			}
		}
		if got, err := s.Settings(ctx, a.ID+1); err != nil || len(got) != 0 {
			t.Errorf("%v %v", got, err)
		}
	})
}

func TestUsersAreListedBySetting(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		ctx := t.Context()
		for i := range 4 {
			a := register(t, s, fmt.Sprintf("u%d@example.net", i))
			if err := s.Set(ctx, a.ID, "stay_connected", fmt.Sprint(i%2)); err != nil {
				t.Fatal(err)
			}
			if err := s.SetOnline(ctx, a.ID, i == 3); err != nil {
				t.Fatal(err)
			}
		}
		all, err := s.All(ctx)
		if got := show(all); err != nil || got != "u0 u1 u2 u3+ " {
			t.Errorf("%s %v", got, err)
		}
		with, err := s.AllWith(ctx, "stay_connected", "1")
		if got := show(with); err != nil || got != "u1 u3+ " {
			t.Errorf("%s %v", got, err)
		}
	})
}

func TestUsersAreFoundByTheirExactName(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		ctx := t.Context()
		for i, name := range []string{"al", "Al", "al ", "bob", "al"} {
			if _, err := s.Register(ctx, users.Account{JID: fmt.Sprintf("u%d@example.net", i), Name: name, Password: "hunter2"}, nil); err != nil {
				t.Fatal(err)
			}
		}
		for name, want := range map[string]string{"al": "u0 u4 ", "Al": "u1 ", "": "", "a%": "", "\xff": "", "a\x00": "", "😀": ""} {
			named, err := s.Named(ctx, name)
			if got := show(named); err != nil || got != want {
				t.Errorf("%q: %q %v", name, got, err)
			}
		}
	})
}

// show returns the names of users, with a + if they are online.
func show(all []users.Account) string {
	var out strings.Builder
	for _, a := range all {
		name, _, _ := strings.Cut(a.JID, "@")
		out.WriteString(name)
		if a.Online {
			out.WriteString("+")
		}
		if a.Password != "" {
			out.WriteString(" has a password")
		}
		out.WriteString(" ")
	}
	return out.String()
}

func TestManyUsersGoOnlineTogether(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		const n = 100
		var ids []int64
		for i := range n {
			ids = append(ids, register(t, s, fmt.Sprintf("u%d@example.net", i)).ID)
		}
		var all sync.WaitGroup
		for _, id := range ids {
			all.Go(func() {
				for _, online := range []bool{true, false, true} {
					if err := s.SetOnline(t.Context(), id, online); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		accounts, err := s.All(t.Context())
		if err != nil || len(accounts) != n {
			t.Fatalf("%d users, %v", len(accounts), err)
		}
		for _, a := range accounts {
			if !a.Online {
				t.Errorf("%s is offline", a.JID)
			}
		}
	})
}

func TestCancelledCallIsNotUnavailable(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := s.Register(ctx, users.Account{JID: alice}, nil)
		if !errors.Is(err, context.Canceled) || errors.Is(err, users.ErrUnavailable) {
			t.Error(err)
		}
	})
}
