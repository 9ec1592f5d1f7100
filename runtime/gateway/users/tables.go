package users

import "spectrumlua/runtime/database"

// versions holds the number in db_version that Spectrum 2.2.1 writes.
var versions = map[*database.Engine]int{database.SQLite: 3, database.PostgreSQL: 1, database.MySQL: 2}

// table is a table of Spectrum 2.2.1.
type table struct {
	name    string
	columns string
	create  map[*database.Engine][]string
}

// mysqlTable ends the definition of each table of MySQL.
const mysqlTable = ") ENGINE=InnoDB DEFAULT CHARSET=utf8 COLLATE=utf8_bin"

var tables = []table{
	{tableUsers, "id, jid, uin, password, language, encoding, last_login, vip, online", map[*database.Engine][]string{
		database.SQLite: {
			`CREATE TABLE IF NOT EXISTS {users} (id INTEGER PRIMARY KEY NOT NULL, jid varchar(255) NOT NULL, uin varchar(4095) NOT NULL,
password varchar(255) NOT NULL, language varchar(25) NOT NULL, encoding varchar(50) NOT NULL DEFAULT 'utf8', last_login datetime,
vip int(1) NOT NULL DEFAULT '0', online int(1) NOT NULL DEFAULT '0')`,
		},
		database.PostgreSQL: {
			`CREATE TABLE IF NOT EXISTS {users} (id SERIAL, jid varchar(255) NOT NULL, uin varchar(4095) NOT NULL,
password varchar(255) NOT NULL, language varchar(25) NOT NULL, encoding varchar(50) NOT NULL DEFAULT 'utf8', last_login timestamp,
vip boolean NOT NULL DEFAULT 'false', online boolean NOT NULL DEFAULT 'false', PRIMARY KEY (id), UNIQUE (jid))`,
		},
		database.MySQL: {
			`CREATE TABLE IF NOT EXISTS {users} (id int(10) unsigned NOT NULL AUTO_INCREMENT, jid varchar(255) NOT NULL, uin varchar(4095) NOT NULL,
password varchar(255) NOT NULL, language varchar(25) NOT NULL, encoding varchar(50) NOT NULL DEFAULT 'utf8', last_login datetime,
vip tinyint(1) NOT NULL DEFAULT '0', online tinyint(1) NOT NULL DEFAULT '0', PRIMARY KEY (id), UNIQUE KEY jid (jid)` + mysqlTable,
		},
	}},
	{tableSettings, "user_id, var, type, value", map[*database.Engine][]string{
		database.SQLite: {
			`CREATE TABLE IF NOT EXISTS {users_settings} (user_id int(10) NOT NULL, var varchar(50) NOT NULL, type int(4) NOT NULL,
value varchar(4095) NOT NULL, PRIMARY KEY (user_id, var))`,
		},
		database.PostgreSQL: {
			`CREATE TABLE IF NOT EXISTS {users_settings} (user_id integer NOT NULL, var varchar(50) NOT NULL, type smallint NOT NULL,
value varchar(255) NOT NULL, PRIMARY KEY (user_id, var))`,
		},
		database.MySQL: {
			`CREATE TABLE IF NOT EXISTS {users_settings} (user_id int(10) unsigned NOT NULL, var varchar(50) NOT NULL, type smallint(4) unsigned NOT NULL,
value varchar(255) NOT NULL, PRIMARY KEY (user_id, var), KEY user_id (user_id)` + mysqlTable,
		},
	}},
	{tableContacts, "id, user_id, uin, subscription, nickname, {groups}, flags", map[*database.Engine][]string{
		database.SQLite: {
			`CREATE TABLE IF NOT EXISTS {buddies} (id INTEGER PRIMARY KEY NOT NULL, user_id int(10) NOT NULL, uin varchar(255) NOT NULL,
subscription varchar(20) NOT NULL, nickname varchar(255) NOT NULL, groups varchar(255) NOT NULL, flags int(4) NOT NULL DEFAULT '0')`,
		},
		database.PostgreSQL: {
			// Spectrum's type has no prefix, so it may exist for other tables.
			`DO $$ BEGIN CREATE TYPE Subscription AS ENUM ('to', 'from', 'both', 'ask', 'none'); EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
			`CREATE TABLE IF NOT EXISTS {buddies} (id SERIAL, user_id integer NOT NULL, uin varchar(255) NOT NULL, subscription Subscription NOT NULL,
nickname varchar(255) NOT NULL, groups varchar(255) NOT NULL, flags smallint NOT NULL DEFAULT '0', PRIMARY KEY (id), UNIQUE (user_id, uin))`,
		},
		database.MySQL: {
			`CREATE TABLE IF NOT EXISTS {buddies} (id int(10) unsigned NOT NULL AUTO_INCREMENT, user_id int(10) unsigned NOT NULL, uin varchar(255) NOT NULL,
subscription enum('to','from','both','ask','none') NOT NULL, nickname varchar(255) NOT NULL, {groups} varchar(255) NOT NULL,
flags smallint(4) NOT NULL DEFAULT '0', PRIMARY KEY (id), UNIQUE KEY user_id (user_id, uin)` + mysqlTable,
		},
	}},
	{tableContactSettings, "user_id, buddy_id, var, type, value", map[*database.Engine][]string{
		database.SQLite: {
			`CREATE TABLE IF NOT EXISTS {buddies_settings} (user_id int(10) NOT NULL, buddy_id int(10) NOT NULL, var varchar(50) NOT NULL,
type int(4) NOT NULL, value varchar(255) NOT NULL, PRIMARY KEY (buddy_id, var))`,
		},
		database.PostgreSQL: {
			`CREATE TABLE IF NOT EXISTS {buddies_settings} (user_id integer NOT NULL, buddy_id integer NOT NULL, var varchar(50) NOT NULL,
type smallint NOT NULL, value varchar(255) NOT NULL, PRIMARY KEY (buddy_id, var))`,
		},
		database.MySQL: {
			`CREATE TABLE IF NOT EXISTS {buddies_settings} (user_id int(10) unsigned NOT NULL, buddy_id int(10) unsigned NOT NULL, var varchar(50) NOT NULL,
type smallint(4) unsigned NOT NULL, value varchar(255) NOT NULL, PRIMARY KEY (buddy_id, var), KEY user_id (user_id)` + mysqlTable,
		},
	}},
	{tableVersion, "ver", map[*database.Engine][]string{
		database.SQLite:     {`CREATE TABLE IF NOT EXISTS {db_version} (ver INTEGER NOT NULL DEFAULT '3')`},
		database.PostgreSQL: {`CREATE TABLE IF NOT EXISTS {db_version} (ver integer NOT NULL DEFAULT '1', UNIQUE (ver))`},
		database.MySQL: {
			`CREATE TABLE IF NOT EXISTS {db_version} (ver int(10) unsigned NOT NULL DEFAULT '1', UNIQUE KEY ver (ver)` + mysqlTable,
		},
	}},
}

// indexes holds the indexes of SQLite's tables. Their names have no prefix in
// Spectrum, so they exist only for the first prefix in a file.
var indexes = []struct{ name, kind, table, columns string }{
	{"jid", "UNIQUE INDEX", tableUsers, "jid"},
	{"user_id", "UNIQUE INDEX", tableContacts, "user_id, uin"},
	{"user_id02", "INDEX", tableContactSettings, "user_id"},
	{"user_id03", "INDEX", tableSettings, "user_id"},
}
