package store

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"spectrumlua/runtime/database"
)

// id is the primary key of a row.
type id struct {
	Scope
	space space
	key   string
}

func (i id) args() []any {
	return []any{[]byte(i.Owner), []byte(i.Name), int(i.space), []byte(i.key)}
}

// row returns a value as a row: owner, name, space, k, v, kind, expires, rev.
func (s *Store) row(i id, v Value) ([]any, error) {
	data, kind, err := s.seal(i, v)
	if err != nil {
		return nil, err
	}
	var expires any
	if !v.Expires.IsZero() {
		expires = v.Expires.UnixMilli()
	}
	return append(i.args(), data, kind, expires, rand.Int64()), nil
}

// texts are the SQL statements in the engine's syntax.
type texts struct {
	steps   [][]string
	read    string
	write   string
	pair    string // two rows
	insert  string // if the row does not exist
	replace string // if the version is unchanged
	remove  string // if the version is unchanged
	delete  string
	forget  string // all of one owner
	sweep   string
	page    map[bool]map[bool]string // with values, with an end
	scopes  string
	all     string
}

const columns = "owner, name, space, k, v, kind, expires, rev"

// newTexts returns the statements for an engine.
func newTexts(db *database.DB) (t texts, err error) {
	e := db.Engine()
	table := e.Quote(db.Source().Prefix + "spectrum2_lua_store")
	index := e.Quote(db.Source().Prefix + "spectrum2_lua_store_expires")
	t.steps = [][]string{create(e, table, index)}

	bind := func(text string) string {
		text = strings.ReplaceAll(text, "TABLE", table)
		bound, bindErr := db.Bind(text, strings.Count(text, "?"))
		err = errors.Join(err, bindErr)
		return bound
	}
	const (
		where = " WHERE owner = ? AND name = ? AND space = ? AND k = ?"
		row   = "(?, ?, ?, ?, ?, ?, ?, ?)"
		alive = " AND (expires IS NULL OR expires > ?)"
	)
	update := " ON CONFLICT (owner, name, space, k) DO UPDATE SET v = excluded.v, kind = excluded.kind, expires = excluded.expires, rev = excluded.rev"
	nothing := "INSERT INTO TABLE (" + columns + ") VALUES " + row + " ON CONFLICT DO NOTHING"
	if e == database.MySQL {
		update = " ON DUPLICATE KEY UPDATE v = VALUES(v), kind = VALUES(kind), expires = VALUES(expires), rev = VALUES(rev)"
		nothing = "INSERT IGNORE INTO TABLE (" + columns + ") VALUES " + row
	}
	t.read = bind("SELECT v, kind, expires, rev FROM TABLE" + where)
	t.write = bind("INSERT INTO TABLE (" + columns + ") VALUES " + row + update)
	t.pair = bind("INSERT INTO TABLE (" + columns + ") VALUES " + row + ", " + row + update)
	t.insert = bind(nothing)
	t.replace = bind("UPDATE TABLE SET v = ?, kind = ?, expires = ?, rev = ?" + where + " AND rev = ?")
	t.remove = bind("DELETE FROM TABLE" + where + " AND rev = ?")
	t.delete = bind("DELETE FROM TABLE" + where + alive)
	t.forget = bind("DELETE FROM TABLE WHERE owner = ?")
	t.sweep = bind(sweepText(e))
	t.page = map[bool]map[bool]string{}
	for what, list := range map[bool]string{false: "k", true: "k, v, kind, expires"} {
		from := "SELECT " + list + " FROM TABLE WHERE owner = ? AND name = ? AND space = ? AND k >= ? AND k > ?" + alive
		const end = " ORDER BY k LIMIT ?"
		t.page[what] = map[bool]string{false: bind(from + end), true: bind(from + " AND k < ?" + end)}
	}
	t.scopes = bind("SELECT owner, name, COUNT(*) FROM TABLE WHERE space = 0" + alive + " GROUP BY owner, name ORDER BY owner, name")
	t.all = bind("SELECT " + columns + " FROM TABLE WHERE 1 = 1" + alive + " ORDER BY owner, name, space, k")
	return t, err
}

// create returns the statements that create the table. All text columns hold bytes,
// so that comparisons are exact.
func create(e *database.Engine, table, index string) []string {
	owner, name, key, data, small, tail := "BLOB", "BLOB", "BLOB", "BLOB", "INTEGER", " WITHOUT ROWID"
	switch e {
	case database.PostgreSQL:
		owner, name, key, data, small, tail = "BYTEA", "BYTEA", "BYTEA", "BYTEA", "SMALLINT", ""
	case database.MySQL:
		owner, name, key = varbinary(MaxOwner), varbinary(MaxName), varbinary(MaxKey)
		data, small, tail = "LONGBLOB", "SMALLINT", " ENGINE=InnoDB ROW_FORMAT=DYNAMIC"
	}
	return []string{
		fmt.Sprintf("CREATE TABLE %s (owner %s NOT NULL, name %s NOT NULL, space %s NOT NULL, k %s NOT NULL, "+
			"v %s NOT NULL, kind %s NOT NULL, expires BIGINT, rev BIGINT NOT NULL, PRIMARY KEY (owner, name, space, k))%s",
			table, owner, name, small, key, data, small, tail),
		fmt.Sprintf("CREATE INDEX %s ON %s (expires)", index, table),
	}
}

func varbinary(n int) string { return fmt.Sprintf("VARBINARY(%d)", n) }

// sweepText returns the statement that deletes a limited number of expired rows.
func sweepText(e *database.Engine) string {
	switch e {
	case database.MySQL:
		return "DELETE FROM TABLE WHERE expires <= ? LIMIT ?"
	case database.PostgreSQL:
		return "DELETE FROM TABLE WHERE ctid = ANY (ARRAY(SELECT ctid FROM TABLE WHERE expires <= ? LIMIT ? FOR UPDATE SKIP LOCKED))"
	}
	return "DELETE FROM TABLE WHERE (owner, name, space, k) IN (SELECT owner, name, space, k FROM TABLE WHERE expires <= ? LIMIT ?)"
}

func isConflict(err error) bool { return errors.Is(err, database.ErrConflict) }
