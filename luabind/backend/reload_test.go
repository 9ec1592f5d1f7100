package backend

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"spectrumlua/runtime/config"
)

// start starts a backend for dir/script.lua, without a connection and without watching
// files. loads returns how many loads the log has.
func start(t *testing.T, dir string) (b *Backend, loads func() int) {
	t.Helper()
	c, err := config.Parse(filepath.Join(dir, "script.cfg"), nil, config.Options{Overrides: []config.Override{
		{Key: "service.jid", Value: "a.localhost"},
		{Key: "service.working_dir", Value: t.TempDir()},
		{Key: "lua.script", Value: filepath.Join(dir, "script.lua")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	settings, err := c.Settings()
	if err != nil {
		t.Fatal(err)
	}
	log, hook := logtest.NewNullLogger()
	b = New(Options{Config: c, Settings: settings, Log: func(string) logrus.FieldLogger { return log }})
	t.Cleanup(b.Close)
	return b, func() (n int) {
		for _, e := range hook.AllEntries() {
			if strings.HasPrefix(e.Message, "loaded ") || strings.HasPrefix(e.Message, "cannot load ") {
				n++
			}
		}
		return n
	}
}

// write writes a file with a time, in a new file as editors do.
func write(t *testing.T, path, text string, at time.Time) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

// TestOnlyAChangeSinceTheLastLoadCausesALoad reports a change of a file, as the watcher
// does, with and without a change since the last load.
func TestOnlyAChangeSinceTheLastLoadCausesALoad(t *testing.T) {
	now := time.Now()
	past, future := now.Add(-time.Hour), now.Add(time.Hour)
	const uses, other = `require "module" return {}`, `require  "module"return {}`
	cases := []struct {
		name   string
		at     time.Time // of both files at the start
		script string
		change func(t *testing.T, dir string, b *Backend)
		want   int // loads in addition to the first one
	}{
		{"nothing", past, uses, func(*testing.T, string, *Backend) {}, 0},
		{"nothing, and the files are from the future", future, uses, func(*testing.T, string, *Backend) {}, 0},
		{"nothing, and the files are new", now, uses, func(*testing.T, string, *Backend) {}, 0},
		{"the script is saved", past, uses, func(t *testing.T, dir string, _ *Backend) {
			write(t, dir+"/script.lua", other, now)
		}, 1},
		{"the module is saved", past, uses, func(t *testing.T, dir string, _ *Backend) {
			write(t, dir+"/module.lua", "x = 2", now)
		}, 1},
		{"a file is saved without a change", past, uses, func(t *testing.T, dir string, _ *Backend) {
			write(t, dir+"/module.lua", "x = 1", now)
		}, 1},
		{"a file changes within a tick of the clock", future, uses, func(t *testing.T, dir string, _ *Backend) {
			write(t, dir+"/module.lua", "x = 2", future)
		}, 1},
		{"an older file replaces another one", past, uses, func(t *testing.T, dir string, _ *Backend) {
			write(t, dir+"/module.lua", "x = 2", past.Add(-time.Hour))
		}, 1},
		{"a file is removed", past, uses, func(t *testing.T, dir string, _ *Backend) {
			if err := os.Remove(dir + "/module.lua"); err != nil {
				t.Fatal(err)
			}
		}, 1},
		{"a saved script is loaded before the report", past, uses, func(t *testing.T, dir string, b *Backend) {
			write(t, dir+"/script.lua", other, now)
			write(t, dir+"/module.lua", "x = 2", now)
			if err := b.Load(); err != nil {
				t.Fatal(err)
			}
		}, 1},
		{"a load is requested", past, uses, func(_ *testing.T, _ string, b *Backend) { b.reloader.forced.Store(true) }, 1},
		{"the log grows after a load that failed", past, `require "missing"`, func(t *testing.T, dir string, _ *Backend) {
			write(t, dir+"/backend.log", "cannot load", now)
		}, 0},
		{"a missing module appears", past, `require "missing"`, func(t *testing.T, dir string, _ *Backend) {
			write(t, dir+"/missing.lua", "return 1", now)
		}, 1},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir+"/script.lua", c.script, c.at)
			write(t, dir+"/module.lua", "x = 1", c.at)
			b, loads := start(t, dir)
			c.change(t, dir, b)
			b.reloader.loadIfNeeded()
			if got := loads() - 1; got != c.want {
				t.Errorf("%d more loads, want %d", got, c.want)
			}
		})
	}
}

// TestFailedLoadIsNotOutdatedByWhatItFound requires modules that are missing, a folder, and
// a file that is too long. Each of these would otherwise cause a load after each load.
func TestFailedLoadIsNotOutdatedByWhatItFound(t *testing.T) {
	for name, text := range map[string]string{
		"missing": `require "missing"`, "a folder": `require "folder"`, "a syntax error": `x = = 1`,
		"a module with an error": `require "bad"`, "the folder itself": `dofile "folder.lua"`,
	} {
		dir := t.TempDir()
		write(t, dir+"/script.lua", text, time.Now())
		write(t, dir+"/bad.lua", "x = = 1", time.Now())
		write(t, dir+"/folder.lua/file", "", time.Now())
		b, _ := start(t, dir)
		if b.LoadError() == nil {
			t.Fatalf("%s: the script loads", name)
		}
		if b.host.Outdated() {
			t.Errorf("%s: the load is outdated at once", name)
		}
		if name == "missing" {
			write(t, dir+"/missing.lua", "", time.Now())
			if !b.host.Outdated() {
				t.Error("the module that appeared does not outdate the load")
			}
		}
	}
}
