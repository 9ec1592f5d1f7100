//go:build e2e

package e2e

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
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

// mostBytes holds the limit of a pair. The pages of PostgreSQL and MariaDB are about two
// thirds full, because the keys come in no order.
var mostBytes = map[*database.Engine]int64{database.SQLite: 200, database.PostgreSQL: 220, database.MySQL: 350}

// TestPairOfIDsIsSmall stores messages of ten users, with ids as clients and
// Matrix make them.
func TestPairOfIDsIsSmall(t *testing.T) {
	engines(t, func(t *testing.T, e *database.Engine, section string) {
		const perUser, batch = 2000, 50
		dir := t.TempDir()
		store := openUsers(t, dir, section)
		var pairs []users.Pair
		for i := range perUser {
			for u := range 10 {
				sum := sha256.Sum256(fmt.Append(nil, i, u))
				pairs = append(pairs, users.Pair{
					JID:    fmt.Sprint("user", u, "@localhost"),
					Stanza: int64(binary.BigEndian.Uint64(sum[:])), Network: int64(binary.BigEndian.Uint64(sum[8:])),
					Stored: time.Now(), IDs: append(sum[:], sum[:29]...), // 1 + 16 + 44
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
		if most := mostBytes[e]; size/perUser/10 >= most {
			t.Errorf("that is too much: at most %d", most)
		}
	})
}

// measured returns the number that the query of an engine returns.
func measured(t *testing.T, e *database.Engine, dir, section string) (size int64) {
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
	db := database.New(source)
	defer db.Close()
	if e == database.MySQL {
		if _, err := db.Exec(t.Context(), "ANALYZE TABLE "+e.Quote(source.Prefix+"spectrum2_lua_ids")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Row(t.Context(), pairSizes[e], nil, &size); err != nil {
		t.Fatal(err)
	}
	return size
}
