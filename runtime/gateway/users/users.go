// Package users stores the users of a transport, their settings and their contacts in
// the tables of Spectrum 2. A user who registered under Spectrum 2 is registered under
// the gateway, and the reverse. The tables and their use are those of Spectrum 2.2.1.
package users

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/database"
)

// Account is a registered user.
type Account struct {
	ID        int64  // set by the Store
	JID       string // bare; the caller normalizes it
	Name      string // on the legacy network
	Password  string // on the legacy network
	Language  string // "en" by default
	Encoding  string // "utf-8" by default
	VIP       bool
	Online    bool      // the user was online when the process last wrote it
	LastLogin time.Time // zero if the user was never online
}

// The errors of a Store. Every other error is that of a context. Errors contain no
// password.
var (
	// ErrNotFound means that the user is not registered.
	ErrNotFound = errors.New("the user is not registered")
	// ErrExists means that the user is already registered.
	ErrExists = errors.New("the user is already registered")
	// ErrInvalid means that a value cannot be stored. The text says which.
	ErrInvalid = errors.New("the value cannot be stored")
	// ErrUnavailable means that the database failed. The same call may succeed later.
	ErrUnavailable = errors.New("the database is unavailable")
	// ErrOutage means that the database cannot be reached, or does not answer. It is an
	// ErrUnavailable, too.
	ErrOutage = errors.New("the database cannot be reached")
)

// callTime limits the time of each call.
const callTime = 10 * time.Second

// Store is the users of one transport. It is safe for concurrent use. It reconnects
// after a connection is lost.
type Store struct {
	db      *database.DB
	tables  string // the prefix of their names
	texts   map[statement]string
	limits  limits
	key     string // [database] encryption_key, if Spectrum uses it with this engine
	vip     string // [database] vip_statement, if Spectrum uses it with this engine
	batches batches
	outage  outage
}

// Open opens the users of the section [database] and creates missing tables. It fails
// if the database cannot be reached, or if its tables are not those of Spectrum 2.2.1.
func Open(ctx context.Context, c *config.Config) (*Store, error) {
	source, err := database.FromSection(c)
	if err != nil {
		return nil, err
	}
	source.Turns = source.Foreign && source.Engine == database.SQLite
	s, err := open(ctx, source)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", source.Where(), err)
	}
	if source.Engine != database.SQLite {
		s.key, _ = c.Get("database.encryption_key")
	}
	if source.Engine == database.MySQL {
		s.vip, _ = c.Get("database.vip_statement")
	}
	return s, nil
}

// OpenMemory returns an empty Store that ends with the process.
func OpenMemory() (*Store, error) { return open(context.Background(), database.Temporary()) }

func open(ctx context.Context, source database.Source) (*Store, error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	s := &Store{db: database.New(source), limits: limitsOf(source.Engine)}
	s.tables = source.Prefix
	if source.Engine == database.PostgreSQL {
		s.tables = strings.ToLower(s.tables) // Spectrum does not quote names, so the server folds them
	}
	err := s.bind()
	if err == nil {
		err = s.prepare(ctx)
	}
	if err != nil {
		_ = s.db.Close()
		return nil, failure(err)
	}
	return s, nil
}

// Temporary reports whether the users are forgotten when the process ends.
func (s *Store) Temporary() bool { return s.db.Source().Temporary }

// String returns the location of the database without its password.
func (s *Store) String() string { return s.db.Source().String() }

// Check reports whether the database can be reached and has the tables.
func (s *Store) Check(ctx context.Context) error {
	return s.call(ctx, func(ctx context.Context) error { return s.probe(ctx, tables[0]) })
}

// Close writes what is still to be written, for up to a second, and closes the database. Later
// calls fail.
func (s *Store) Close() error {
	s.batches.close()
	s.outage.close()
	return s.db.Close()
}

// call runs a function with the time limit of a call. During an outage it fails at once, so
// that users do not wait for a server that says nothing.
func (s *Store) call(ctx context.Context, do func(ctx context.Context) error) error {
	since, err := s.outage.wait(ctx)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	err = failure(do(ctx))
	if errors.Is(err, ErrOutage) {
		s.outage.start(since, err, s.reach)
	}
	return err
}

// change runs a function in a transaction. It runs the function again if another
// process interfered.
func (s *Store) change(ctx context.Context, do func(ctx context.Context, tx *database.Tx) error) error {
	const attempts = 10
	return s.call(ctx, func(ctx context.Context) error {
		for n := 1; ; n++ {
			err := s.attempt(ctx, do)
			again := errors.Is(err, database.ErrConflict) || errors.Is(err, database.ErrDuplicate)
			if err == nil || !again || n == attempts || ctx.Err() != nil {
				return err
			}
		}
	})
}

func (s *Store) attempt(ctx context.Context, do func(ctx context.Context, tx *database.Tx) error) error {
	tx, err := s.db.BeginDefault(ctx)
	if err != nil {
		return err
	}
	if err := do(ctx, tx); err != nil {
		tx.Rollback()
		return err
	}
	return tx.Commit()
}

// failure converts an error of the database.
func failure(err error) error {
	switch {
	case err == nil, errors.Is(err, context.Canceled),
		errors.Is(err, ErrNotFound), errors.Is(err, ErrExists), errors.Is(err, ErrInvalid):
		return err
	}
	return unavailable{err}
}

// unavailable is an error of the database.
type unavailable struct{ error }

// Is reports whether target is ErrUnavailable, or ErrOutage and the database cannot be reached.
func (u unavailable) Is(target error) bool {
	return target == ErrUnavailable ||
		target == ErrOutage && (errors.Is(u.error, database.ErrLost) || errors.Is(u.error, context.DeadlineExceeded))
}

// Unwrap returns the error of the database.
func (u unavailable) Unwrap() error { return u.error }

// groupSeparator separates the names of groups in their column.
const groupSeparator = "\n"

func splitGroups(text string) []string {
	var groups []string
	for group := range strings.SplitSeq(text, groupSeparator) {
		if group != "" {
			groups = append(groups, group)
		}
	}
	return groups
}
