package files

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"spectrumlua/runtime/database"
)

// State is what exists of a file.
type state string

// States. A slot waits for an upload. A function makes its file when somebody opens it.
const (
	stateSlot     state = "slot"
	stateWriting  state = "writing"
	stateReady    state = "ready"
	stateFunction state = "function"
)

// entry is a row of the index.
type entry struct {
	Token    string
	Owner    string // a bare JID, or "" for the transport
	Name     string
	Type     string // a media type; "" if it is unknown
	Size     int64  // what counts for the quota, in bytes
	State    state
	Instance string // the process that writes the file or has the function
	Created  time.Time
	Expires  time.Time
}

// index has what is known about the files of a folder. All processes that use the folder
// share it. It is an SQLite file, so that a crash or a full disk damages nothing.
type index struct{ db *database.DB }

// indexName is the name of the index in its folder.
const indexName = "index.sqlite"

var indexSteps = [][]string{{
	`CREATE TABLE files (token TEXT PRIMARY KEY, owner TEXT NOT NULL, name TEXT NOT NULL, type TEXT NOT NULL,
		size INTEGER NOT NULL, state TEXT NOT NULL, instance TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID`,
	`CREATE INDEX files_owner ON files (owner, state)`,
	`CREATE INDEX files_expires ON files (expires)`,
	`CREATE TABLE used (owner TEXT PRIMARY KEY, bytes INTEGER NOT NULL) WITHOUT ROWID`,
}}

// all is the owner of the row of used that counts the files of all owners. It is no JID.
const all = "/"

func openIndex(ctx context.Context, folder string) (*index, error) {
	db := database.New(database.File(filepath.Join(folder, indexName)))
	if err := db.MigrateSteps(ctx, "files", indexSteps); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &index{db}, nil
}

func (x *index) close() error { return x.db.Close() }

// change runs f in a transaction.
func (x *index) change(ctx context.Context, f func(tx *database.Tx) error) error {
	tx, err := x.db.Begin(ctx)
	if err != nil {
		return err
	}
	if err := f(tx); err != nil {
		tx.Rollback()
		return err
	}
	return tx.Commit()
}

// limits are the quotas of a reservation.
type limits struct {
	total, user int64
	slots       int // of a user
}

// add adds an entry and reserves its size.
func (x *index) add(ctx context.Context, e entry, l limits) error {
	return x.change(ctx, func(tx *database.Tx) error {
		if e.State == stateSlot {
			var n int
			if _, err := tx.Row(ctx, "SELECT COUNT(*) FROM files WHERE owner = ? AND state = ?", []any{e.Owner, string(stateSlot)}, &n); err != nil {
				return err
			}
			if n >= l.slots {
				return ErrManySlots
			}
		}
		if err := use(ctx, tx, e.Owner, e.Size, l); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO files (token, owner, name, type, size, state, instance, created, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			e.Token, e.Owner, e.Name, e.Type, e.Size, string(e.State), e.Instance, e.Created.Unix(), e.Expires.Unix())
		return err
	})
}

// use adds bytes to what an owner uses. It returns ErrQuota or ErrUserQuota above a limit.
func use(ctx context.Context, tx *database.Tx, owner string, bytes int64, l limits) error {
	for _, row := range []struct {
		owner string
		most  int64
		err   error
	}{{all, l.total, ErrQuota}, {owner, l.user, ErrUserQuota}} {
		if row.owner == "" { // the transport itself
			continue
		}
		var used int64
		if _, err := tx.Row(ctx, "SELECT bytes FROM used WHERE owner = ?", []any{row.owner}, &used); err != nil {
			return err
		}
		if bytes > 0 && used+bytes > row.most {
			return row.err
		}
		_, err := tx.Exec(ctx, "INSERT INTO used (owner, bytes) VALUES (?, ?) ON CONFLICT (owner) DO UPDATE SET bytes = excluded.bytes", row.owner, max(0, used+bytes))
		if err != nil {
			return err
		}
	}
	return nil
}

const columns = "token, owner, name, type, size, state, instance, created, expires"

// find returns the entry of a token that has not expired.
func (x *index) find(ctx context.Context, token string, now time.Time) (entry, bool, error) {
	return find(ctx, x.db, token, now)
}

func find(ctx context.Context, c database.Conn, token string, now time.Time) (e entry, found bool, err error) {
	var created, expires int64
	found, err = c.Row(ctx, "SELECT "+columns+" FROM files WHERE token = ? AND expires > ?", []any{token, now.Unix()},
		&e.Token, &e.Owner, &e.Name, &e.Type, &e.Size, (*string)(&e.State), &e.Instance, &created, &expires)
	e.Created, e.Expires = time.Unix(created, 0), time.Unix(expires, 0)
	return e, found, err
}

// update changes an entry that is in a state. It reports whether there is such an entry,
// and returns it as it was. change must not change the token or the owner.
func (x *index) update(ctx context.Context, token string, in state, now time.Time, l limits, change func(e *entry)) (old entry, ok bool, err error) {
	err = x.change(ctx, func(tx *database.Tx) (err error) {
		old, ok, err = find(ctx, tx, token, now)
		if err != nil || !ok || old.State != in {
			ok = false
			return err
		}
		e := old
		change(&e)
		if e.Size != old.Size {
			if err := use(ctx, tx, e.Owner, e.Size-old.Size, l); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, "UPDATE files SET type = ?, size = ?, state = ?, instance = ?, expires = ? WHERE token = ?",
			e.Type, e.Size, string(e.State), e.Instance, e.Expires.Unix(), token)
		return err
	})
	return old, ok && err == nil, err
}

// remove removes the entries that a condition finds, and returns their tokens.
func (x *index) remove(ctx context.Context, where string, args ...any) (tokens []string, err error) {
	err = x.change(ctx, func(tx *database.Tx) error {
		entries, err := list(ctx, tx, where, args...)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := use(ctx, tx, e.Owner, -e.Size, limits{}); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, "DELETE FROM files WHERE token = ?", e.Token); err != nil {
				return err
			}
			tokens = append(tokens, e.Token)
		}
		_, err = tx.Exec(ctx, "DELETE FROM used WHERE bytes <= 0")
		return err
	})
	return tokens, err
}

// list returns token, owner, size, state and instance of the entries that a condition
// finds, at most maxListed.
func list(ctx context.Context, c database.Conn, where string, args ...any) (entries []entry, err error) {
	rows, err := c.Query(ctx, fmt.Sprintf("SELECT token, owner, size, state, instance FROM files WHERE %s LIMIT %d", where, maxListed), args...)
	if err != nil {
		return nil, err
	}
	defer func(rows *sql.Rows) { _ = rows.Close() }(rows)
	for rows.Next() {
		var e entry
		if err := rows.Scan(&e.Token, &e.Owner, &e.Size, (*string)(&e.State), &e.Instance); err != nil {
			return nil, c.Plain(err)
		}
		entries = append(entries, e)
	}
	return entries, c.Plain(rows.Err())
}

// maxListed bounds the length of a transaction.
const maxListed = 1000
