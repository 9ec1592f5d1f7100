package users

import (
	"context"
	"database/sql"
	"strings"

	"spectrumlua/runtime/database"
)

// statement is the text of a statement. {users} stands for the name of that table in
// the engine's quotes, {groups} for that column, and {now} and {login} for expressions.
type statement string

const (
	selectUser           statement = "SELECT id, jid, uin, password, language, encoding, vip, online, {login} FROM {users} WHERE jid = ?"
	selectUsers          statement = "SELECT id, jid, uin, '', language, encoding, vip, online, {login} FROM {users} ORDER BY id"
	selectUsersNamed     statement = "SELECT id, jid, uin, '', language, encoding, vip, online, {login} FROM {users} WHERE uin = ? ORDER BY id"
	selectUsersWith      statement = "SELECT u.id, u.jid, u.uin, '', u.language, u.encoding, u.vip, u.online, {login} FROM {users} u JOIN {users_settings} s ON s.user_id = u.id WHERE s.var = ? AND s.value = ? ORDER BY u.id"
	selectUserID         statement = "SELECT id FROM {users} WHERE jid = ?"
	selectJID            statement = "SELECT jid FROM {users} WHERE id = ?"
	selectUserByID       statement = "SELECT id FROM {users} WHERE id = ?"
	insertUser           statement = "INSERT INTO {users} (jid, uin, password, language, encoding, last_login, vip) VALUES (?, ?, ?, ?, ?, {now}, ?)"
	updateUser           statement = "UPDATE {users} SET uin = ?, password = ?, language = ?, encoding = ?, vip = ? WHERE id = ?"
	updateOnline         statement = "UPDATE {users} SET online = ?, last_login = {now} WHERE id = ?"
	deleteUser           statement = "DELETE FROM {users} WHERE id = ?"
	deleteSettings       statement = "DELETE FROM {users_settings} WHERE user_id = ?"
	deleteContacts       statement = "DELETE FROM {buddies} WHERE user_id = ?"
	deleteDetails        statement = "DELETE FROM {buddies_settings} WHERE user_id = ?"
	selectSettings       statement = "SELECT var, value FROM {users_settings} WHERE user_id = ?"
	selectSetting        statement = "SELECT value FROM {users_settings} WHERE user_id = ? AND var = ?"
	insertSetting        statement = "INSERT INTO {users_settings} (user_id, var, type, value) VALUES (?, ?, ?, ?)"
	updateSetting        statement = "UPDATE {users_settings} SET value = ? WHERE user_id = ? AND var = ?"
	selectContacts       statement = "SELECT id, uin, subscription, nickname, {groups}, flags FROM {buddies} WHERE user_id = ? ORDER BY id"
	selectContact        statement = "SELECT id, uin, subscription, nickname, {groups}, flags FROM {buddies} WHERE user_id = ? AND uin = ?"
	insertAsked          statement = "INSERT INTO {buddies} (user_id, uin, subscription, nickname, {groups}, flags) VALUES (?, ?, 'ask', ?, ?, ?)"
	insertSubscribed     statement = "INSERT INTO {buddies} (user_id, uin, subscription, nickname, {groups}, flags) VALUES (?, ?, 'both', ?, ?, ?)"
	updateAsked          statement = "UPDATE {buddies} SET subscription = 'ask', nickname = ?, {groups} = ?, flags = ? WHERE id = ?"
	updateSubscribed     statement = "UPDATE {buddies} SET subscription = 'both', nickname = ?, {groups} = ?, flags = ? WHERE id = ?"
	deleteContact        statement = "DELETE FROM {buddies} WHERE id = ?"
	selectDetails        statement = "SELECT buddy_id, value FROM {buddies_settings} WHERE user_id = ? AND var = ?"
	selectDetail         statement = "SELECT buddy_id, value FROM {buddies_settings} WHERE user_id = ? AND var = ? AND buddy_id = ?"
	insertDetail         statement = "INSERT INTO {buddies_settings} (user_id, buddy_id, var, type, value) VALUES (?, ?, ?, ?, ?)"
	updateDetail         statement = "UPDATE {buddies_settings} SET value = ? WHERE buddy_id = ? AND var = ?"
	deleteDetailsOfID    statement = "DELETE FROM {buddies_settings} WHERE buddy_id = ?"
	selectRooms          statement = "SELECT address, room, nickname, password FROM {spectrum2_lua_rooms} WHERE jid = ? ORDER BY address"
	insertRoom           statement = "INSERT INTO {spectrum2_lua_rooms} (jid, address, room, nickname, password) VALUES (?, ?, ?, ?, ?)"
	deleteRoom           statement = "DELETE FROM {spectrum2_lua_rooms} WHERE jid = ? AND address = ?"
	deleteRooms          statement = "DELETE FROM {spectrum2_lua_rooms} WHERE jid = ?"
	countArchivedID      statement = "SELECT COUNT(*) FROM {spectrum2_lua_archive} WHERE jid = ? AND address = ? AND id = ?"
	selectArchivedLast   statement = "SELECT MAX(ordinal) FROM {spectrum2_lua_archive} WHERE jid = ? AND ordinal >= ? AND ordinal < ?"
	insertArchived       statement = "INSERT INTO {spectrum2_lua_archive} (jid, address, room, id, ordinal, stanza) VALUES (?, ?, ?, ?, ?, ?)"
	updateArchived       statement = "UPDATE {spectrum2_lua_archive} SET stanza = ? WHERE jid = ? AND ordinal = ?"
	selectArchivedFirst  statement = "SELECT address, room, id, ordinal, stanza FROM {spectrum2_lua_archive} WHERE {span} ORDER BY ordinal LIMIT ?"
	selectArchivedTail   statement = "SELECT address, room, id, ordinal, stanza FROM {spectrum2_lua_archive} WHERE {span} ORDER BY ordinal DESC LIMIT ?"
	countArchived        statement = "SELECT COUNT(*) FROM {spectrum2_lua_archive} WHERE {span}"
	selectArchivedOrder  statement = "SELECT ordinal FROM {spectrum2_lua_archive} WHERE {span} AND id = ?"
	selectArchivedNth    statement = "SELECT ordinal FROM {spectrum2_lua_archive} WHERE jid = ? ORDER BY ordinal DESC LIMIT 1 OFFSET ?"
	deleteArchivedBefore statement = "DELETE FROM {spectrum2_lua_archive} WHERE jid = ? AND ordinal < ?"
	expireArchive        statement = "DELETE FROM {spectrum2_lua_archive} WHERE ordinal < ?"
	deleteArchive        statement = "DELETE FROM {spectrum2_lua_archive} WHERE jid = ?"
	selectPairOfStanza   statement = "SELECT ids FROM {spectrum2_lua_ids} WHERE stanza = ?"
	selectPairOfNetwork  statement = "SELECT ids FROM {spectrum2_lua_ids} WHERE network = ? AND stanza BETWEEN ? AND ? ORDER BY stored LIMIT 1"
	selectPairNth        statement = "SELECT stored FROM {spectrum2_lua_ids} WHERE stanza BETWEEN ? AND ? ORDER BY stored DESC LIMIT 1 OFFSET ?"
	insertPair           statement = "INSERT INTO {spectrum2_lua_ids} (stanza, network, stored, ids) VALUES (?, ?, ?, ?)"
	deletePair           statement = "DELETE FROM {spectrum2_lua_ids} WHERE stanza = ?"
	deletePairsBefore    statement = "DELETE FROM {spectrum2_lua_ids} WHERE stanza BETWEEN ? AND ? AND stored <= ?"
	deletePairs          statement = "DELETE FROM {spectrum2_lua_ids} WHERE stanza BETWEEN ? AND ?"
	expirePairs          statement = "DELETE FROM {spectrum2_lua_ids} WHERE stored < ?"
	selectVersion        statement = "SELECT COALESCE(MAX(ver), 0) FROM {db_version}"
	insertVersion        statement = "INSERT INTO {db_version} (ver) VALUES (?)"
)

var statements = []statement{
	selectUser, selectUsers, selectUsersNamed, selectUsersWith, selectUserID, selectJID, selectUserByID, insertUser, updateUser, updateOnline, deleteUser,
	deleteSettings, deleteContacts, deleteDetails, selectSettings, selectSetting, insertSetting, updateSetting,
	selectContacts, selectContact, insertAsked, insertSubscribed, updateAsked, updateSubscribed, deleteContact,
	selectDetails, selectDetail, insertDetail, updateDetail, deleteDetailsOfID,
	selectRooms, insertRoom, deleteRoom, deleteRooms,
	countArchivedID, selectArchivedLast, insertArchived, updateArchived, selectArchivedFirst, selectArchivedTail, countArchived,
	selectArchivedOrder, selectArchivedNth, deleteArchivedBefore, expireArchive, deleteArchive,
	selectPairOfStanza, selectPairOfNetwork, selectPairNth, insertPair, deletePair, deletePairsBefore, deletePairs, expirePairs, selectVersion, insertVersion,
}

// Names of tables, without the prefix.
const (
	tableUsers           = "users"
	tableSettings        = "users_settings"
	tableContacts        = "buddies"
	tableContactSettings = "buddies_settings"
	tableVersion         = "db_version"
	tableRooms           = "spectrum2_lua_rooms"
	tableArchive         = "spectrum2_lua_archive"
	tablePairs           = "spectrum2_lua_ids"
)

// expressions holds the current time, and the seconds since 1970 of last_login. Servers
// store local time, as Spectrum does.
var expressions = map[*database.Engine][]string{
	database.SQLite:     {"{now}", "datetime('now')", "{login}", "CAST(COALESCE(strftime('%s', last_login), '0') AS INTEGER)"},
	database.PostgreSQL: {"{now}", "NOW()", "{login}", "CAST(COALESCE(EXTRACT(EPOCH FROM CAST(last_login AS timestamp with time zone)), 0) AS bigint)"},
	database.MySQL:      {"{now}", "NOW()", "{login}", "CAST(COALESCE(UNIX_TIMESTAMP(last_login), 0) AS SIGNED)"},
}

// span is the condition of a Span: a chat or room, or all chats, between two messages.
const span = "jid = ? AND (address = ? OR (? = 1 AND room = 0)) AND ordinal > ? AND ordinal < ?"

// names returns a replacer for the names and expressions in a statement.
func names(e *database.Engine, prefix string) *strings.Replacer {
	words := append([]string{"{groups}", e.Quote("groups"), "{span}", span}, expressions[e]...)
	for _, table := range []string{tableUsers, tableSettings, tableContacts, tableContactSettings, tableVersion, tableRooms, tableArchive, tablePairs, tablePairs + "_network", tablePairsOld} {
		words = append(words, "{"+table+"}", e.Quote(prefix+table))
	}
	return strings.NewReplacer(words...)
}

// bind fills s.texts.
func (s *Store) bind() error {
	replacer := names(s.db.Engine(), s.tables)
	s.texts = map[statement]string{}
	for _, text := range statements {
		filled := replacer.Replace(string(text))
		bound, err := s.db.Bind(filled, strings.Count(filled, "?"))
		if err != nil {
			return err
		}
		s.texts[text] = bound
	}
	return nil
}

// exec runs a statement and returns the number of rows that it changed.
func (s *Store) exec(ctx context.Context, c database.Conn, text statement, args ...any) (int64, error) {
	result, err := c.Exec(ctx, s.texts[text], args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// each calls scan for each row of a query.
func (s *Store) each(ctx context.Context, c database.Conn, scan func(rows *sql.Rows) error, text statement, args ...any) error {
	rows, err := c.Query(ctx, s.texts[text], args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // the error is that of Err
	for rows.Next() {
		if err := scan(rows); err != nil {
			return c.Plain(err)
		}
	}
	return c.Plain(rows.Err())
}

// row reads the first row of a query and reports whether it exists.
func (s *Store) row(ctx context.Context, c database.Conn, text statement, args []any, dest ...any) (bool, error) {
	return c.Row(ctx, s.texts[text], args, dest...)
}
