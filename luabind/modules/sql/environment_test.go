package sql_test

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/devkit/luatest"
)

// secret is what the environment and the home directory have.
const secret = "s3cret"

// furnish puts the secret wherever libpq would look, and what its programs take.
func furnish(t *testing.T) {
	t.Helper()
	home := t.TempDir()
	for name, text := range map[string]string{
		".pgpass":                    "*:*:*:*:" + secret + "\n",
		".pg_service.conf":           "[" + secret + "]\npassword=" + secret + "\nuser=" + secret + "\nsearch_path=" + secret + "\n",
		".postgresql/postgresql.crt": secret,
		".postgresql/postgresql.key": secret,
		".postgresql/root.crt":       secret,
		".my.cnf":                    "[client]\npassword=" + secret + "\nuser=" + secret + "\n",
		".mylogin.cnf":               secret,
	} {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("HOME", home)
	for _, name := range []string{
		"PGUSER", "PGPASSWORD", "PGDATABASE", "PGAPPNAME", "PGOPTIONS", "PGTZ", "PGSSLCERT", "PGSSLKEY", "PGSSLROOTCERT", "PGSSLPASSWORD",
		"PGSERVICE", "MYSQL_PWD", "MYSQL_HOST", "USER",
	} {
		t.Setenv(name, secret)
	}
	// Values that the driver would refuse, or that would lead elsewhere.
	for name, value := range map[string]string{
		"PGHOST": "nowhere.invalid", "PGPORT": "1", "PGSSLMODE": "verify-full", "PGREQUIREAUTH": "none", "PGCHANNELBINDING": "require",
		"PGTARGETSESSIONATTRS": "primary", "PGSSLNEGOTIATION": "direct", "PGMINPROTOCOLVERSION": "3.2", "PGCONNECT_TIMEOUT": "1",
		"PGSSLCERTMODE": "require",
	} {
		t.Setenv(name, value)
	}
}

// postgres starts a server that requests the password in clear text. It sends everything
// that it receives to heard.
func postgres(t *testing.T, heard chan<- string) (address string) {
	t.Helper()
	return luatest.Listen(t, func(conn net.Conn) {
		defer conn.Close()
		head := make([]byte, 4)
		read := func(before int) string {
			_, _ = io.ReadFull(conn, head[:before])
			if _, err := io.ReadFull(conn, head); err != nil {
				return ""
			}
			body := make([]byte, max(0, int(binary.BigEndian.Uint32(head))-4))
			_, _ = io.ReadFull(conn, body)
			return string(body)
		}
		all := read(0)
		if strings.HasPrefix(all, "\x04\xd2\x16\x2e") {
			return // a request to cancel
		}
		_, _ = conn.Write([]byte{'R', 0, 0, 0, 8, 0, 0, 0, 3})
		heard <- all + read(1)
	})
}

// A script connects to a server of its choice. The server receives no user name or
// password from the environment.
func TestTheEnvironmentGivesScriptsNothing(t *testing.T) {
	furnish(t)
	heard := make(chan string, 10)
	address := postgres(t, heard)
	for _, sandbox := range []string{"sandbox=0", "sandbox=1"} {
		t.Run(sandbox, func(t *testing.T) {
			luatest.Run(t, fmt.Sprintf(`
local sql = require "spectrum.sql"
for _, where in ipairs { "postgres://me@%[1]s/db", "postgres://me@%[1]s", "postgres://me:@%[1]s/db?tls=disable", "postgres://me:mine@%[1]s/db" } do
  local db = assert(sql.open(where))
  local rows, why = db:query("SELECT 1")
  assert(rows == nil and not why:find(%[2]q, 1, true), why)
end
local db, why = sql.open("postgres://%[1]s/db")
assert(db == nil and why:find("names no user", 1, true), why)`, address, secret), sandbox, "store=memory")
			for _, want := range []string{"", "", "", "mine"} {
				got := <-heard
				if strings.Contains(got, secret) {
					t.Errorf("the server receives %q", got)
				}
				if !strings.Contains(got, "user\x00me\x00") || !strings.HasSuffix(got, "\x00"+want+"\x00") {
					t.Errorf("the server receives %q, without the URL's password %q", got, want)
				}
			}
		})
	}
}

// The admin names the transport's own database. Its URL is completed with the variables of
// the environment that psql also reads.
func TestTheEnvironmentCompletesTheConfig(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	t.Setenv("PGPASSWORD", secret)
	heard := make(chan string, 10)
	address := postgres(t, heard)
	luatest.Run(t, `assert(not require("spectrum.sql").query("SELECT 1"))`, "store=postgres://me@"+address+"/db")
	if got := <-heard; !strings.HasSuffix(got, secret+"\x00") {
		t.Errorf("the server receives %q", got)
	}
}
