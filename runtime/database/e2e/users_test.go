//go:build e2e

package e2e

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"spectrumlua/runtime/config"
	"spectrumlua/runtime/database"
	"spectrumlua/runtime/database/e2e/dbserver"
	"spectrumlua/runtime/gateway/users"
)

// key is [database] encryption_key.
const key = "Kéy!"

// engines runs a test on SQLite and on the servers, with a section [database] that has
// a prefix. DIR in it stands for the transport's folder.
func engines(t *testing.T, test func(t *testing.T, e *database.Engine, section string)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, database.SQLite, "type=sqlite3\ndatabase=DIR/users.sql\nprefix=p_\nencryption_key="+key+"\n")
	})
	each(t, func(t *testing.T, s *dbserver.Server) {
		e := map[string]*database.Engine{"postgresql": database.PostgreSQL, "mysql": database.MySQL}[s.Kind.Name]
		test(t, e, section(t, s, dbserver.Password, s.Kind.Database)+"encryption_key="+key+"\n")
	})
}

// openUsers opens the users as the gateway does, in a folder of this process.
func openUsers(t *testing.T, dir, section string) *users.Store {
	t.Helper()
	text := "[service]\njid=echo.localhost\nworking_dir=" + dir + "\n[database]\n" + strings.ReplaceAll(section, "DIR", dir)
	c, err := config.Parse(filepath.Join(dir, "gateway.cfg"), []byte(text), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := users.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestGatewayCreatesTheTablesOfSpectrum compares the columns and indexes of tables that
// each has created.
func TestGatewayCreatesTheTablesOfSpectrum(t *testing.T) {
	engines(t, func(t *testing.T, e *database.Engine, section string) {
		s := newSpectrum(t, section, "return {}")
		s.start()
		s.stop()
		want := tablesOf(t, s.dir, section, e)
		dir, ours := t.TempDir(), regexp.MustCompile(`(?m)^prefix=(.*)$`).ReplaceAllString(section, "prefix=${1}o_")
		store := openUsers(t, dir, ours)
		_ = store.Close()
		if got := tablesOf(t, dir, ours, e); got != want || want == "" {
			t.Errorf("the gateway's tables are\n%s\nand Spectrum's are\n%s", got, want)
		}
	})
}

// catalogs holds queries that describe the tables with a prefix, a line each.
var catalogs = map[*database.Engine][]string{
	database.SQLite: {
		`SELECT m.name || ' ' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || COALESCE(c.dflt_value, '-') || ' ' || c.pk
FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name LIKE 'PREFIX%' ORDER BY m.name, c.cid`,
		`SELECT m.name || ' index ' || i.name || ' ' || i."unique" || ' ' || c.name
FROM sqlite_master m JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) c WHERE m.name LIKE 'PREFIX%' ORDER BY m.name, i.name, c.seqno`,
	},
	database.PostgreSQL: {
		`SELECT concat_ws(' ', table_name, column_name, udt_name, character_maximum_length, is_nullable, column_default)
FROM information_schema.columns WHERE table_name LIKE 'PREFIX%' ORDER BY table_name, ordinal_position`,
		`SELECT indexdef FROM pg_indexes WHERE tablename LIKE 'PREFIX%' ORDER BY indexname`,
	},
	database.MySQL: {
		`SELECT CONCAT_WS(' ', table_name, column_name, column_type, is_nullable, column_default, extra, character_set_name, collation_name)
FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name LIKE 'PREFIX%' ORDER BY table_name, ordinal_position`,
		`SELECT CONCAT_WS(' ', table_name, index_name, non_unique, column_name)
FROM information_schema.statistics WHERE table_schema = DATABASE() AND table_name LIKE 'PREFIX%' ORDER BY table_name, index_name, seq_in_index`,
		`SELECT CONCAT_WS(' ', table_name, engine, table_collation) FROM information_schema.tables
WHERE table_schema = DATABASE() AND table_name LIKE 'PREFIX%' ORDER BY table_name`,
	},
}

// tablesOf describes the tables of a section without their prefix and our own tables.
func tablesOf(t *testing.T, dir, section string, e *database.Engine) string {
	t.Helper()
	text := "[service]\njid=x\nworking_dir=" + dir + "\n[database]\n" + strings.ReplaceAll(section, "DIR", dir)
	c, err := config.Parse("t.cfg", []byte(text), config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	source, err := database.FromSection(c)
	if err != nil {
		t.Fatal(err)
	}
	db := database.New(source)
	defer db.Close()
	var lines []string
	read := func(query string) {
		rows, err := db.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var line string
			if err := rows.Scan(&line); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(line, "spectrum2_lua_") {
				lines = append(lines, strings.ReplaceAll(line, source.Prefix, ""))
			}
		}
	}
	for _, query := range catalogs[e] {
		read(strings.ReplaceAll(query, "PREFIX%", source.Prefix+"%"))
	}
	read("SELECT ver FROM " + e.Quote(source.Prefix+"db_version"))
	return strings.Join(lines, "\n")
}

// TestUsersMoveBetweenGatewayAndSpectrum registers users with each program and uses them
// with the other one.
func TestUsersMoveBetweenGatewayAndSpectrum(t *testing.T) {
	const script = `
local spectrum = require "spectrum"
spectrum.backend_config { features = { send_buddies_on_login = 1 } }
local on = {}
function on.login(session, m)
  print("login of " .. m.user .. " as " .. m.legacy_name .. (m.password == "pässword<&" and " with the password" or " with another password"))
  print("stay_connected=" .. session.settings.stay_connected .. " custom=" .. tostring(session.settings.custom))
  session:connected()
  session:buddy_changed { buddy_name = "dave", alias = "Dävid", group = { "Work", "Büro" }, icon_hash = "12ab", status = "online" }
  session:buddy_changed { buddy_name = "erin", status = "online", blocked = true }
end
function on.buddies(session, m)
  for _, b in ipairs(m.buddy) do
    print("contact " .. b.buddy_name .. " is " .. b.alias .. " in " .. table.concat(b.group, ","))
  end
end
return on`
	engines(t, func(t *testing.T, e *database.Engine, section string) {
		ctx := t.Context()
		if e == database.PostgreSQL {
			// With a key, Spectrum 2.2.1 logs all users in with the encoded password there.
			section = strings.Replace(section, "encryption_key=", "#", 1)
		}
		s := newSpectrum(t, section, script)

		// The gateway creates the tables and registers alice.
		store := openUsers(t, s.dir, section)
		a, err := store.Register(ctx, users.Account{JID: "alice@localhost", Name: "älice", Password: "pässword<&"}, nil)
		if err != nil {
			t.Fatal(err)
		}
		carol := users.Contact{Name: "carol", Alias: "Cärol", Groups: []string{"Friends", "A B"}, Subscribed: true, Flags: users.FlagEscaped, IconHash: "ff00"}
		err = errors.Join(store.Save(ctx, a.ID, &carol), store.Set(ctx, a.ID, "stay_connected", "1"),
			store.Set(ctx, a.ID, "custom", "täxt"), store.SetOnline(ctx, a.ID, false), store.Close())
		if err != nil {
			t.Fatal(err)
		}

		// Spectrum uses them.
		server := s.start()
		server.send("<presence from='alice@localhost/r' to='echo.localhost'/>")
		for _, text := range []string{
			"login of alice@localhost as älice with the password", "stay_connected=1 custom=täxt", "contact carol is Cärol in Friends,A B",
		} {
			s.poll(text, func() bool { return strings.Contains(s.log(), text) })
		}
		server.send("<iq type='set' id='register' from='bob@localhost/r' to='echo.localhost'><query xmlns='jabber:iq:register'>" +
			"<username>bobby</username><password>hünter3</password></query></iq>")

		// The gateway uses what Spectrum has stored.
		store = openUsers(t, s.dir, section)
		var contacts []users.Contact
		s.poll("Spectrum stores the contacts", func() bool {
			contacts, err = store.Contacts(ctx, a.ID)
			return err != nil || len(contacts) == 3 && has(contacts, "dave") && has(contacts, "erin")
		})
		s.poll("Spectrum registers bob", func() bool {
			_, err := store.Find(ctx, "bob@localhost")
			return err == nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s.stop()
		checkMoved(t, ctx, store, a, carol, contacts)
	})
}

func checkMoved(t *testing.T, ctx context.Context, store *users.Store, a users.Account, carol users.Contact, contacts []users.Contact) {
	t.Helper()
	bob, err := store.Find(ctx, "bob@localhost")
	if err != nil || bob.Name != "bobby" || bob.Password != "hünter3" {
		t.Errorf("bob: %+v %v", bob, err)
	}
	alice, err := store.Find(ctx, a.JID)
	alice.LastLogin, alice.Online = a.LastLogin, false
	if err != nil || alice != a {
		t.Errorf("alice: %+v, want %+v, %v", alice, a, err)
	}
	want := map[string]users.Contact{
		"carol": carol,
		"dave":  {Name: "dave", Alias: "Dävid", Groups: []string{"Work", "Büro"}, Flags: users.FlagEscaped, IconHash: "12ab"},
		"erin":  {Name: "erin", Flags: users.FlagEscaped | users.FlagBlocked},
	}
	for _, c := range contacts {
		w := want[c.Name]
		if c.Name != "carol" {
			c.ID, c.Subscribed = 0, w.Subscribed
		}
		if !reflect.DeepEqual(c, w) {
			t.Errorf("%s: %+v, want %+v", c.Name, c, w)
		}
	}
	settings, err := store.Settings(ctx, a.ID)
	for name, value := range map[string]string{"stay_connected": "1", "custom": "täxt", "enable_transport": "1", "send_headlines": "0"} {
		if settings[name] != value || err != nil {
			t.Errorf("%s=%q, want %q, %v", name, settings[name], value, err)
		}
	}
}

func has(contacts []users.Contact, name string) bool {
	for _, c := range contacts {
		if c.Name == name && (name != "dave" || c.IconHash != "") {
			return true
		}
	}
	return false
}
