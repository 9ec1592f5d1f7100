package users

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"spectrumlua/runtime/database"
)

// Find returns the user with a bare JID, or ErrNotFound.
func (s *Store) Find(ctx context.Context, jid string) (a Account, err error) {
	if !storable(jid) {
		return Account{}, ErrNotFound
	}
	err = s.call(ctx, func(ctx context.Context) error {
		found, err := s.find(ctx, jid, &a)
		if err == nil && !found {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		a.VIP, err = s.isVIP(ctx, a)
		return err
	})
	if err != nil {
		return Account{}, err
	}
	return a, nil
}

func (s *Store) find(ctx context.Context, jid string, a *Account) (found bool, err error) {
	err = s.each(ctx, s.db, func(rows *sql.Rows) error {
		found = true
		return s.scan(rows, a)
	}, selectUser, jid)
	return found, err
}

// scan reads a row of selectUser or of selectUsers.
func (s *Store) scan(rows *sql.Rows, a *Account) error {
	var login int64
	err := rows.Scan(&a.ID, &a.JID, &a.Name, &a.Password, &a.Language, &a.Encoding, (*boolean)(&a.VIP), (*boolean)(&a.Online), &login)
	if err != nil {
		return err
	}
	a.Name = strings.ToValidUTF8(a.Name, "\uFFFD")
	a.Password = reveal(a.Password, s.key)
	if login != 0 {
		a.LastLogin = time.Unix(login, 0)
	}
	return nil
}

// boolean scans the column of a boolean, which is a number in some engines.
type boolean bool

// Scan implements sql.Scanner.
func (b *boolean) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*b = false
	case bool:
		*b = boolean(v)
	case int64:
		*b = v != 0
	case []byte:
		*b = len(v) > 0 && string(v) != "0"
	case string:
		*b = v != "" && v != "0"
	default:
		return fmt.Errorf("a boolean is stored as %T", value)
	}
	return nil
}

// isVIP reports whether the user is a VIP: as vip_statement says, or else their row.
func (s *Store) isVIP(ctx context.Context, a Account) (bool, error) {
	if s.vip == "" || strings.ContainsAny(a.JID, `'"\`) {
		return a.VIP, nil
	}
	rows, err := s.db.Query(ctx, strings.ReplaceAll(s.vip, "$barejid", a.JID))
	if err != nil {
		return false, err
	}
	found := rows.Next()
	_ = rows.Close()
	return found, s.db.Plain(rows.Err())
}

// Register adds a user with settings, and returns the account with its ID. It returns
// ErrExists if the JID is registered, also if another process has registered it in the
// meantime.
func (s *Store) Register(ctx context.Context, a Account, settings map[string]string) (Account, error) {
	a = withDefaults(a)
	values, err := s.columns(a)
	if err != nil {
		return Account{}, err
	}
	for name, value := range settings {
		if err := s.checkSetting(name, value); err != nil {
			return Account{}, err
		}
	}
	err = s.change(ctx, func(ctx context.Context, tx *database.Tx) error {
		found, err := s.row(ctx, tx, selectUserID, []any{a.JID}, &a.ID)
		if err != nil {
			return err
		}
		if found {
			return ErrExists
		}
		if _, err := s.exec(ctx, tx, insertUser, append([]any{a.JID}, values...)...); err != nil {
			return err
		}
		if _, err = s.row(ctx, tx, selectUserID, []any{a.JID}, &a.ID); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(settings)) {
			if err := s.set(ctx, tx, a.ID, name, settings[name]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Account{}, err
	}
	return a, nil
}

// withDefaults sets the language and encoding that Spectrum stores.
func withDefaults(a Account) Account {
	if a.Language == "" {
		a.Language = "en"
	}
	if a.Encoding == "" {
		a.Encoding = "utf-8"
	}
	return a
}

// columns returns the values of uin, password, language, encoding and vip.
func (s *Store) columns(a Account) ([]any, error) {
	password := conceal(a.Password, s.key)
	if !utf8.ValidString(a.Password) {
		return nil, fmt.Errorf("%w: the password is not UTF-8", ErrInvalid)
	}
	for _, v := range []struct {
		what, value string
		limit       int
	}{
		{"user's address", a.JID, s.limits.text}, {"name", a.Name, s.limits.name}, {"password", password, s.limits.text},
		{"language", a.Language, s.limits.language}, {"encoding", a.Encoding, s.limits.encoding},
	} {
		if err := s.limits.check(v.what, v.value, v.limit); err != nil {
			return nil, err
		}
	}
	return []any{a.Name, password, a.Language, a.Encoding, a.VIP}, nil
}

// Update writes the name, password, language, encoding and VIP of the user with a.ID.
// It returns ErrNotFound if the user is not registered.
func (s *Store) Update(ctx context.Context, a Account) error {
	values, err := s.columns(withDefaults(a))
	if err != nil {
		return err
	}
	return s.call(ctx, func(ctx context.Context) error {
		return expectRow(s.exec(ctx, s.db, updateUser, append(values, a.ID)...))
	})
}

func expectRow(changed int64, err error) error {
	if err == nil && changed == 0 {
		return ErrNotFound
	}
	return err
}

// Unregister removes a user with everything that belongs to them. It does nothing if
// the user is not registered.
func (s *Store) Unregister(ctx context.Context, id int64) error {
	return s.change(ctx, func(ctx context.Context, tx *database.Tx) error {
		var jid string
		if found, err := s.row(ctx, tx, selectJID, []any{id}, &jid); err != nil || !found {
			return err
		}
		for _, text := range []statement{deleteRooms, deleteArchive} {
			if _, err := s.exec(ctx, tx, text, []byte(jid)); err != nil {
				return err
			}
		}
		first, last := pairsOf(jid)
		if _, err := s.exec(ctx, tx, deletePairs, first, last); err != nil {
			return err
		}
		for _, text := range []statement{deleteUser, deleteSettings, deleteDetails, deleteContacts} {
			if _, err := s.exec(ctx, tx, text, id); err != nil {
				return err
			}
		}
		return nil
	})
}

// All returns all users without their passwords, in the order of their registration.
func (s *Store) All(ctx context.Context) ([]Account, error) { return s.list(ctx, selectUsers) }

// Named returns the users with a name on the network, without their passwords.
func (s *Store) Named(ctx context.Context, name string) ([]Account, error) {
	if s.limits.check("name", name, s.limits.name) != nil {
		return nil, nil
	}
	all, err := s.list(ctx, selectUsersNamed, name)
	// Some databases ignore the case.
	return slices.DeleteFunc(all, func(a Account) bool { return a.Name != name }), err
}

// AllWith returns the users with this value of a setting, without their passwords.
func (s *Store) AllWith(ctx context.Context, setting, value string) ([]Account, error) {
	return s.list(ctx, selectUsersWith, setting, value)
}

func (s *Store) list(ctx context.Context, text statement, args ...any) (all []Account, err error) {
	err = s.call(ctx, func(ctx context.Context) error {
		return s.each(ctx, s.db, func(rows *sql.Rows) error {
			var a Account
			err := s.scan(rows, &a)
			a.Password = ""
			all = append(all, a)
			return err
		}, text, args...)
	})
	return all, err
}
