package users

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"spectrumlua/runtime/database"
)

// Room is a room that a user is in.
type Room struct {
	Address  string // the localpart of its JID
	Name     string // on the legacy network
	Nickname string
	Password string
}

// maxRoom is the longest value of a column of a room, in bytes: the limit of a part of a
// JID.
const maxRoom = 1023

// roomTable is the table of rooms. Spectrum has no such table and ignores it. Its rows have
// the user's JID instead of the id, because SQLite gives the id of a removed user to the
// next one, and Spectrum does not remove the rows. All columns hold bytes, so that
// comparisons are exact.
var roomTable = table{tableRooms, "jid, address, room, nickname, password", map[*database.Engine][]string{
	database.SQLite:     {createRooms("BLOB", "")},
	database.PostgreSQL: {createRooms("BYTEA", "")},
	database.MySQL:      {createRooms(fmt.Sprintf("VARBINARY(%d)", maxRoom), " ENGINE=InnoDB ROW_FORMAT=DYNAMIC")},
}}

func createRooms(kind, tail string) string {
	return strings.ReplaceAll("CREATE TABLE IF NOT EXISTS {"+tableRooms+"} (jid KIND NOT NULL, address KIND NOT NULL, room KIND NOT NULL, "+
		"nickname KIND NOT NULL, password KIND NOT NULL, PRIMARY KEY (jid, address))", "KIND", kind) + tail
}

// Rooms returns the rooms that a user is in, in the order of their addresses.
func (s *Store) Rooms(ctx context.Context, jid string) (all []Room, err error) {
	err = s.call(ctx, func(ctx context.Context) error {
		return s.each(ctx, s.db, func(rows *sql.Rows) error {
			var address, name, nickname, password []byte
			err := rows.Scan(&address, &name, &nickname, &password)
			all = append(all, Room{string(address), string(name), string(nickname), reveal(string(password), s.key)})
			return err
		}, selectRooms, []byte(jid))
	})
	return all, err
}

// SaveRoom stores that a user is in a room. It replaces the room with the same address.
func (s *Store) SaveRoom(ctx context.Context, jid string, r Room) error {
	values := []any{[]byte(jid), []byte(r.Address), []byte(r.Name), []byte(r.Nickname), []byte(conceal(r.Password, s.key))}
	for _, v := range values {
		if n := len(v.([]byte)); n > maxRoom {
			return fmt.Errorf("%w: an address, name or password of %d bytes, and %d is the maximum", ErrInvalid, n, maxRoom)
		}
	}
	return s.batch(ctx, func(ctx context.Context, tx *database.Tx) error {
		if _, err := s.exec(ctx, tx, deleteRoom, values[:2]...); err != nil {
			return err
		}
		_, err := s.exec(ctx, tx, insertRoom, values...)
		return err
	})
}

// DeleteRoom stores that a user is no longer in a room.
func (s *Store) DeleteRoom(ctx context.Context, jid, address string) error {
	return s.batch(ctx, func(ctx context.Context, tx *database.Tx) error {
		_, err := s.exec(ctx, tx, deleteRoom, []byte(jid), []byte(address))
		return err
	})
}
