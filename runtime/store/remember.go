package store

import (
	"context"
	"time"

	"spectrumlua/runtime/database"
)

// Remember stores two ids of one message, so that each finds the other.
func (s *Store) Remember(ctx context.Context, c database.Conn, scope Scope, ourID, theirID string, expires time.Time) error {
	first, err := s.row(id{scope, ours, ourID}, Value{Data: []byte(theirID), Blob: true, Expires: expires})
	if err != nil {
		return err
	}
	second, err := s.row(id{scope, theirs, theirID}, Value{Data: []byte(ourID), Blob: true, Expires: expires})
	if err != nil {
		return err
	}
	return s.write(ctx, c, s.texts.pair, append(first, second...), Value{Expires: expires})
}

// Theirs returns the network's id of a message by ours.
func (s *Store) Theirs(ctx context.Context, c database.Conn, scope Scope, ourID string) (string, bool, error) {
	v, found, _, err := s.read(ctx, c, id{scope, ours, ourID})
	return string(v.Data), found, err
}

// Ours returns our id of a message by the network's.
func (s *Store) Ours(ctx context.Context, c database.Conn, scope Scope, theirID string) (string, bool, error) {
	v, found, _, err := s.read(ctx, c, id{scope, theirs, theirID})
	return string(v.Data), found, err
}
