package users_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"spectrumlua/runtime/gateway/users"
)

func TestPairsAreStored(t *testing.T) {
	each(t, func(t *testing.T, s *users.Store) {
		ctx := t.Context()
		a := register(t, s, alice)
		now := time.Now()
		pair := func(jid string, stanza, network int64, ids string, age time.Duration) users.Pair {
			return users.Pair{JID: jid, Stanza: stanza, Network: network, Stored: now.Add(-age), IDs: []byte(ids)}
		}
		if err := s.SavePairs(ctx, []users.Pair{
			pair(alice, 1, -5, "old", time.Hour), pair(alice, 1, -5, "one\x00\xff", time.Hour), pair(alice, 2, -5, "second", 0),
			pair("bob@net", 1, -5, "bob's", 0), pair(alice, -1<<63, 1<<63-1, "limits", 2*time.Hour),
			pair(alice, 7, 7, string(bytes.Repeat([]byte("x"), 5000)), 0),
		}); err != nil {
			t.Fatal(err)
		}
		known := func(jid string, stanza, network int64, byStanza, byNetwork string) {
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
		known(alice, -1<<63, 1<<63-1, "limits", "limits")
		known("bob@net", 1, -5, "bob's", "bob's")
		known(alice, 7, 7, "", "")
		if err := s.TrimPairs(ctx, alice, 2); err != nil {
			t.Fatal(err)
		}
		known(alice, -1<<63, 1<<63-1, "", "")
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
