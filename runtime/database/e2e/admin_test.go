//go:build e2e

package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/runtime/database/databasetest"
	"spectrumlua/runtime/database/e2e/dbserver"
)

// admin is the program spectrum2-lua, in a folder with a config.
type admin struct {
	t       *testing.T
	program string
	dir     string
}

func newAdmin(t *testing.T) admin {
	t.Helper()
	a := admin{t, filepath.Join(t.TempDir(), "spectrum2-lua"), t.TempDir()}
	if out, err := exec.Command("go", "build", "-o", a.program, "spectrumlua/cmd/spectrum2-lua").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return a
}

// config writes the transport's config file with a section [database].
func (a admin) config(section string) {
	a.t.Helper()
	text := "[service]\njid=x.example\nworking_dir=" + a.dir + "/work\n[lua]\nscript=x.lua\n[database]\n" + section
	if err := os.WriteFile(filepath.Join(a.dir, "t.cfg"), []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
}

// store runs a command of spectrum2-lua store.
func (a admin) store(input string, args ...string) (out, messages string) {
	a.t.Helper()
	cmd := exec.Command(a.program, append([]string{"store"}, args...)...)
	cmd.Dir = a.dir
	cmd.Stdin = strings.NewReader(input)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // messages contains the error
	if strings.Contains(stderr.String(), dbserver.Password) {
		a.t.Errorf("the password is shown: %s", &stderr)
	}
	return stdout.String(), stderr.String()
}

func section(t *testing.T, s *dbserver.Server, word, name string) string {
	place := databasetest.Server(t, s.URL()) // drops the tables when the test ends
	return s.Section(word, name) + "prefix=" + place.Prefix + "\n"
}

// TestStoreMovesFromSQLiteToAServer follows the steps of docs/admin/operations.md.
func TestStoreMovesFromSQLiteToAServer(t *testing.T) {
	each(t, func(t *testing.T, s *dbserver.Server) {
		a := newAdmin(t)
		a.config("type=sqlite3")
		for _, args := range [][]string{
			{"set", "t.cfg", "k", `{"seen": 12}`, "--user", "alice@example.net"},
			{"set", "t.cfg", "token", "xoxp-1", "--text", "--secret", "--name", "é"},
			{"set", "t.cfg", "soon", "true", "--ttl", "1h"},
		} {
			if _, why := a.store("", args...); why != "" {
				t.Fatal(why)
			}
		}
		before, _ := a.store("", "list", "t.cfg")
		exported, why := a.store("", "export", "t.cfg")
		if !strings.HasPrefix(why, "3 values exported from ") {
			t.Fatal(why)
		}

		a.config(section(t, s, dbserver.Password, s.Kind.Database))
		if _, why := a.store(exported, "import", "t.cfg"); !strings.HasPrefix(why, "3 values imported into "+s.Kind.Scheme+"://") {
			t.Fatal(why)
		}
		if after, why := a.store("", "list", "t.cfg"); after != before {
			t.Errorf("%s%s", after, why)
		}
		if out, why := a.store("", "get", "t.cfg", "token", "--name", "é", "--reveal"); out != "\"xoxp-1\"\n" {
			t.Error(out, why)
		}
		if again, why := a.store("", "export", "t.cfg"); again != exported {
			t.Errorf("%s%s", again, why)
		}
		if _, why := a.store("", "rotate", "t.cfg"); !strings.HasPrefix(why, "1 secret encrypted") {
			t.Error(why)
		}
		if _, why := a.store("", "rotate", "t.cfg", "--again"); !strings.HasPrefix(why, "0 secrets encrypted") {
			t.Error(why)
		}
	})
}

// TestRefusedLoginNamesServerAndReason tries a wrong password and an unknown database.
func TestRefusedLoginNamesServerAndReason(t *testing.T) {
	each(t, func(t *testing.T, s *dbserver.Server) {
		a := newAdmin(t)
		for _, config := range []string{section(t, s, "hunter22", s.Kind.Database), section(t, s, dbserver.Password, "nonesuch")} {
			a.config(config)
			_, why := a.store("", "list", "t.cfg")
			if !strings.Contains(why, s.Kind.Scheme+"://127.0.0.1:"+s.Port+"/") || !strings.Contains(why, " cannot be reached: ") {
				t.Error(why)
			}
			t.Log(why)
		}
	})
}
