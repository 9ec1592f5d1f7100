package watch

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestEveryKindOfChangeIsReported(t *testing.T) {
	cases := []struct {
		name   string
		change func(t *testing.T, dir string)
	}{
		{"written in place", func(t *testing.T, dir string) { write(t, dir+"/a.lua", "2") }},
		{"written without a change", func(t *testing.T, dir string) { write(t, dir+"/a.lua", "1") }},
		{"renamed over", func(t *testing.T, dir string) {
			write(t, dir+"/.a.lua.swp", "2")
			do(t, os.Rename(dir+"/.a.lua.swp", dir+"/a.lua"))
		}},
		{"missing for a moment", func(t *testing.T, dir string) {
			do(t, os.Remove(dir+"/a.lua"))
			write(t, dir+"/a.lua", "2")
		}},
		{"a module", func(t *testing.T, dir string) { write(t, dir+"/lib/b.lua", "2") }},
		{"a link swapped", func(t *testing.T, dir string) {
			do(t, os.Symlink(dir+"/v2/c.lua", dir+"/new"))
			do(t, os.Rename(dir+"/new", dir+"/c.lua"))
		}},
		{"the target of a link", func(t *testing.T, dir string) { write(t, dir+"/v1/c.lua", "2") }},
		{"a link swapped in the middle of the path", func(t *testing.T, dir string) {
			do(t, os.Symlink("v2", dir+"/new"))
			do(t, os.Rename(dir+"/new", dir+"/current"))
		}},
		{"the target of a link in the middle of the path", func(t *testing.T, dir string) { write(t, dir+"/v1/d.lua", "2") }},
		{"a volume of Kubernetes", func(t *testing.T, dir string) {
			do(t, os.Symlink("..2", dir+"/..data_tmp"))
			do(t, os.Rename(dir+"/..data_tmp", dir+"/..data"))
			do(t, os.RemoveAll(dir+"/..1"))
		}},
		{"a folder replaced", func(t *testing.T, dir string) {
			do(t, os.Rename(dir+"/lib", dir+"/lib.old"))
			do(t, os.Mkdir(dir+"/lib.new", 0o700))
			write(t, dir+"/lib.new/b.lua", "2")
			do(t, os.Rename(dir+"/lib.new", dir+"/lib"))
		}},
		{"a folder removed and created", func(t *testing.T, dir string) {
			do(t, os.RemoveAll(dir+"/lib"))
			do(t, os.Mkdir(dir+"/lib", 0o700))
			write(t, dir+"/lib/b.lua", "2")
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			for _, folder := range []string{"lib", "v1", "v2", "..1", "..2"} {
				do(t, os.Mkdir(filepath.Join(dir, folder), 0o700))
			}
			for _, file := range []string{"a.lua", "other.lua", "lib/b.lua", "v1/c.lua", "v2/c.lua", "v1/d.lua", "v2/d.lua", "..1/e.lua", "..2/e.lua"} {
				write(t, filepath.Join(dir, file), "1")
			}
			do(t, os.Symlink(dir+"/v1/c.lua", dir+"/c.lua"))
			do(t, os.Symlink("v1", dir+"/current"))
			do(t, os.Symlink("..1", dir+"/..data"))
			do(t, os.Symlink("..data/e.lua", dir+"/e.lua"))
			changed := make(chan struct{}, 100)
			w, err := New(func() { changed <- struct{}{} }, func(err error) { t.Error(err) })
			do(t, err)
			defer w.Close()
			do(t, w.Watch([]string{dir + "/a.lua", dir + "/lib/b.lua", dir + "/c.lua", dir + "/current/d.lua", dir + "/e.lua"}, false))
			c.change(t, dir)
			select {
			case <-changed:
			case <-time.After(time.Minute):
				t.Fatal("no change is reported")
			}
		})
	}
}

// TestOtherFilesAreIgnored changes a file that is not watched, and then a watched one.
// Only one change must be reported.
func TestOtherFilesAreIgnored(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.lua", "1")
	changed := make(chan struct{}, 100)
	w, err := New(func() { changed <- struct{}{} }, func(err error) { t.Error(err) })
	do(t, err)
	defer w.Close()
	do(t, w.Watch([]string{dir + "/a.lua"}, false))
	for range 100 {
		write(t, dir+"/other.lua", "1")
	}
	do(t, os.Chmod(dir+"/a.lua", 0o644))
	select {
	case <-changed:
		t.Fatal("a change of another file is reported")
	case <-time.After(3 * settle):
	}
	do(t, w.Watch([]string{dir + "/a.lua"}, true))
	write(t, dir+"/missing.lua", "1")
	select {
	case <-changed:
	case <-time.After(time.Minute):
		t.Fatal("no change is reported")
	}
}

// TestBurstOfChangesIsReportedOnce writes often. The number of reports depends on the
// machine, but it is smaller than the number of writes, and the last write is reported.
func TestBurstOfChangesIsReportedOnce(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.lua", "1")
	const writes = 200
	changed := make(chan string, writes)
	w, err := New(func() {
		text, _ := os.ReadFile(dir + "/a.lua")
		changed <- string(text)
	}, func(err error) { t.Error(err) })
	do(t, err)
	defer w.Close()
	do(t, w.Watch([]string{dir + "/a.lua"}, false))
	for range writes {
		write(t, dir+"/a.lua", "2")
	}
	write(t, dir+"/a.lua", "last")
	told := 1
	for <-changed != "last" {
		told++
	}
	if told > writes/4 {
		t.Errorf("%d changes are reported", told)
	}
}

func TestFileInAMissingFolderIsReportedWhenItAppears(t *testing.T) {
	dir := t.TempDir()
	changed := make(chan struct{}, 100)
	w, err := New(func() { changed <- struct{}{} }, func(err error) { t.Error(err) })
	do(t, err)
	defer w.Close()
	do(t, w.Watch([]string{dir + "/lib/sub/a.lua"}, false))
	do(t, os.MkdirAll(dir+"/lib/sub", 0o700))
	write(t, dir+"/lib/sub/a.lua", "1")
	select {
	case <-changed:
	case <-time.After(time.Minute):
		t.Fatal("no change is reported")
	}
}

func TestUnwatchableFileIsAnError(t *testing.T) {
	dir := t.TempDir()
	write(t, dir+"/a.lua", "1")
	w, err := New(func() {}, func(error) {})
	do(t, err)
	defer w.Close()
	if err := w.Watch([]string{dir + "/a.lua/b.lua"}, false); err == nil {
		t.Error("no error")
	}
}
