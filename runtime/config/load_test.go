package config_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"spectrumlua/runtime/config"
)

func write(t *testing.T, path, text string, mode fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
}

func TestLoadReadsAFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "echo.cfg")
	write(t, path, minimal, 0o600)
	t.Chdir(dir)
	for _, name := range []string{path, "echo.cfg", "./echo.cfg"} {
		c, err := config.Load(name, config.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if c.Path() != path || c.Dir() != dir {
			t.Errorf("Load(%q): path %q in %q, want %q", name, c.Path(), c.Dir(), path)
		}
		if got := c.Where("lua.script"); got != path+":4" {
			t.Errorf("Load(%q): Where = %q", name, got)
		}
		if lua, err := c.Settings(); err != nil || lua.Script != filepath.Join(dir, "echo.lua") {
			t.Errorf("Load(%q): script %q, %v", name, lua.Script, err)
		}
	}
}

func TestLoadIgnoresErrorsOfTheLuaSection(t *testing.T) {
	path := filepath.Join(t.TempDir(), "empty.cfg")
	write(t, path, "", 0o600)
	c, err := config.Load(path, config.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = c.Settings(); err == nil || !strings.Contains(err.Error(), "[lua] script is not set") {
		t.Errorf("an empty file: error %v", err)
	}
}

func TestLoadExplainsErrors(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	write(t, in("big.cfg"), strings.Repeat("# much\n", config.MaxSize), 0o600)
	write(t, in("bad.cfg"), "[service]\nword\n", 0o600)
	write(t, in("a.lua"), "return {}\n", 0o600)
	if err := syscall.Mkfifo(in("fifo.cfg"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(dir)
	tests := []struct {
		name, path string
		want       []string
		is         error
	}{
		{"no name", "", []string{"config file: no name is given", "/etc/spectrum2/transports/NAME.cfg"}, nil},
		{"missing", in("none.cfg"), []string{in("none.cfg") + ": the file does not exist; check the path"}, fs.ErrNotExist},
		{"missing and relative", "none.cfg", []string{"none.cfg: the file does not exist in " + dir, "changes to its working_dir", "absolute path"}, fs.ErrNotExist},
		{"folder", dir, []string{dir + ": this is a folder; name the config file in it, such as " + in("NAME.cfg")}, nil},
		{"in a file", in("bad.cfg/x.cfg"), []string{in("bad.cfg/x.cfg") + ": cannot be read: not a directory"}, syscall.ENOTDIR},
		{"a script", in("a.lua"), []string{in("a.lua") + ": this is a script; name the config file", "such as " + in("a.cfg")}, nil},
		{"no regular file", in("fifo.cfg"), []string{in("fifo.cfg") + ": this is not a regular file"}, nil},
		{"too big", in("big.cfg"), []string{in("big.cfg") + ": this is over 1024 KiB"}, nil},
		{"wrong inside", "bad.cfg", []string{in("bad.cfg") + ":2: this line is neither"}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := config.Load(test.path, config.Options{})
			var problem *config.Error
			if !errors.As(err, &problem) {
				t.Fatalf("error %v is not a *config.Error", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			if test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("error %v does not wrap %v", err, test.is)
			}
		})
	}
}
