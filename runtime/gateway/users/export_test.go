package users

import (
	"context"

	"spectrumlua/runtime/database"
)

// OpenSource opens the users at a location, with an encryption key.
func OpenSource(ctx context.Context, p database.Source, key string) (*Store, error) {
	s, err := open(ctx, p)
	if err == nil {
		s.key = key
	}
	return s, err
}

// DB returns the database of a Store.
func (s *Store) DB() *database.DB { return s.db }

// Batch runs a function in a transaction that it shares with others.
func (s *Store) Batch(ctx context.Context, do func(ctx context.Context, tx *database.Tx) error) error {
	return s.batch(ctx, do)
}
