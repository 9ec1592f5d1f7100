package users

import (
	"context"
	"database/sql"
	"fmt"

	"spectrumlua/runtime/database"
)

// Flag is a set of properties of a contact. Other bits stay as they are.
type Flag int

// The flags of Spectrum 2.
const (
	FlagEscaped Flag = 2 // the JID is escaped (XEP-0106)
	FlagIgnored Flag = 4
	FlagBlocked Flag = 8
)

// Contact is a contact of a user.
type Contact struct {
	ID         int64  // set by the Store
	Name       string // on the legacy network; unique among the user's contacts
	Alias      string
	Groups     []string
	Subscribed bool // the user has accepted the contact ("both"); otherwise "ask"
	Flags      Flag
	IconHash   string // SHA-1 of the avatar in hexadecimal, or ""
}

// iconHash is the contact's setting that holds IconHash.
const iconHash = "icon_hash"

// Contacts returns the contacts of a user, in the order of their addition.
func (s *Store) Contacts(ctx context.Context, id int64) (contacts []Contact, err error) {
	err = s.call(ctx, func(ctx context.Context) error {
		contacts, err = s.contacts(ctx, s.db, id)
		return err
	})
	if err != nil {
		return nil, err
	}
	return contacts, nil
}

func (s *Store) contacts(ctx context.Context, c database.Conn, id int64) (contacts []Contact, err error) {
	hashes := map[int64]string{}
	err = s.each(ctx, c, func(rows *sql.Rows) error {
		var contact int64
		var hash string
		err := rows.Scan(&contact, &hash)
		hashes[contact] = hash
		return err
	}, selectDetails, id, iconHash)
	if err != nil {
		return nil, err
	}
	err = s.each(ctx, c, func(rows *sql.Rows) error {
		contact, err := scanContact(rows)
		contact.IconHash = hashes[contact.ID]
		contacts = append(contacts, contact)
		return err
	}, selectContacts, id)
	return contacts, err
}

func scanContact(rows *sql.Rows) (c Contact, err error) {
	var subscription, groups string
	err = rows.Scan(&c.ID, &c.Name, &subscription, &c.Alias, &groups, &c.Flags)
	c.Subscribed = subscription == "both"
	c.Groups = splitGroups(groups)
	return c, err
}

// contact returns the contact with a name, or the zero Contact.
func (s *Store) contact(ctx context.Context, c database.Conn, id int64, name string) (contact Contact, err error) {
	err = s.each(ctx, c, func(rows *sql.Rows) error {
		contact, err = scanContact(rows)
		return err
	}, selectContact, id, name)
	if err != nil || contact.ID == 0 {
		return contact, err
	}
	_, err = s.row(ctx, c, selectDetail, []any{id, iconHash, contact.ID}, new(int64), &contact.IconHash)
	return contact, err
}

// Save adds or updates contacts by their names, and sets their IDs. It writes only what
// differs from the tables. Aliases and groups are shortened to their columns. If a name
// does not fit, it returns ErrInvalid and saves no contact; if the user is not
// registered, ErrNotFound.
func (s *Store) Save(ctx context.Context, id int64, contacts ...*Contact) error {
	wanted := map[string]Contact{}
	for _, c := range contacts {
		if err := s.limits.checkContact(c); err != nil {
			return err
		}
		wanted[c.Name] = *c
	}
	return s.change(ctx, func(ctx context.Context, tx *database.Tx) error {
		if err := s.exists(ctx, tx, id); err != nil {
			return err
		}
		stored, err := s.storedContacts(ctx, tx, id, wanted)
		if err != nil {
			return err
		}
		added := false
		for name, c := range wanted {
			old, found := stored[name]
			added = added || !found
			if err := s.writeContact(ctx, tx, id, old, c); err != nil {
				return err
			}
		}
		if added {
			if stored, err = s.storedContacts(ctx, tx, id, wanted); err != nil {
				return err
			}
		}
		for name, c := range wanted {
			if err := s.writeIconHash(ctx, tx, id, stored[name], c.IconHash); err != nil {
				return err
			}
		}
		for _, c := range contacts {
			c.ID = stored[c.Name].ID
		}
		return nil
	})
}

func (l limits) checkContact(c *Contact) error {
	if c.Name == "" {
		return fmt.Errorf("%w: the contact has no name", ErrInvalid)
	}
	if err := l.check("contact's name", c.Name, l.text); err != nil {
		return err
	}
	return l.check("hash of the avatar", c.IconHash, l.text)
}

// storedContacts returns the stored contacts by their names. It may omit contacts that
// are not wanted.
func (s *Store) storedContacts(ctx context.Context, tx *database.Tx, id int64, wanted map[string]Contact) (map[string]Contact, error) {
	stored := map[string]Contact{}
	if len(wanted) == 1 {
		for name := range wanted {
			c, err := s.contact(ctx, tx, id, name)
			if err != nil {
				return nil, err
			}
			if c.ID != 0 {
				stored[name] = c
			}
		}
		return stored, nil
	}
	all, err := s.contacts(ctx, tx, id)
	for _, c := range all {
		stored[c.Name] = c
	}
	return stored, err
}

func (s *Store) writeContact(ctx context.Context, tx *database.Tx, id int64, old, c Contact) error {
	alias, groups := s.limits.fit(c.Alias, s.limits.text), s.limits.joinGroups(c.Groups)
	insert, update := insertAsked, updateAsked
	if c.Subscribed {
		insert, update = insertSubscribed, updateSubscribed
	}
	var err error
	switch {
	case old.ID == 0:
		_, err = s.exec(ctx, tx, insert, id, c.Name, alias, groups, int(c.Flags))
	case old.Alias != alias || s.limits.joinGroups(old.Groups) != groups || old.Flags != c.Flags || old.Subscribed != c.Subscribed:
		_, err = s.exec(ctx, tx, update, alias, groups, int(c.Flags), old.ID)
	}
	return err
}

func (s *Store) writeIconHash(ctx context.Context, tx *database.Tx, id int64, old Contact, hash string) error {
	if old.IconHash == hash {
		return nil
	}
	changed, err := s.exec(ctx, tx, updateDetail, hash, old.ID, iconHash)
	if err == nil && changed == 0 {
		_, err = s.exec(ctx, tx, insertDetail, id, old.ID, iconHash, typeString, hash)
	}
	return err
}

// Remove removes a contact. It does nothing if the user has no contact with this name.
func (s *Store) Remove(ctx context.Context, id int64, name string) error {
	if !storable(name) {
		return nil
	}
	return s.change(ctx, func(ctx context.Context, tx *database.Tx) error {
		c, err := s.contact(ctx, tx, id, name)
		if err != nil || c.ID == 0 {
			return err
		}
		for _, text := range []statement{deleteDetailsOfID, deleteContact} {
			if _, err := s.exec(ctx, tx, text, c.ID); err != nil {
				return err
			}
		}
		return nil
	})
}
