package ids_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/config"
	"spectrumlua/runtime/gateway/ids"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
)

// fileStore returns a store in a file.
func fileStore(t testing.TB, file string) *users.Store {
	t.Helper()
	cfg := filepath.Join(t.TempDir(), "x.cfg")
	if err := os.WriteFile(cfg, []byte("[service]\njid=x.localhost\n[database]\ntype=sqlite3\ndatabase="+file+"\n[lua]\nscript=x.lua\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := config.Load(cfg, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	store, err := users.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func TestPairsOutliveTheProcess(t *testing.T) {
	file := filepath.Join(t.TempDir(), "spectrum.sqlite")
	uuid := "0b4f7a2e-91c3-4d5e-8f60-123456789abc"
	long := strings.Repeat("é", 512)
	store := fileStore(t, file)
	r := newRouter(t, store)
	as(t, r, alice, func(u *router.User) {
		ids.Sent(u, "bob", "c1", "41")
		ids.Sent(u, "bob", uuid, "42")
		ids.Sent(u, "#room@net", strings.Repeat("x", ids.Max), "43")
		ids.Keep(u, "bob", long, false)
		ids.Keep(u, "bob", "44", true)
		id := ids.Arrived(u, ids.Message{Name: "bob", StanzaID: "c5", Receipt: true})
		ids.Accepted(u, id, "45")
	})
	ids.Flush(t.Context(), r)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}

	store = fileStore(t, file)
	t.Cleanup(func() { _ = store.Close() })
	as(t, newRouter(t, store), alice, func(u *router.User) {
		for _, c := range []struct {
			name, stanza, network string
			own                   bool
		}{
			{"bob", "c1", "41", true},
			{"bob", uuid, "42", true},
			{"#Room@net", strings.Repeat("x", ids.Max), "43", true},
			{"bob", ids.Stanza(long), long, false},
			{"bob", "n:44", "44", true},
			{"bob", "c5", "45", true},
		} {
			if id, own, ok := ids.Network(u, c.name, c.stanza); id != c.network || own != c.own || !ok {
				t.Errorf("Network(%.20q) returns %.20q, %v, %v", c.stanza, id, own, ok)
			}
			if got := ids.XMPP(u, c.name, c.network); got != c.stanza {
				t.Errorf("XMPP(%.20q) returns %.20q", c.network, got)
			}
		}
		if _, _, ok := ids.Network(u, "carol", "c1"); ok {
			t.Error("the id is known in another conversation")
		}
		if got := ids.Receipt(u, "bob", "45"); got != "c5" {
			t.Errorf("the receipt is for %q", got)
		}
		if got := ids.Receipt(u, "bob", "41"); got != "" {
			t.Errorf("a receipt that nobody wants is for %q", got)
		}
	})
	as(t, newRouter(t, store), "bob@localhost", func(u *router.User) {
		if _, _, ok := ids.Network(u, "bob", "c1"); ok {
			t.Error("the id is known to another user")
		}
	})
}

func TestUnregisteringRemovesPairs(t *testing.T) {
	store := memoryStore(t)
	r := newRouter(t, store)
	for _, jid := range []string{alice, "bob@localhost"} {
		account, err := store.Register(t.Context(), users.Account{JID: jid, Name: jid}, nil)
		if err != nil {
			t.Fatal(err)
		}
		as(t, r, jid, func(u *router.User) { ids.Sent(u, "carol", "c1", "41") })
		ids.Flush(t.Context(), r)
		if jid == alice {
			as(t, r, jid, func(u *router.User) {
				removed, err := ids.Feature().Hooks.Unregister(u)
				if err == nil {
					err = store.Unregister(t.Context(), account.ID)
				}
				if err != nil {
					t.Error(err)
					return
				}
				removed(u)
			})
		}
	}
	for jid, want := range map[string]bool{alice: false, "bob@localhost": true} {
		as(t, r, jid, func(u *router.User) {
			if _, _, ok := ids.Network(u, "carol", "c1"); ok != want {
				t.Errorf("%s: the pair is known: %v", jid, ok)
			}
		})
	}
}

// withoutDatabase returns a router with a closed store, in place of a database that is down,
// and its clock.
func withoutDatabase(t *testing.T, logged io.Writer) (*router.Router, *clock.Movable) {
	t.Helper()
	store := fileStore(t, filepath.Join(t.TempDir(), "x.sqlite"))
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	log := logrus.New()
	log.SetOutput(logged)
	moved := clock.NewMovable(nil)
	return router.New(router.Options{Store: store, Stream: noStream{}, Log: log, Clock: moved}), moved
}

func TestPairsAreKnownWhileTheDatabaseIsDown(t *testing.T) {
	var logged strings.Builder
	r, moved := withoutDatabase(t, &logged)
	as(t, r, alice, func(u *router.User) {
		for i := range 100 {
			ids.Sent(u, "bob", fmt.Sprint("c", i), fmt.Sprint(i))
		}
	})
	for deadline := time.Now().Add(time.Minute); !ids.Failing(r); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the writer does not notice the failure")
		}
	}
	as(t, r, alice, func(u *router.User) {
		for i := range 100 {
			if id, own, ok := ids.Network(u, "bob", fmt.Sprint("c", i)); id != fmt.Sprint(i) || !own || !ok {
				t.Errorf("c%d: %q, %v, %v", i, id, own, ok)
			}
		}
	})
	if ids.Waiting(r) != 100 {
		t.Errorf("%d pairs wait for the database", ids.Waiting(r))
	}
	if err := moved.Advance(t.Context(), ids.RetryTime); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(logged.String(), "cannot be stored"); got != 1 {
		t.Errorf("the failure is logged %d times", got)
	}
}

// TestMemoryIsBounded has no database, so that the pairs also wait for it.
func TestMemoryIsBounded(t *testing.T) {
	r, _ := withoutDatabase(t, io.Discard)
	as(t, r, alice, func(u *router.User) {
		for i := range ids.MaxMemory + 1000 {
			ids.Sent(u, "bob", fmt.Sprint("c", i), fmt.Sprint(i))
		}
	})
	if n := ids.InMemory(r); n > ids.MaxMemory {
		t.Errorf("%d pairs are in memory", n)
	}
	if n := ids.Waiting(r); n > ids.MaxMemory {
		t.Errorf("%d pairs wait for the database", n)
	}
}

// TestPairsAreBoundedByNumberAndAge also measures the size of a pair.
func TestPairsAreBoundedByNumberAndAge(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.sqlite")
	store := fileStore(t, file)
	t.Cleanup(func() { _ = store.Close() })
	log := logrus.New()
	log.SetOutput(t.Output())
	moved := clock.NewMovable(nil)
	r := router.New(router.Options{Store: store, Stream: noStream{}, Log: log, Clock: moved})
	before := sizeOf(t, file)
	const n = ids.MaxStored
	send := func(from, to int) {
		as(t, r, alice, func(u *router.User) {
			for i := from; i < to; i++ {
				ids.Sent(u, "bob", fmt.Sprintf("%08x-91c3-4d5e-8f60-123456789abc", i*7919), fmt.Sprintf("$%043d", i)) // as Matrix has them
			}
		})
		ids.Flush(t.Context(), r)
	}
	known := func(i int) (ok bool) {
		ids.Forget(r)
		as(t, r, alice, func(u *router.User) {
			_, _, ok = ids.Network(u, "bob", fmt.Sprintf("%08x-91c3-4d5e-8f60-123456789abc", i*7919))
		})
		return ok
	}
	send(0, n)
	if each := (sizeOf(t, file) - before) / n; each >= 200 {
		t.Errorf("a pair takes %d bytes", each)
	} else {
		t.Logf("a pair takes %d bytes", each)
	}
	if err := moved.Advance(t.Context(), time.Hour); err != nil {
		t.Fatal(err)
	}
	send(n, n+1000)
	if !known(n) || known(0) {
		t.Errorf("the last pair is known: %v, the first one: %v", known(n), known(0))
	}
	if err := moved.Advance(t.Context(), ids.MaxAge+25*time.Hour); err != nil {
		t.Fatal(err)
	}
	send(n+2000, n+2001)
	if known(n) || !known(n+2000) {
		t.Errorf("an old pair is known: %v, a new one: %v", known(n), known(n+2000))
	}
}

// sizeOf returns the size of an SQLite database with its log.
func sizeOf(t *testing.T, file string) int64 {
	t.Helper()
	size := int64(0)
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(file + suffix); err == nil {
			size += info.Size()
		}
	}
	return size
}
