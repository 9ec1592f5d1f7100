package store

import (
	"context"
	"errors"
	"io/fs"
	"os"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/store"
)

// Forget deletes what the script of a transport has stored for a user. It uses the database
// that the script has opened, because that may be in memory, and otherwise opens it.
func Forget(ctx context.Context, c *config.Config, settings config.Settings, user string) error {
	if h := homeFor(c); h != nil {
		if h.err != nil {
			return h.err
		}
		return h.kv.Forget(ctx, user)
	}
	place, err := database.FromConfig(c, settings)
	if err != nil || place.Temporary {
		return err
	}
	if place.Path != "" {
		if _, err := os.Stat(place.Path); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
	}
	db := database.New(place)
	kv, err := store.New(db, store.Options{Keys: store.KeyringFor(c, place)})
	if err == nil {
		err = kv.Forget(ctx, user)
	}
	return errors.Join(err, db.Close())
}

// homeFor returns the stores of a transport, or nil if its script has opened none.
func homeFor(c *config.Config) (found *home) {
	homes.Range(func(_, value any) bool {
		if h := value.(*home); h.config.Path() == c.Path() && h.config.JID() == c.JID() {
			found = h
			return false
		}
		return true
	})
	return found
}
