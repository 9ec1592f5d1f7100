package users

import (
	"context"
	"fmt"

	"spectrumlua/runtime/database"
)

// tablePairsOld is the table of pairs of earlier versions while its rows move. They had the
// column owner, and 64 bits of each hash.
const tablePairsOld = tablePairs + "_old"

// movePairs holds the statements that copy the rows. A second copy changes nothing.
var movePairs = map[*database.Engine]string{
	database.SQLite: "INSERT OR IGNORE " + intoPairs +
		" SELECT (owner & -4294967296) | ((stanza >> 32) & 4294967295), network >> 32, stored, ids FROM {" + tablePairsOld + "}",
	database.PostgreSQL: "INSERT " + intoPairs +
		" SELECT (owner & -4294967296) | ((stanza >> 32) & 4294967295), (network >> 32)::integer, stored, ids FROM {" + tablePairsOld + "} ON CONFLICT DO NOTHING",
	database.MySQL: "INSERT IGNORE " + intoPairs + // >> has an unsigned result here
		" SELECT CAST((owner & 18446744069414584320) | (stanza >> 32) AS SIGNED), CAST(network >> 32 AS SIGNED) - IF(network < 0, 4294967296, 0), stored, ids FROM {" + tablePairsOld + "}",
}

const intoPairs = "INTO {" + tablePairs + "} (stanza, network, stored, ids)"

// setPairsAside renames the table of an earlier version.
func (s *Store) setPairsAside(ctx context.Context) error {
	exists, err := s.hasTable(ctx, tablePairs)
	if err != nil || !exists || s.probe(ctx, table{name: tablePairs, columns: "owner"}) != nil {
		return err
	}
	if s.db.Engine() != database.MySQL { // elsewhere the names of indexes belong to no table
		if _, err := s.db.Exec(ctx, s.fill("DROP INDEX IF EXISTS {"+tablePairs+"_network}")); err != nil {
			return err
		}
	}
	_, err = s.db.Exec(ctx, s.fill("ALTER TABLE {"+tablePairs+"} RENAME TO {"+tablePairsOld+"}"))
	return s.unlessMoved(ctx, err)
}

// moveOldPairs copies the rows of an earlier version into the new table.
func (s *Store) moveOldPairs(ctx context.Context) error {
	exists, err := s.hasTable(ctx, tablePairsOld)
	if err != nil || !exists {
		return err
	}
	for _, text := range []string{movePairs[s.db.Engine()], "DROP TABLE {" + tablePairsOld + "}"} {
		if _, err := s.db.Exec(ctx, s.fill(text)); err != nil {
			return s.unlessMoved(ctx, err)
		}
	}
	return nil
}

// unlessMoved returns nil for an error that occurred because another process was faster.
func (s *Store) unlessMoved(ctx context.Context, failed error) error {
	if failed == nil || s.probe(ctx, table{name: tablePairs, columns: "owner"}) != nil && s.probe(ctx, table{name: tablePairsOld, columns: "owner"}) != nil {
		return nil
	}
	return fmt.Errorf("the table %s is one of an earlier version and cannot be converted: %w", s.name(tablePairs), failed)
}
