package users_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"spectrumlua/runtime/database"
	"spectrumlua/runtime/gateway/users"
)

func TestPairsAreStored(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		ctx := t.Context()
		a := register(t, s, alice)
		now := time.Now()
		pair := func(jid string, stanza, network int32, ids string, age time.Duration) users.Pair {
			return users.Pair{JID: jid, Stanza: stanza, Network: network, Stored: now.Add(-age), IDs: []byte(ids)}
		}
		if err := s.SavePairs(ctx, []users.Pair{
			pair(alice, 1, -5, "old", time.Hour), pair(alice, 1, -5, "one\x00\xff", time.Hour), pair(alice, 2, -5, "second", 0),
			pair("bob@net", 1, -5, "bob's", 0), pair(alice, -1<<31, 1<<31-1, "limits", 2*time.Hour),
			pair(alice, 7, 7, string(bytes.Repeat([]byte("x"), 5000)), 0),
		}); err != nil {
			t.Fatal(err)
		}
		known := func(jid string, stanza, network int32, byStanza, byNetwork string) {
			t.Helper()
			got, err := s.PairOfStanza(ctx, jid, stanza)
			if string(got) != byStanza || err != nil {
				t.Errorf("the stanza %d of %s: %q, %v", stanza, jid, got, err)
			}
			got, err = s.PairOfNetwork(ctx, jid, network)
			if string(got) != byNetwork || err != nil {
				t.Errorf("the network's %d of %s: %q, %v", network, jid, got, err)
			}
		}
		known(alice, 1, -5, "one\x00\xff", "one\x00\xff")
		known(alice, 2, 6, "second", "")
		known(alice, -1<<31, 1<<31-1, "limits", "limits")
		known("bob@net", 1, -5, "bob's", "bob's")
		known(alice, 7, 7, "", "")
		if err := s.TrimPairs(ctx, alice, 2); err != nil {
			t.Fatal(err)
		}
		known(alice, -1<<31, 1<<31-1, "", "")
		known(alice, 1, -5, "one\x00\xff", "one\x00\xff")
		if err := s.ExpirePairs(ctx, now.Add(-time.Minute)); err != nil {
			t.Fatal(err)
		}
		known(alice, 1, -5, "", "second")
		if err := s.Unregister(ctx, a.ID); err != nil {
			t.Fatal(err)
		}
		known(alice, 2, -5, "", "")
		known("bob@net", 1, -5, "bob's", "bob's")
	})
}

// oldPairs is the table of an earlier version, with one row.
var oldPairs = []string{
	`CREATE TABLE spectrum2_lua_ids (owner BIGINT NOT NULL, stanza BIGINT NOT NULL, network BIGINT NOT NULL, stored INTEGER NOT NULL,
ids BLOB NOT NULL, PRIMARY KEY (owner, stanza)) WITHOUT ROWID`,
	`CREATE INDEX spectrum2_lua_ids_network ON spectrum2_lua_ids (network)`,
	// The first 8 bytes of the SHA-256 of alice@localhost, and hashes of 64 bits.
	fmt.Sprintf(`INSERT INTO spectrum2_lua_ids VALUES (%d, %d, %d, %d, x'01ff')`, ownerOf(alice), int64(-3)<<32|7, int64(5)<<32|9, 1_000_000),
	fmt.Sprintf(`INSERT INTO spectrum2_lua_ids VALUES (%d, %d, %d, %d, x'02ff')`, ownerOf("bob@net"), int64(3)<<32|1<<31, int64(-5)<<32|9, 1_000_001),
}

func ownerOf(jid string) int64 {
	sum := sha256.Sum256([]byte(jid))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

// TestPairsOfAnEarlierVersionAreConverted also begins after an interrupted conversion.
func TestPairsOfAnEarlierVersionAreConverted(t *testing.T) {
	for _, more := range [][]string{
		nil,
		{`DROP INDEX spectrum2_lua_ids_network`, `ALTER TABLE spectrum2_lua_ids RENAME TO spectrum2_lua_ids_old`},
	} {
		source := database.Source{Engine: database.SQLite, Path: filepath.Join(t.TempDir(), "old.sqlite")}
		db := database.New(source)
		for _, text := range append(slices.Clone(oldPairs), more...) {
			if _, err := db.Exec(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}
		db.Close()
		for range 2 {
			s, err := users.OpenSource(t.Context(), source, "")
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range []struct {
				jid             string
				stanza, network int32
				want            string
			}{{alice, -3, 5, "\x01\xff"}, {"bob@net", 3, -5, "\x02\xff"}} {
				byStanza, err := s.PairOfStanza(t.Context(), c.jid, c.stanza)
				byNetwork, err2 := s.PairOfNetwork(t.Context(), c.jid, c.network)
				if string(byStanza) != c.want || string(byNetwork) != c.want || err != nil || err2 != nil {
					t.Errorf("of %s: %q, %q, %v, %v", c.jid, byStanza, byNetwork, err, err2)
				}
			}
			var n int
			if _, err := s.DB().Row(t.Context(), `SELECT COUNT(*) FROM sqlite_master WHERE name LIKE '%_ids_old' OR name LIKE '%_ids_network'`, nil, &n); err != nil || n != 1 {
				t.Errorf("%d tables and indexes, %v", n, err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestPairsOfAClosedStoreAreUnavailable(t *testing.T) {
	s, err := users.OpenMemory()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.SavePairs(t.Context(), []users.Pair{{}}); !errors.Is(err, users.ErrUnavailable) {
		t.Errorf("SavePairs: %v", err)
	}
	if _, err := s.PairOfStanza(t.Context(), alice, 1); !errors.Is(err, users.ErrUnavailable) {
		t.Errorf("PairOfStanza: %v", err)
	}
}
