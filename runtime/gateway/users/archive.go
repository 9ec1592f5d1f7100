package users

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"math"
	"slices"
	"time"

	"spectrumlua/runtime/database"
)

// Archived is a message in the archive of a user.
type Archived struct {
	JID     string // the user, bare
	Address string // the localpart of the contact or room
	Room    bool
	// ID is the id of the message. A message whose ID the chat or room already has is not
	// stored again.
	ID string
	// Order is the place among the messages of the user: later messages have higher numbers.
	// It contains the time, see At. SaveArchived sets it from Time.
	Order  int64
	Time   time.Time
	Stanza string
}

// At returns the time of the message in microseconds; the last six digits only make the
// order of the messages of one second.
func (a Archived) At() time.Time { return time.UnixMicro(a.Order).UTC().Truncate(time.Second) }

// Limits of an archived message, in bytes. The first two are those of the columns of MySQL.
const (
	maxArchiveID     = 256
	maxArchiveName   = 1023
	maxArchiveStanza = 1 << 20
)

// archiveTable is the table of archived messages. Spectrum has no such table and ignores
// it. The user and the order are a key, so that a page is read in one piece.
var archiveTable = table{tableArchive, "jid, address, room, id, ordinal, stanza", map[*database.Engine][]string{
	database.SQLite:     {createArchive("BLOB", "BLOB", "BLOB", " WITHOUT ROWID")},
	database.PostgreSQL: {createArchive("BYTEA", "BYTEA", "BYTEA", "")},
	database.MySQL: {createArchive(fmt.Sprintf("VARBINARY(%d)", maxArchiveName), fmt.Sprintf("VARBINARY(%d)", maxArchiveID), "MEDIUMBLOB",
		" ENGINE=InnoDB ROW_FORMAT=DYNAMIC")},
}}

func createArchive(name, id, text, tail string) string {
	return "CREATE TABLE IF NOT EXISTS {" + tableArchive + "} (jid " + name + " NOT NULL, address " + name + " NOT NULL, room SMALLINT NOT NULL, id " + id +
		" NOT NULL, ordinal BIGINT NOT NULL, stanza " + text + " NOT NULL, PRIMARY KEY (jid, ordinal), UNIQUE (jid, address, id))" + tail
}

// Rewrite changes the stored messages of one chat or room of a user.
type Rewrite struct {
	JID, Address string
	// Begin is called for each try of the transaction. The function that it returns gets the
	// stanzas, the last one first. It returns the new stanza, or "" if that one stays, and
	// whether all older ones stay.
	Begin func() func(stanza string) (changed string, done bool)
}

// SaveArchived stores messages, in their order, and then changes what is stored, in one
// transaction. Messages that are too long, or that are already stored, are omitted.
func (s *Store) SaveArchived(ctx context.Context, messages []Archived, rewrites ...Rewrite) error {
	return s.change(ctx, func(ctx context.Context, tx *database.Tx) error {
		for _, m := range messages {
			if len(m.ID) > maxArchiveID || max(len(m.JID), len(m.Address)) > maxArchiveName || len(m.Stanza) > maxArchiveStanza {
				continue
			}
			var n int
			if _, err := s.row(ctx, tx, countArchivedID, []any{[]byte(m.JID), []byte(m.Address), []byte(m.ID)}, &n); err != nil {
				return err
			}
			if n > 0 {
				continue
			}
			begin := m.Time.UTC().Truncate(time.Second).UnixMicro()
			var last sql.NullInt64
			if _, err := s.row(ctx, tx, selectArchivedLast, []any{[]byte(m.JID), begin, begin + int64(time.Second/time.Microsecond)}, &last); err != nil {
				return err
			}
			order := begin
			if last.Valid {
				order = last.Int64 + 1
			}
			room := 0
			if m.Room {
				room = 1
			}
			if _, err := s.exec(ctx, tx, insertArchived, []byte(m.JID), []byte(m.Address), room, []byte(m.ID), order, []byte(m.Stanza)); err != nil {
				return err
			}
		}
		for _, r := range rewrites {
			if err := s.rewrite(ctx, tx, r); err != nil {
				return err
			}
		}
		return nil
	})
}

// rewritePage is the number of messages that a Rewrite reads at once.
const rewritePage = 100

func (s *Store) rewrite(ctx context.Context, tx *database.Tx, r Rewrite) error {
	span, change := Span{JID: r.JID, Address: r.Address}, r.Begin()
	for {
		page, err := s.archived(ctx, tx, selectArchivedTail, span, rewritePage)
		if err != nil {
			return err
		}
		for _, m := range page {
			changed, done := change(m.Stanza)
			if changed != "" && len(changed) <= maxArchiveStanza {
				if _, err := s.exec(ctx, tx, updateArchived, []byte(changed), []byte(r.JID), m.Order); err != nil {
					return err
				}
			}
			if done {
				return nil
			}
			span.Before = m.Order
		}
		if len(page) < rewritePage {
			return nil
		}
	}
}

// Span selects archived messages of a user: those of a chat or room or, without an
// Address, of all chats. The numbers are exclusive limits of Archived.Order; a zero Before
// means no limit.
type Span struct {
	JID           string
	Address       string
	After, Before int64
}

// args returns the values of the placeholders of a condition {span}.
func (p Span) args() []any {
	all := 0
	if p.Address == "" {
		all = 1
	}
	return []any{[]byte(p.JID), []byte(p.Address), all, p.After, cmp.Or(p.Before, math.MaxInt64)}
}

// Archived returns at most that many messages, in their order: the first ones of a span,
// or the last ones.
func (s *Store) Archived(ctx context.Context, p Span, most int, last bool) (all []Archived, err error) {
	text := selectArchivedFirst
	if last {
		text = selectArchivedTail
	}
	err = s.call(ctx, func(ctx context.Context) error {
		all, err = s.archived(ctx, s.db, text, p, most)
		return err
	})
	if last {
		slices.Reverse(all)
	}
	return all, err
}

// archived returns the messages of a span that a statement selects.
func (s *Store) archived(ctx context.Context, c database.Conn, text statement, p Span, most int) (all []Archived, err error) {
	err = s.each(ctx, c, func(rows *sql.Rows) error {
		m := Archived{JID: p.JID}
		var address, id, stanza []byte
		var room int
		err := rows.Scan(&address, &room, &id, &m.Order, &stanza)
		m.Address, m.Room, m.ID, m.Stanza = string(address), room != 0, string(id), string(stanza)
		all = append(all, m)
		return err
	}, text, append(p.args(), most)...)
	return all, err
}

// CountArchived returns the number of messages in a span.
func (s *Store) CountArchived(ctx context.Context, p Span) (n int, err error) {
	err = s.call(ctx, func(ctx context.Context) error {
		_, err := s.row(ctx, s.db, countArchived, p.args(), &n)
		return err
	})
	return n, err
}

// FindArchived returns the order of the message with an id in a span, and reports whether
// it exists.
func (s *Store) FindArchived(ctx context.Context, p Span, id string) (order int64, ok bool, err error) {
	err = s.call(ctx, func(ctx context.Context) error {
		ok, err = s.row(ctx, s.db, selectArchivedOrder, append(p.args(), []byte(id)), &order)
		return err
	})
	return order, ok, err
}

// TrimArchive removes the messages of a user that are older than a time, and those in
// front of the last most ones.
func (s *Store) TrimArchive(ctx context.Context, jid string, oldest time.Time, most int) error {
	return s.change(ctx, func(ctx context.Context, tx *database.Tx) error {
		limit := oldest.UnixMicro()
		var order int64
		ok, err := s.row(ctx, tx, selectArchivedNth, []any{[]byte(jid), most}, &order)
		if err != nil {
			return err
		}
		if ok {
			limit = max(limit, order+1)
		}
		_, err = s.exec(ctx, tx, deleteArchivedBefore, []byte(jid), limit)
		return err
	})
}

// ExpireArchive removes the messages of all users that are older than a time. It reads the
// whole table.
func (s *Store) ExpireArchive(ctx context.Context, oldest time.Time) error {
	return s.change(ctx, func(ctx context.Context, tx *database.Tx) error {
		_, err := s.exec(ctx, tx, expireArchive, oldest.UnixMicro())
		return err
	})
}
