package check

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// serviceUnit names a user who does not exist and so owns no files. It does not hide
// /tmp, where the tests write.
const serviceUnit = "[Service]\nUser=_no_such_user\nProtectHome=yes\nStateDirectory=spectrum2\nReadWritePaths=/\n"

func TestFilesThatTheServiceCannotReach(t *testing.T) {
	for _, c := range []struct {
		name  string
		modes map[string]os.FileMode
		lines string // of the config
		want  []string
	}{
		{name: "all is readable"},
		{name: "only root can read the config", modes: map[string]os.FileMode{"etc/x.cfg": 0o600},
			want: []string{"cannot read DIR/etc/x.cfg (mode 0600", "chgrp _no_such_user DIR/etc/x.cfg", "[hidden-config]"}},
		{name: "only a group can read the config", modes: map[string]os.FileMode{"etc/x.cfg": 0o640},
			want: []string{"cannot read DIR/etc/x.cfg (mode 0640", "[hidden-config]"}},
		{name: "a folder that cannot be entered", modes: map[string]os.FileMode{"etc": 0o700},
			want: []string{"cannot enter DIR/etc (mode 0700", "[hidden-config]"}},
		{name: "only root can read the script", modes: map[string]os.FileMode{"scripts/x.lua": 0o600},
			want: []string{"x.cfg:10: warning:", "cannot read DIR/scripts/x.lua (mode 0600", "chmod o+r DIR/scripts/x.lua", "[hidden-script]"}},
		{name: "only root can read a module", modes: map[string]os.FileMode{"scripts/part.lua": 0o600},
			want: []string{"cannot read DIR/scripts/part.lua (mode 0600", "[hidden-script]"}},
		{name: "only root can read the settings of the log", modes: map[string]os.FileMode{"etc/log.cfg": 0o600},
			lines: "[logging]\nbackend_config = DIR/etc/log.cfg", want: []string{"x.cfg:12: warning:", "cannot read DIR/etc/log.cfg", "[hidden-config]"}},
		{name: "only root can write the database", modes: map[string]os.FileMode{"data": 0o777, "data/s.sqlite": 0o600, "data/s.sqlite-shm": 0o666},
			lines: "store = DIR/data/s.sqlite", want: []string{"x.cfg:11: warning:", "cannot read and write DIR/data/s.sqlite", "[not-writable]"}},
		{name: "root has opened the database", modes: map[string]os.FileMode{"data": 0o777, "data/s.sqlite": 0o666, "data/s.sqlite-shm": 0o600},
			lines: "store = DIR/data/s.sqlite", want: []string{"cannot read and write DIR/data/s.sqlite-shm", "[not-writable]"}},
		{name: "only root can write to the folder of the record", modes: map[string]os.FileMode{"data": 0o755},
			lines: "record = DIR/data/r.jsonl", want: []string{"cannot create files in DIR/data", "[not-writable]"}},
		{name: "the store is in a home folder", lines: "store = /home/alice/s.sqlite",
			want: []string{"what Spectrum's user _no_such_user", "writes to /home/alice/s.sqlite is lost", "(ProtectHome)", "[not-writable]"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "root/etc/systemd/system/spectrum2.service", serviceUnit)
			write(t, dir, "scripts/part.lua", "return {}\n")
			write(t, dir, "scripts/x.lua", "require \"part\"\nreturn {}\n")
			for _, name := range []string{"etc/log.cfg", "data/s.sqlite", "data/s.sqlite-shm"} {
				write(t, dir, name, "")
			}
			write(t, dir, "etc/x.cfg", strings.ReplaceAll("[service]\njid = x.localhost\nbackend = /bin/sh\nworking_dir = /var/lib/spectrum2/x\n\n"+
				"[database]\ntype = sqlite3\n\n[lua]\nscript = ../scripts/x.lua\n"+c.lines+"\n", "DIR", dir))
			modes := map[string]os.FileMode{"": 0o755, "..": 0o755}
			for name, mode := range c.modes {
				modes[name] = mode
			}
			for name, mode := range modes {
				if err := os.Chmod(filepath.Join(dir, name), mode); err != nil {
					t.Fatal(err)
				}
			}
			t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "etc"), 0o755) }) //nolint:gosec // a folder of this test
			r, err := Run(Options{root: filepath.Join(dir, "root")}, filepath.Join(dir, "etc/x.cfg"))
			if err != nil {
				t.Fatal(err)
			}
			var told []string
			for _, f := range r.Findings {
				text := f.String()
				if strings.Contains(text, filepath.Dir(filepath.Dir(dir))+" (mode") {
					t.Skip("other users cannot enter TMPDIR")
				}
				told = append(told, strings.ReplaceAll(text, dir, "DIR"))
			}
			if len(c.want) == 0 {
				if len(told) > 0 {
					t.Errorf("unexpected findings %q", told)
				}
				return
			}
			if !slices.ContainsFunc(told, func(line string) bool {
				return !slices.ContainsFunc(c.want, func(part string) bool { return !strings.Contains(line, part) })
			}) || len(told) != 1 {
				t.Errorf("findings\n%s\nwant one with %q", strings.Join(told, "\n"), c.want)
			}
		})
	}
}

func TestUserWhoDoesNotExistIsAnError(t *testing.T) {
	if _, err := Run(Options{User: "_no_such_user"}, t.TempDir()); err == nil {
		t.Error("an unknown user is accepted")
	}
}
