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
	// Stanza and Network identify the ids together with the conversation. They are hashes, so
	// that they need less space than the ids.
	Stanza, Network int32
	Stored          time.Time // in seconds
	IDs             []byte    // both ids, at most maxPair bytes
}

// maxPair is the size of the column of MySQL.
const maxPair = 4096

// pairTable is the table of pairs. Spectrum has no such table and ignores it. A pair is small:
// stanza is a hash of the user's JID with Pair.Stanza. MySQL stores the rows in the order of
// the primary key, and pages of keys in no order are a third empty; so it begins with the time.
var pairTable = table{tablePairs, "stanza, network, stored, ids", map[*database.Engine][]string{
	database.SQLite:     {createPairs + "ids BLOB NOT NULL, PRIMARY KEY (stanza)) WITHOUT ROWID", indexPairs},
	database.PostgreSQL: {createPairs + "ids BYTEA NOT NULL, PRIMARY KEY (stanza))", indexPairs},
	database.MySQL: {createPairs + fmt.Sprintf("ids VARBINARY(%d)", maxPair) +
		" NOT NULL, PRIMARY KEY (stored, stanza), KEY stanza (stanza), KEY network (network)) ENGINE=InnoDB ROW_FORMAT=DYNAMIC"},
}}

const (
	createPairs = "CREATE TABLE IF NOT EXISTS {" + tablePairs + "} (stanza BIGINT NOT NULL, network INTEGER NOT NULL, stored INTEGER NOT NULL, "
	indexPairs  = "CREATE INDEX IF NOT EXISTS {" + tablePairs + "_network} ON {" + tablePairs + "} (network)"
)

// hashBits are the bits of the hashes in the table.
const hashBits = 32

// pairsOf returns the limits of the column stanza for the pairs of a user.
func pairsOf(jid string) (first, last int64) {
	sum := sha256.Sum256([]byte(jid))
	first = int64(binary.BigEndian.Uint32(sum[:])) << hashBits
	return first, first | (1<<hashBits - 1)
}

// stanzaOf returns the value of the column stanza.
func stanzaOf(jid string, stanza int32) int64 {
	first, _ := pairsOf(jid)
	return first | int64(uint32(stanza)) //nolint:gosec // any bits will do
}

// SavePairs stores pairs in one transaction. A pair replaces an older one with the same
// Stanza. Pairs that are too long are omitted.
func (s *Store) SavePairs(ctx context.Context, pairs []Pair) error {
	return s.change(ctx, func(ctx context.Context, tx *database.Tx) error {
		for _, p := range pairs {
			if len(p.IDs) > maxPair {
				continue
			}
			stanza := stanzaOf(p.JID, p.Stanza)
			if _, err := s.exec(ctx, tx, deletePair, stanza); err != nil {
				return err
			}
			if _, err := s.exec(ctx, tx, insertPair, stanza, p.Network, p.Stored.Unix(), p.IDs); err != nil {
				return err
			}
		}
		return nil
	})
}

// PairOfStanza returns the ids of a pair of a user. It returns nil for an unknown one.
func (s *Store) PairOfStanza(ctx context.Context, jid string, stanza int32) ([]byte, error) {
	return s.pair(ctx, selectPairOfStanza, stanzaOf(jid, stanza))
}

// PairOfNetwork is like PairOfStanza, for Pair.Network. Of several pairs it returns the one
// that was stored first.
func (s *Store) PairOfNetwork(ctx context.Context, jid string, network int32) ([]byte, error) {
	first, last := pairsOf(jid)
	return s.pair(ctx, selectPairOfNetwork, network, first, last)
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
		first, last := pairsOf(jid)
		found, err := s.row(ctx, tx, selectPairNth, []any{first, last, most}, &oldest)
		if err != nil || !found {
			return err
		}
		_, err = s.exec(ctx, tx, deletePairsBefore, first, last, oldest.Int64)
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
