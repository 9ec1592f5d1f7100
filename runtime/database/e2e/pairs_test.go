//go:build e2e

package e2e

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/gateway/users"
)

// pairSizes holds queries for the bytes of the table of pairs with its indexes.
var pairSizes = map[*database.Engine]string{
	database.SQLite:     "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
	database.PostgreSQL: "SELECT SUM(pg_total_relation_size(oid)) FROM pg_class WHERE relname LIKE '%spectrum2_lua_ids' AND relkind = 'r'",
	database.MySQL:      "SELECT SUM(data_length + index_length) FROM information_schema.tables WHERE table_name LIKE '%spectrum2_lua_ids'",
}

// mostBytes is the limit of a pair.
const mostBytes = 200

// TestPairOfIDsIsSmall stores messages of ten users, one each in a second, with ids as
// clients and Matrix make them.
func TestPairOfIDsIsSmall(t *testing.T) {
	engines(t, func(t *testing.T, e *database.Engine, section string) {
		const perUser, batch = 2000, 50
		dir := t.TempDir()
		store := openUsers(t, dir, section)
		begin := time.Now()
		var pairs []users.Pair
		for i := range perUser {
			for u := range 10 {
				sum := sha256.Sum256(fmt.Append(nil, i, u))
				pairs = append(pairs, users.Pair{
					JID:    fmt.Sprint("user", u, "@localhost"),
					Stanza: int32(binary.BigEndian.Uint32(sum[:])), Network: int32(binary.BigEndian.Uint32(sum[8:])),
					Stored: begin.Add(time.Duration(i) * time.Second), IDs: append(sum[:], sum[:17]...), // 1 + 16 + 32
				})
			}
			if len(pairs) >= batch {
				if err := store.SavePairs(t.Context(), pairs); err != nil {
					t.Fatal(err)
				}
				pairs = pairs[:0]
			}
		}
		size := measured(t, e, dir, section)
		t.Logf("a pair takes %d bytes", size/perUser/10)
		if size/perUser/10 >= mostBytes {
			t.Errorf("that is too much: less than %d", mostBytes)
		}
	})
}

// oldPairs has the table of an earlier version.
var oldPairs = map[*database.Engine][]string{
	database.SQLite:     {oldColumns + "ids BLOB NOT NULL, PRIMARY KEY (owner, stanza)) WITHOUT ROWID", oldIndex},
	database.PostgreSQL: {oldColumns + "ids BYTEA NOT NULL, PRIMARY KEY (owner, stanza))", oldIndex},
	database.MySQL:      {oldColumns + "ids VARBINARY(4096) NOT NULL, PRIMARY KEY (owner, stanza), KEY network (network)) ENGINE=InnoDB ROW_FORMAT=DYNAMIC"},
}

const (
	oldColumns = "CREATE TABLE {t} (owner BIGINT NOT NULL, stanza BIGINT NOT NULL, network BIGINT NOT NULL, stored INTEGER NOT NULL, "
	oldIndex   = "CREATE INDEX {i} ON {t} (network)"
)

// TestPairsOfAnEarlierVersionAreConverted has numbers of all signs.
func TestPairsOfAnEarlierVersionAreConverted(t *testing.T) {
	engines(t, func(t *testing.T, e *database.Engine, section string) {
		dir := t.TempDir()
		section = strings.Replace(section, "prefix=", "prefix=old_", 1)
		db, prefix := direct(t, dir, section)
		names := strings.NewReplacer("{t}", e.Quote(prefix+"spectrum2_lua_ids"), "{i}", e.Quote(prefix+"spectrum2_lua_ids_network"))
		texts := oldPairs[e]
		for i := range 16 {
			sum := sha256.Sum256(fmt.Append(nil, "user", i, "@localhost"))
			texts = append(texts, fmt.Sprintf("INSERT INTO {t} VALUES (%d, %d, %d, %d, '%d')",
				int64(binary.BigEndian.Uint64(sum[:])), int64(i-8)<<32|1<<31, int64(8-i)<<32|5, i, i))
		}
		for _, text := range texts {
			if _, err := db.Exec(t.Context(), names.Replace(text)); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			store := openUsers(t, dir, section)
			for i := range 16 {
				user := fmt.Sprint("user", i, "@localhost")
				byStanza, err := store.PairOfStanza(t.Context(), user, int32(i-8))
				byNetwork, err2 := store.PairOfNetwork(t.Context(), user, int32(8-i))
				if want := strconv.Itoa(i); string(byStanza) != want || string(byNetwork) != want || err != nil || err2 != nil {
					t.Errorf("of %s: %q, %q, %v, %v", user, byStanza, byNetwork, err, err2)
				}
			}
			if err := store.Close(); err != nil {
				t.Error(err)
			}
		}
	})
}

// measured returns the number that the query of an engine returns.
func measured(t *testing.T, e *database.Engine, dir, section string) (size int64) {
	t.Helper()
	db, prefix := direct(t, dir, section)
	if e == database.MySQL {
		if _, err := db.Exec(t.Context(), "ANALYZE TABLE "+e.Quote(prefix+"spectrum2_lua_ids")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Row(t.Context(), pairSizes[e], nil, &size); err != nil {
		t.Fatal(err)
	}
	return size
}

// direct opens the database of a section. It returns the prefix of its tables, too.
func direct(t *testing.T, dir, section string) (db *database.DB, prefix string) {
	t.Helper()
	text := "[service]\njid=x\nworking_dir=" + dir + "\n[database]\n" + strings.ReplaceAll(section, "DIR", dir)
	c, err := config.Parse("t.cfg", []byte(text), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	source, err := database.FromSection(c)
	if err != nil {
		t.Fatal(err)
	}
	db = database.New(source)
	t.Cleanup(func() { _ = db.Close() })
	return db, source.Prefix
}
