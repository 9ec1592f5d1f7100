package serve_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spectrumlua/cmd/spectrum2-lua/internal/serve"
	"spectrumlua/runtime/gateway/claim"
)

// check returns the findings as lines.
func (s *scene) check(others ...string) string {
	var b strings.Builder
	serve.Check(s.ctx, append([]string{s.file}, others...), func(f serve.Finding) { fmt.Fprintf(&b, "%s %s: %s\n%s\n", f.Verdict, f.Test, f.Text, f.Advice) })
	return b.String()
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(s *scene)
		want   []string
	}{
		{"nothing", func(*scene) {}, []string{"ok config", "ok database: ", "registered users: 0", "ok script", "ok server: ", "accepts " + transport}},
		{"config", func(s *scene) { s.replace("a.cfg", "[lua]", "[lua]\nreloads=1") }, []string{"FAIL config", "a.cfg:", "did you mean reload?"}},
		{"database type", func(s *scene) { s.replace("a.cfg", "type=sqlite3", "type=sqlite") }, []string{"FAIL config", "a.cfg:", "sqlite3", `not "sqlite"`}},
		{"JID of a user", func(s *scene) { s.replace("a.cfg", "jid=", "jid=alice@") }, []string{"FAIL config", "a.cfg:", `"alice@` + transport + `" is the JID of a user`}},
		{"lock file", func(s *scene) {
			if err := os.Mkdir(filepath.Join(s.dir, claim.LockFile), 0o700); err != nil {
				s.t.Fatal(err)
			}
		}, []string{"ok database", "FAIL process", claim.LockFile, "[service] working_dir"}},
		{"database", func(s *scene) { s.replace("a.cfg", "/users.sqlite", "") }, []string{"FAIL database", "[database]", "ok script", "ok server"}},
		{"script", func(s *scene) { s.replace("script.lua", "return on", "x = = 1") }, []string{"ok database", "FAIL script: ", "script.lua:", "spectrum2-lua check /", "ok server"}},
		{"secret", func(s *scene) { s.server.Password = "hunter22" }, []string{"ok script", "FAIL server", "the same secret", "component_secret"}},
		{"files", func(s *scene) {
			busy, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				s.t.Fatal(err)
			}
			s.t.Cleanup(func() { _ = busy.Close() })
			s.replace("a.cfg", "[lua]", "[files]\nlisten="+busy.Addr().String()+"\n[lua]")
		}, []string{"ok script", "FAIL files", "a.cfg:", "[files] listen: the address is in use", "ok server"}},
		{"no server", func(s *scene) { s.server.Close() }, []string{"FAIL server", "component_ports"}},
		{"a port that is not for components", func(s *scene) {
			other, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				s.t.Fatal(err)
			}
			s.t.Cleanup(func() { _ = other.Close() })
			go func() {
				for conn, err := other.Accept(); err == nil; conn, err = other.Accept() {
					_ = conn.Close()
				}
			}()
			s.replace("a.cfg", "port="+s.port, "port="+strings.TrimPrefix(other.Addr().String(), "127.0.0.1:"))
		}, []string{"FAIL server", "5222 and 5269", `Component "` + transport + `"`}},
		{"a running process", func(s *scene) { s.start(); s.up() }, []string{"ok database", "skip script", "skip server", "runs already"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newScene(t, transport, echo, "")
			c.change(s)
			got := s.check()
			for _, want := range c.want {
				if !strings.Contains(got, want) {
					t.Errorf("the findings lack %q:\n%s", want, got)
				}
			}
			if strings.Count(got, "FAIL") != strings.Count(strings.Join(c.want, "\n"), "FAIL") || strings.Contains(got, "hunter22") {
				t.Errorf("the findings are:\n%s", got)
			}
		})
	}
}
