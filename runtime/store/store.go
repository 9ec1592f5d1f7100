// Package store keeps values by keys in a database, for each user and for the
// transport as a whole. Any number of processes, on any number of hosts, may share
// one database.
package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"spectrumlua/runtime/database"
)

// Length limits in bytes, within which every engine finds the exact key.
const (
	MaxOwner = 1536
	MaxName  = 128
	MaxKey   = 768
)

// Scope is the part of the store that one handle of a script accesses.
type Scope struct {
	Owner string // the user's bare JID, or "" for the transport
	Name  string // "" or the name that the script chose
}

// Check returns an error if the scope is invalid.
func (s Scope) Check() error {
	switch {
	case len(s.Owner) > MaxOwner:
		return fmt.Errorf("a user's name has %d bytes at most, not %d", MaxOwner, len(s.Owner))
	case len(s.Name) > MaxName:
		return fmt.Errorf("a store's name has %d bytes at most, not %d", MaxName, len(s.Name))
	}
	return nil
}

// CheckKey returns an error if the key is invalid.
func CheckKey(key string) error {
	switch {
	case key == "":
		return fmt.Errorf("a key has at least one byte")
	case len(key) > MaxKey:
		return fmt.Errorf("a key has %d bytes at most, not %d", MaxKey, len(key))
	}
	return nil
}

// space separates remembered ids from values.
type space int

const (
	values space = iota
	ours         // by our id, their id
	theirs       // by their id, our id
)

// Value is a stored value. Data is the caller's JSON, or arbitrary bytes if Blob is
// true.
type Value struct {
	Data    []byte
	Blob    bool      // Data is not JSON
	Secret  bool      // it is encrypted in the database
	Expires time.Time // zero: never
}

// Version identifies the state of a value at a read, so that a write can check whether
// the value has changed since.
type Version struct {
	row bool // a row existed, possibly an expired one
	rev int64
	// sealedWith is the name of the key that encrypted a secret.
	sealedWith [nameSize]byte
}

// Store is the store in one database. It is safe for concurrent use. Its methods
// wait for the database until their context is done. They run on c, which is the
// database itself or a transaction.
type Store struct {
	db    *database.DB
	keys  *Keyring
	texts texts
	ready chan struct{} // holds a token unless a goroutine creates the tables
	made  atomic.Bool
	// swept is the time of the last deletion of expired rows, in Unix seconds.
	swept atomic.Int64
	now   func() time.Time
}

// Options are the settings of a Store.
type Options struct {
	Keys *Keyring
	Now  func() time.Time // default: time.Now
}

// New returns a store in a database. It does not connect.
func New(db *database.DB, o Options) (*Store, error) {
	s := &Store{db: db, keys: o.Keys, ready: make(chan struct{}, 1), now: o.Now}
	if s.now == nil {
		s.now = time.Now
	}
	s.ready <- struct{}{}
	var err error
	s.texts, err = newTexts(db)
	return s, err
}

// DB returns the database of the store.
func (s *Store) DB() *database.DB { return s.db }

// Prepare creates the tables, once. Call it before a transaction that uses the
// store.
func (s *Store) Prepare(ctx context.Context) error {
	if s.made.Load() {
		return nil
	}
	select {
	case <-s.ready:
	case <-ctx.Done():
		return s.db.Plain(ctx.Err())
	}
	defer func() { s.ready <- struct{}{} }()
	if s.made.Load() {
		return nil
	}
	if err := s.db.MigrateSteps(ctx, "store", s.texts.steps); err != nil {
		return err
	}
	s.made.Store(true)
	return nil
}

// prepared creates the tables, unless c is a transaction, for which it is too late.
func (s *Store) prepared(ctx context.Context, c database.Conn) error {
	if c != database.Conn(s.db) && !s.made.Load() {
		return errors.New("the store is used for the first time in a transaction: use it once before the transaction begins")
	}
	return s.Prepare(ctx)
}

// Read reads a value. found is false if the value does not exist or has expired.
func (s *Store) Read(ctx context.Context, c database.Conn, scope Scope, key string) (v Value, found bool, at Version, err error) {
	return s.read(ctx, c, id{scope, values, key})
}

func (s *Store) read(ctx context.Context, c database.Conn, i id) (v Value, found bool, at Version, err error) {
	if err := s.prepared(ctx, c); err != nil {
		return Value{}, false, Version{}, err
	}
	var kind int
	var expires *int64
	at.row, err = c.Row(ctx, s.texts.read, i.args(), &v.Data, &kind, &expires, &at.rev)
	if err != nil || !at.row || s.expired(expires) {
		return Value{}, false, at, err
	}
	at.sealedWith = keyNameOf(v.Data, kind)
	v, err = s.open(i, v.Data, kind, expires)
	return v, err == nil, at, err
}

func (s *Store) expired(expires *int64) bool {
	return expires != nil && *expires <= s.now().UnixMilli()
}

// Write writes a value and replaces an existing one.
func (s *Store) Write(ctx context.Context, c database.Conn, scope Scope, key string, v Value) error {
	row, err := s.row(id{scope, values, key}, v)
	if err != nil {
		return err
	}
	return s.write(ctx, c, s.texts.write, row, v)
}

func (s *Store) write(ctx context.Context, c database.Conn, text string, row []any, v Value) error {
	if err := s.prepared(ctx, c); err != nil {
		return err
	}
	err := s.again(ctx, c, func() error {
		_, err := c.Exec(ctx, text, row...)
		return err
	})
	if err == nil && !v.Expires.IsZero() {
		s.sweep(ctx, c)
	}
	return err
}

// Replace writes a value, or deletes it if v is nil, if the value is unchanged
// since the read that returned at. It reports false if the value has changed.
func (s *Store) Replace(ctx context.Context, c database.Conn, scope Scope, key string, at Version, v *Value) (done bool, err error) {
	i := id{scope, values, key}
	text, args := s.texts.remove, append(i.args(), at.rev)
	switch {
	case v == nil && !at.row:
		return true, nil
	case v != nil:
		row, err := s.row(i, *v)
		if err != nil {
			return false, err
		}
		text, args = s.texts.insert, row
		if at.row {
			text, args = s.texts.replace, append(append(row[4:8:8], i.args()...), at.rev)
		}
	}
	if err := s.prepared(ctx, c); err != nil {
		return false, err
	}
	err = s.again(ctx, c, func() error {
		result, err := c.Exec(ctx, text, args...)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		done = n > 0
		return err
	})
	if err == nil && v != nil && !v.Expires.IsZero() {
		s.sweep(ctx, c)
	}
	return done, err
}

// Change reads a value, calls change and writes its result, as one step. If another
// process writes in between, Change calls change again with the new value. It
// writes nothing if change returns an error.
func (s *Store) Change(ctx context.Context, c database.Conn, scope Scope, key string, change func(old Value, found bool) (Value, error)) error {
	if c == database.Conn(s.db) && s.db.Engine() == database.SQLite {
		// SQLite has one writer at a time. A lock from the beginning avoids conflicts
		// and retries.
		if err := s.Prepare(ctx); err != nil {
			return err
		}
		tx, err := s.db.Begin(ctx)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		if err := s.Change(ctx, tx, scope, key, change); err != nil {
			return err
		}
		return tx.Commit()
	}
	for attempt := 0; ; attempt++ {
		old, found, at, err := s.Read(ctx, c, scope, key)
		if err != nil {
			return err
		}
		v, err := change(old, found)
		if err != nil {
			return err
		}
		done, err := s.Replace(ctx, c, scope, key, at, &v)
		if err != nil || done {
			return err
		}
		if err := s.Pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// Pause waits before a retry, for a random time that grows with each attempt.
func (s *Store) Pause(ctx context.Context, attempt int) error {
	most := min(time.Millisecond<<min(attempt, 6), 50*time.Millisecond)
	timer := time.NewTimer(rand.N(most) + 1)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return s.db.Plain(ctx.Err())
	}
}

// Delete deletes a value and reports whether it existed.
func (s *Store) Delete(ctx context.Context, c database.Conn, scope Scope, key string) (deleted bool, err error) {
	if err := s.prepared(ctx, c); err != nil {
		return false, err
	}
	i := id{scope, values, key}
	err = s.again(ctx, c, func() error {
		result, err := c.Exec(ctx, s.texts.delete, append(i.args(), s.now().UnixMilli())...)
		if err != nil {
			return err
		}
		n, err := result.RowsAffected()
		deleted = n > 0
		return err
	})
	return deleted, err
}

// Forget deletes all that is stored for a user, in all scopes: values and ids of messages.
func (s *Store) Forget(ctx context.Context, owner string) error {
	if owner == "" {
		return errors.New("store: the transport cannot be forgotten like a user")
	}
	if err := s.Prepare(ctx); err != nil {
		return err
	}
	return s.again(ctx, s.db, func() error {
		_, err := s.db.Exec(ctx, s.texts.forget, []byte(owner))
		return err
	})
}

// Entry is a key with its value, if that was requested.
type Entry struct {
	Key   string
	Value Value
}

// Page reads up to limit entries whose keys start with prefix and follow after, in
// byte order. It returns only the keys if withValues is false.
func (s *Store) Page(ctx context.Context, c database.Conn, scope Scope, prefix, after string, limit int, withValues bool) ([]Entry, error) {
	if err := s.prepared(ctx, c); err != nil {
		return nil, err
	}
	args := []any{[]byte(scope.Owner), []byte(scope.Name), int(values), []byte(max(prefix, after)), []byte(after), s.now().UnixMilli()}
	text := s.texts.page[withValues][false]
	if end := following(prefix); end != "" {
		text = s.texts.page[withValues][true]
		args = append(args, []byte(end))
	}
	rows, err := c.Query(ctx, text, append(args, limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // the error is that of Err
	var entries []Entry
	for rows.Next() {
		var key, data []byte
		var kind int
		var expires *int64
		dest := []any{&key, &data, &kind, &expires}
		if !withValues {
			dest = dest[:1]
		}
		if err := rows.Scan(dest...); err != nil {
			return nil, c.Plain(err)
		}
		e := Entry{Key: string(key)}
		if withValues {
			if e.Value, err = s.open(id{scope, values, e.Key}, data, kind, expires); err != nil {
				return nil, fmt.Errorf("%q: %w", e.Key, err)
			}
		}
		entries = append(entries, e)
	}
	return entries, c.Plain(rows.Err())
}

// following returns the smallest text that sorts after all texts with that prefix,
// or "" if no such text exists.
func following(prefix string) string {
	for last := len(prefix) - 1; last >= 0; last-- {
		if c := prefix[last]; c < 0xff {
			return prefix[:last] + string([]byte{c + 1})
		}
	}
	return ""
}

// again retries a statement after a conflict with another transaction. If c is a
// transaction it does not retry, because the whole transaction must start over.
func (s *Store) again(ctx context.Context, c database.Conn, f func() error) error {
	for attempt := 0; ; attempt++ {
		err := f()
		if err == nil || c != database.Conn(s.db) || !isConflict(err) {
			return err
		}
		if err := s.Pause(ctx, attempt); err != nil {
			return err
		}
	}
}

// sweepEvery is the interval at which a process deletes expired rows. sweepRows is the
// maximum number of rows that it deletes at once.
const (
	sweepEvery = 10 * time.Minute
	sweepRows  = 1000
)

// sweep occasionally deletes some expired rows. It follows a successful write, so
// it ignores errors.
func (s *Store) sweep(ctx context.Context, c database.Conn) {
	now := s.now()
	last := s.swept.Load()
	since := now.Sub(time.Unix(last, 0)) // negative: the machine's clock has been set back
	if c != database.Conn(s.db) || 0 <= since && since < sweepEvery || !s.swept.CompareAndSwap(last, now.Unix()) {
		return
	}
	result, err := c.Exec(ctx, s.texts.sweep, now.UnixMilli(), sweepRows)
	if err != nil {
		return
	}
	if n, err := result.RowsAffected(); err == nil && n == sweepRows {
		s.swept.Store(0) // more rows are left
	}
}
