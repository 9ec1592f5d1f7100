package users

import (
	"context"
	"database/sql"

	"spectrumlua/runtime/database"
)

// Types of settings in their tables.
const (
	typeBoolean = 4
	typeString  = 13
)

// Boolean returns the value of a boolean setting.
func Boolean(on bool) string {
	if on {
		return "1"
	}
	return "0"
}

// typeOf returns the type of a new setting. Spectrum writes booleans as 0 and 1.
func typeOf(value string) int {
	if value == "0" || value == "1" {
		return typeBoolean
	}
	return typeString
}

// Settings returns the settings of a user. Booleans are "1" and "0".
func (s *Store) Settings(ctx context.Context, id int64) (map[string]string, error) {
	settings := map[string]string{}
	err := s.call(ctx, func(ctx context.Context) error {
		return s.each(ctx, s.db, func(rows *sql.Rows) error {
			var name, value string
			err := rows.Scan(&name, &value)
			settings[name] = value
			return err
		}, selectSettings, id)
	})
	if err != nil {
		return nil, err
	}
	return settings, nil
}

// Set writes a setting of a user. It returns ErrNotFound if the user is not registered.
func (s *Store) Set(ctx context.Context, id int64, name, value string) error {
	if err := s.checkSetting(name, value); err != nil {
		return err
	}
	return s.change(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := s.exists(ctx, tx, id); err != nil {
			return err
		}
		return s.set(ctx, tx, id, name, value)
	})
}

// checkSetting returns ErrInvalid for a setting that cannot be stored.
func (s *Store) checkSetting(name, value string) error {
	if err := s.limits.check("name of the setting", name, s.limits.setting); err != nil {
		return err
	}
	return s.limits.check("setting", value, s.limits.value)
}

// set writes a setting of a user who is registered.
func (s *Store) set(ctx context.Context, tx *database.Tx, id int64, name, value string) error {
	var old string
	found, err := s.row(ctx, tx, selectSetting, []any{id, name}, &old)
	switch {
	case err != nil || found && old == value:
		return err
	case found:
		_, err = s.exec(ctx, tx, updateSetting, value, id, name)
	default:
		_, err = s.exec(ctx, tx, insertSetting, id, name, typeOf(value), value)
	}
	return err
}

// exists returns ErrNotFound if the user is not registered: a row that belongs to no
// user would stay forever.
func (s *Store) exists(ctx context.Context, tx *database.Tx, id int64) error {
	found, err := s.row(ctx, tx, selectUserByID, []any{id}, &id)
	if err == nil && !found {
		err = ErrNotFound
	}
	return err
}
