package users

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"time"

	"spectrumlua/runtime/database"
)

// Pair is a message that has one id for the user's clients and another one on the network.
type Pair struct {
	JID string // the user, bare
	// Stanza and Network identify the ids together with the conversation. Different ids have
	// different numbers.
	Stanza, Network int64
	Stored          time.Time // in seconds
	IDs             []byte    // both ids, at most maxPair bytes
}

// maxPair is the size of the column of MySQL.
const maxPair = 4096

// pairTable is the table of pairs. Spectrum has no such table and ignores it. A pair is small,
// because there are numbers in place of texts: owner is a hash of the user's JID.
var pairTable = table{tablePairs, "owner, stanza, network, stored, ids", map[*database.Engine][]string{
	database.SQLite:     {createPairs + "ids BLOB NOT NULL, PRIMARY KEY (owner, stanza)) WITHOUT ROWID", indexPairs},
	database.PostgreSQL: {createPairs + "ids BYTEA NOT NULL, PRIMARY KEY (owner, stanza))", indexPairs},
	database.MySQL:      {createPairs + fmt.Sprintf("ids VARBINARY(%d)", maxPair) + " NOT NULL, PRIMARY KEY (owner, stanza), KEY network (network)) ENGINE=InnoDB ROW_FORMAT=DYNAMIC"},
}}

const (
	createPairs = "CREATE TABLE IF NOT EXISTS {" + tablePairs + "} (owner BIGINT NOT NULL, stanza BIGINT NOT NULL, network BIGINT NOT NULL, stored INTEGER NOT NULL, "
	indexPairs  = "CREATE INDEX IF NOT EXISTS {" + tablePairs + "_network} ON {" + tablePairs + "} (network)"
)

func ownerOf(jid string) int64 {
	sum := sha256.Sum256([]byte(jid))
	return int64(binary.BigEndian.Uint64(sum[:])) //nolint:gosec // any bits will do
}

// SavePairs stores pairs in one transaction. A pair replaces an older one with the same
// Stanza. Pairs that are too long are omitted.
func (s *Store) SavePairs(ctx context.Context, pairs []Pair) error {
	return s.change(ctx, func(ctx context.Context, tx *database.Tx) error {
		for _, p := range pairs {
			if len(p.IDs) > maxPair {
				continue
			}
			owner := ownerOf(p.JID)
			if _, err := s.exec(ctx, tx, deletePair, owner, p.Stanza); err != nil {
				return err
			}
			if _, err := s.exec(ctx, tx, insertPair, owner, p.Stanza, p.Network, p.Stored.Unix(), p.IDs); err != nil {
				return err
			}
		}
		return nil
	})
}

// PairOfStanza returns the ids of a pair of a user. It returns nil for an unknown one.
func (s *Store) PairOfStanza(ctx context.Context, jid string, stanza int64) ([]byte, error) {
	return s.pair(ctx, selectPairOfStanza, ownerOf(jid), stanza)
}

// PairOfNetwork is like PairOfStanza, for Pair.Network. Of several pairs it returns the one
// that was stored first.
func (s *Store) PairOfNetwork(ctx context.Context, jid string, network int64) ([]byte, error) {
	return s.pair(ctx, selectPairOfNetwork, ownerOf(jid), network)
}

func (s *Store) pair(ctx context.Context, text statement, args ...any) (ids []byte, err error) {
	err = s.call(ctx, func(ctx context.Context) error {
		_, err := s.row(ctx, s.db, text, args, &ids)
		return err
	})
	return ids, err
}

// TrimPairs removes the pairs of a user beyond the last ones.
func (s *Store) TrimPairs(ctx context.Context, jid string, most int) error {
	return s.change(ctx, func(ctx context.Context, tx *database.Tx) error {
		var oldest sql.NullInt64
		found, err := s.row(ctx, tx, selectPairNth, []any{ownerOf(jid), most}, &oldest)
		if err != nil || !found {
			return err
		}
		_, err = s.exec(ctx, tx, deletePairsBefore, ownerOf(jid), oldest.Int64)
		return err
	})
}

// ExpirePairs removes the pairs of all users that were stored before a time.
func (s *Store) ExpirePairs(ctx context.Context, before time.Time) error {
	return s.call(ctx, func(ctx context.Context) error {
		_, err := s.exec(ctx, s.db, expirePairs, before.Unix())
		return err
	})
}
