package store_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/databasetest"
	"spectrumlua/runtime/store"
)

func TestMain(m *testing.M) {
	if run := os.Getenv(processVariable); run != "" {
		os.Exit(process(run))
	}
	goleak.VerifyTestMain(m)
}

// patience is the time limit of every call that must succeed.
const patience = 60 * time.Second

var alice = store.Scope{Owner: "alice@example.net"}

func soon(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func open(t testing.TB, p database.Source, keys *store.Keyring) *store.Store {
	t.Helper()
	db := database.New(p)
	t.Cleanup(func() { _ = db.Close() })
	if keys == nil {
		keys = &store.Keyring{}
	}
	s, err := store.New(db, store.Options{Keys: keys})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func set(t testing.TB, s *store.Store, scope store.Scope, key string, v store.Value) {
	t.Helper()
	if err := s.Write(soon(t), s.DB(), scope, key, v); err != nil {
		t.Fatal(err)
	}
}

func text(s string) store.Value { return store.Value{Data: []byte(s)} }

// get returns the bytes of a value, or "<none>" if it does not exist.
func get(t testing.TB, s *store.Store, scope store.Scope, key string) string {
	t.Helper()
	v, found, _, err := s.Read(soon(t), s.DB(), scope, key)
	if err != nil {
		t.Fatal(err)
	}
	if !found {
		return "<none>"
	}
	return string(v.Data)
}

func keysOf(t testing.TB, s *store.Store, scope store.Scope, prefix string) []string {
	t.Helper()
	var keys []string
	after := ""
	for {
		page, err := s.Page(soon(t), s.DB(), scope, prefix, after, 3, false)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page {
			keys = append(keys, e.Key)
			after = e.Key
		}
		if len(page) < 3 {
			return keys
		}
	}
}

func each(t *testing.T, test func(t *testing.T, s *store.Store)) {
	t.Helper()
	databasetest.Each(t, func(t *testing.T, p database.Source) { test(t, open(t, p, nil)) })
}

func TestValuesAreWrittenReadAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		if got := get(t, s, alice, "token"); got != "<none>" {
			t.Errorf("an empty store has %q", got)
		}
		set(t, s, alice, "token", text("one"))
		set(t, s, alice, "token", text("two"))
		set(t, s, store.Scope{}, "token", text("the transport's"))
		set(t, s, store.Scope{Owner: alice.Owner, Name: "other"}, "token", text("other"))
		if got := get(t, s, alice, "token"); got != "two" {
			t.Errorf("got %q", got)
		}
		if got := get(t, s, store.Scope{Owner: "bob@example.net"}, "token"); got != "<none>" {
			t.Errorf("bob has %q", got)
		}
		for _, want := range []bool{true, false} {
			if deleted, err := s.Delete(soon(t), s.DB(), alice, "token"); deleted != want || err != nil {
				t.Error(deleted, err)
			}
		}
		if got := get(t, s, alice, "token"); got != "<none>" {
			t.Errorf("got %q after it was deleted", got)
		}
		if got := get(t, s, store.Scope{}, "token"); got != "the transport's" {
			t.Errorf("got %q", got)
		}
		set(t, s, alice, "empty", store.Value{Blob: true})
		if v, found, _, err := s.Read(soon(t), s.DB(), alice, "empty"); !found || err != nil || len(v.Data) != 0 || !v.Blob {
			t.Error(v, found, err)
		}
	})
}

func TestKeysAndValuesMayHoldEveryByte(t *testing.T) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	each(t, func(t *testing.T, s *store.Store) {
		var want []string
		for i := range 256 {
			key := string([]byte{byte(i)})
			set(t, s, alice, key, store.Value{Data: every[i:], Blob: true})
			want = append(want, key)
		}
		for i := range 256 {
			if got := get(t, s, alice, string([]byte{byte(i)})); got != string(every[i:]) {
				t.Fatalf("key %d: got %q", i, got)
			}
		}
		if got := keysOf(t, s, alice, ""); !slices.Equal(got, want) {
			t.Errorf("keys %q", got)
		}
		set(t, s, alice, string(every), text("all"))
		if got := get(t, s, alice, string(every)); got != "all" {
			t.Errorf("got %q", got)
		}
		for _, key := range []string{strings.Repeat("k", store.MaxKey), strings.Repeat("\xff", store.MaxKey)} {
			long := store.Scope{Owner: strings.Repeat("o", store.MaxOwner), Name: strings.Repeat("n", store.MaxName)}
			set(t, s, long, key, text("long"))
			if got := get(t, s, long, key); got != "long" {
				t.Errorf("got %q", got)
			}
			if got := keysOf(t, s, long, key[:5]); len(got) != 1 {
				t.Errorf("%d keys", len(got))
			}
		}
		big := bytes.Repeat(every, 16<<10) // 4 MiB
		set(t, s, alice, "big", store.Value{Data: big, Blob: true})
		if got := get(t, s, alice, "big"); got != string(big) {
			t.Errorf("a value of 4 MiB came back with %d bytes", len(got))
		}
	})
}

func TestPagesHoldKeysWithAPrefix(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		for _, key := range []string{"a", "ab", "abc", "b", "a\xff", "a\xff\xff", "a\xffx", "a%", "a_", "A", "a\xfe"} {
			set(t, s, alice, key, text("1"))
		}
		tests := []struct {
			prefix string
			want   []string
		}{
			{"", []string{"A", "a", "a%", "a_", "ab", "abc", "a\xfe", "a\xff", "a\xffx", "a\xff\xff", "b"}},
			{"a", []string{"a", "a%", "a_", "ab", "abc", "a\xfe", "a\xff", "a\xffx", "a\xff\xff"}},
			{"ab", []string{"ab", "abc"}},
			{"a\xff", []string{"a\xff", "a\xffx", "a\xff\xff"}},
			{"a\xfe", []string{"a\xfe"}},
			{"a%", []string{"a%"}},
			{"\xff", nil},
			{"c", nil},
		}
		for _, test := range tests {
			if got := keysOf(t, s, alice, test.prefix); !slices.Equal(got, test.want) {
				t.Errorf("%q: got %q, want %q", test.prefix, got, test.want)
			}
		}
		page, err := s.Page(soon(t), s.DB(), alice, "ab", "", 10, true)
		if err != nil || len(page) != 2 || string(page[1].Value.Data) != "1" {
			t.Error(page, err)
		}
	})
}

func TestExpiredValuesAreHiddenAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		now := time.Now()
		s.SetClock(func() time.Time { return now })
		set(t, s, alice, "short", store.Value{Data: []byte("1"), Expires: now.Add(10 * time.Second)})
		set(t, s, alice, "long", store.Value{Data: []byte("1"), Expires: now.Add(time.Hour)})
		now = now.Add(9 * time.Second)
		if got := get(t, s, alice, "short"); got != "1" {
			t.Errorf("got %q before it expires", got)
		}
		now = now.Add(time.Second)
		if got := get(t, s, alice, "short"); got != "<none>" {
			t.Errorf("got %q when it expires", got)
		}
		if got := keysOf(t, s, alice, ""); !slices.Equal(got, []string{"long"}) {
			t.Errorf("keys %q", got)
		}
		if deleted, err := s.Delete(soon(t), s.DB(), alice, "short"); deleted || err != nil {
			t.Error("Delete reports an expired value", err)
		}
		// An expired value does not prevent a new one.
		if err := s.Change(soon(t), s.DB(), alice, "short", func(_ store.Value, found bool) (store.Value, error) {
			if found {
				t.Error("found")
			}
			return text("new"), nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := get(t, s, alice, "short"); got != "new" {
			t.Errorf("got %q", got)
		}
		// Writes occasionally delete expired rows.
		set(t, s, alice, "dust", store.Value{Data: []byte("1"), Expires: now.Add(time.Second)})
		now = now.Add(time.Hour)
		other := store.Value{Data: []byte("1"), Expires: now.Add(time.Hour)}
		if done, err := s.Replace(soon(t), s.DB(), alice, "other", store.Version{}, &other); !done || err != nil {
			t.Error(done, err)
		}
		if n := rows(t, s); n != 2 {
			t.Errorf("%d rows", n)
		}
	})
}

// TestTheClockIsSetBack by a year. Values expire by the new time, and their rows are
// deleted.
func TestTheClockIsSetBack(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		now := time.Now()
		s.SetClock(func() time.Time { return now })
		set(t, s, alice, "before", store.Value{Data: []byte("1"), Expires: now.Add(time.Hour)})
		set(t, s, alice, "ever", text("1"))
		now = now.Add(-365 * 24 * time.Hour)
		set(t, s, alice, "dust", store.Value{Data: []byte("1"), Expires: now.Add(time.Minute)})
		if got := keysOf(t, s, alice, ""); !slices.Equal(got, []string{"before", "dust", "ever"}) {
			t.Errorf("keys %q", got)
		}
		now = now.Add(time.Hour)
		set(t, s, alice, "more", store.Value{Data: []byte("1"), Expires: now.Add(time.Minute)})
		if got := keysOf(t, s, alice, ""); !slices.Equal(got, []string{"before", "ever", "more"}) {
			t.Errorf("keys %q", got)
		}
		if n := rows(t, s); n != 3 {
			t.Errorf("%d rows: the expired ones are not deleted", n)
		}
	})
}

// rows returns the number of values in the database, including expired ones.
func rows(t *testing.T, s *store.Store) (n int) {
	t.Helper()
	table := s.DB().Engine().Quote(s.DB().Source().Prefix + "spectrum2_lua_store")
	if _, err := s.DB().Row(soon(t), "SELECT COUNT(*) FROM "+table, nil, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestReplaceRequiresAnUnchangedValue(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		replace := func(at store.Version, v *store.Value) bool {
			t.Helper()
			done, err := s.Replace(soon(t), s.DB(), alice, "k", at, v)
			if err != nil {
				t.Fatal(err)
			}
			return done
		}
		version := func() store.Version {
			t.Helper()
			_, _, at, err := s.Read(soon(t), s.DB(), alice, "k")
			if err != nil {
				t.Fatal(err)
			}
			return at
		}
		one, two := text("one"), text("two")
		absent := version()
		if !replace(absent, nil) || !replace(absent, &one) || replace(absent, &two) {
			t.Error("replacing an absent value")
		}
		at := version()
		if !replace(at, &one) { // a new version, although the bytes are the same
			t.Error("an unchanged value is not replaced")
		}
		if replace(at, &two) || replace(at, nil) {
			t.Error("a changed value is replaced")
		}
		if !replace(version(), nil) || get(t, s, alice, "k") != "<none>" {
			t.Error("an unchanged value is not deleted")
		}
	})
}

func TestFailedChangeWritesNothing(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		set(t, s, alice, "k", text("1"))
		oops := errors.New("oops")
		err := s.Change(soon(t), s.DB(), alice, "k", func(store.Value, bool) (store.Value, error) { return text("2"), oops })
		if !errors.Is(err, oops) {
			t.Error(err)
		}
		if got := get(t, s, alice, "k"); got != "1" {
			t.Errorf("got %q", got)
		}
		set(t, s, alice, "k", text("3")) // the failed change has released its lock
	})
}

func TestTransactionIsVisibleAfterItsCommit(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		if err := s.Prepare(soon(t)); err != nil {
			t.Fatal(err)
		}
		tx, err := s.DB().Begin(soon(t))
		if err != nil {
			t.Fatal(err)
		}
		defer tx.Rollback()
		if err := s.Write(soon(t), tx, alice, "k", text("1")); err != nil {
			t.Fatal(err)
		}
		if err := s.Change(soon(t), tx, alice, "k", func(v store.Value, _ bool) (store.Value, error) {
			return text(string(v.Data) + "2"), nil
		}); err != nil {
			t.Fatal(err)
		}
		if got := get(t, s, alice, "k"); got != "<none>" {
			t.Errorf("others see %q before the commit", got)
		}
		if err := tx.Commit(); err != nil {
			t.Fatal(err)
		}
		if got := get(t, s, alice, "k"); got != "12" {
			t.Errorf("got %q", got)
		}
	})
}

func TestRememberedIDsFindEachOther(t *testing.T) {
	each(t, func(t *testing.T, s *store.Store) {
		remember := func(ours, theirs string) {
			t.Helper()
			if err := s.Remember(soon(t), s.DB(), alice, ours, theirs, time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		look := func(f func(context.Context, database.Conn, store.Scope, string) (string, bool, error), id string) string {
			t.Helper()
			other, found, err := f(soon(t), s.DB(), alice, id)
			if err != nil {
				t.Fatal(err)
			}
			if !found {
				return "<none>"
			}
			return other
		}
		remember("1", "7")
		remember("7", "2") // another message has their id
		remember("1", "8") // another message has our id
		for _, test := range [][3]string{
			{look(s.Theirs, "1"), "8"}, {look(s.Theirs, "7"), "2"}, {look(s.Theirs, "2"), "<none>"},
			{look(s.Ours, "7"), "1"}, {look(s.Ours, "8"), "1"}, {look(s.Ours, "2"), "7"}, {look(s.Ours, "1"), "<none>"},
		} {
			if test[0] != test[1] {
				t.Errorf("got %q, want %q", test[0], test[1])
			}
		}
		if got := keysOf(t, s, alice, ""); len(got) != 0 {
			t.Errorf("ids are among the keys: %q", got)
		}
	})
}

func TestSecretsAreEncryptedAndBoundToTheirRow(t *testing.T) {
	databasetest.Each(t, func(t *testing.T, p database.Source) {
		keyFile := store.KeyFile(t.TempDir())
		s := open(t, p, &store.Keyring{Path: keyFile})
		const hidden = "xoxb-very-secret"
		secret := store.Value{Data: []byte(hidden), Secret: true}
		set(t, s, alice, "token", secret)
		if v, _, _, err := s.Read(soon(t), s.DB(), alice, "token"); err != nil || string(v.Data) != hidden || !v.Secret {
			t.Fatal(v, err)
		}
		info, err := os.Stat(keyFile)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Fatal(info, err)
		}
		table := p.Engine.Quote(p.Prefix + "spectrum2_lua_store")
		var kept []byte
		if _, err := s.DB().Row(soon(t), "SELECT v FROM "+table, nil, &kept); err != nil || bytes.Contains(kept, []byte(hidden)) {
			t.Fatalf("%q, %v", kept, err)
		}
		// Another process has the same key.
		other := open(t, p, &store.Keyring{Path: keyFile})
		if got := get(t, other, alice, "token"); got != hidden {
			t.Errorf("got %q", got)
		}
		// After a rotation both use both keys.
		if err := (&store.Keyring{Path: keyFile}).Rotate(); err != nil {
			t.Fatal(err)
		}
		set(t, other, alice, "token2", secret)
		for _, key := range []string{"token", "token2"} {
			if got := get(t, s, alice, key); got != hidden {
				t.Errorf("%s: got %q after a rotation", key, got)
			}
		}
		// A secret cannot be read after it is moved to another row.
		set(t, s, store.Scope{Owner: "eve@example.net"}, "token", secret)
		e := p.Engine.Quote(p.Prefix + "spectrum2_lua_store")
		if _, err := s.DB().Exec(soon(t), "UPDATE "+e+" SET v = "+literal(p, kept)+" WHERE owner = "+literal(p, []byte("eve@example.net"))); err != nil {
			t.Fatal(err)
		}
		if _, _, _, err := s.Read(soon(t), s.DB(), store.Scope{Owner: "eve@example.net"}, "token"); err == nil {
			t.Error("eve reads alice's token")
		}
		// Without the key the error names the key and does not show the text.
		stranger := open(t, p, &store.Keyring{Path: store.KeyFile(t.TempDir())})
		if _, _, _, err := stranger.Read(soon(t), stranger.DB(), alice, "token"); err == nil || !strings.Contains(err.Error(), "is missing") {
			t.Error(err)
		}
	})
}

// literal returns bytes as an SQL literal.
func literal(p database.Source, b []byte) string {
	if p.Engine == database.PostgreSQL {
		return fmt.Sprintf(`'\x%x'::bytea`, b)
	}
	return fmt.Sprintf("x'%x'", b)
}

func TestPassphraseIsTheFirstKey(t *testing.T) {
	place := database.File(filepath.Join(t.TempDir(), "a.sqlite"))
	keyFile := store.KeyFile(t.TempDir())
	s := open(t, place, &store.Keyring{Passphrase: "correct horse", Path: keyFile})
	set(t, s, alice, "token", store.Value{Data: []byte("x"), Secret: true})
	if _, err := os.Stat(keyFile); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a key file was created: %v", err)
	}
	if err := os.WriteFile(keyFile, []byte("# before\npassphrase: correct horse\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	later := open(t, place, &store.Keyring{Passphrase: "battery staple", Path: keyFile})
	if got := get(t, later, alice, "token"); got != "x" {
		t.Errorf("got %q", got)
	}
	if err := os.WriteFile(keyFile, []byte("oops-a-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, _, err := later.Read(soon(t), later.DB(), alice, "token")
	if err == nil || !strings.Contains(err.Error(), ":1: a key is 64 hexadecimal digits") || strings.Contains(err.Error(), "oops") {
		t.Error(err)
	}
}
