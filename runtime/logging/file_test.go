package logging

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A fileTrial is a fileDest with the test's clock and fallback.
type fileTrial struct {
	*fileDest
	clock    time.Time
	fallback bytes.Buffer
}

func newFileTrial(t *testing.T, a appender) *fileTrial {
	tr := &fileTrial{clock: testTime}
	tr.fileDest = newFileDest(a, &tr.fallback, testNote)
	tr.now = func() time.Time { return tr.clock }
	t.Cleanup(tr.close)
	return tr
}

func (tr *fileTrial) log(entry string) { tr.write([]byte(entry + "\n")) }

func TestNewFilesAndFoldersHaveRestrictedModes(t *testing.T) {
	old := syscall.Umask(0)
	defer syscall.Umask(old)
	path := filepath.Join(t.TempDir(), "a", "b", "x.log")
	tr := newFileTrial(t, appender{file: path})
	tr.log("one")
	for name, want := range map[string]os.FileMode{
		path: 0o600, filepath.Dir(path): os.ModeDir | 0o750, filepath.Dir(filepath.Dir(path)): os.ModeDir | 0o750,
	} {
		if info, err := os.Stat(name); err != nil || info.Mode() != want {
			t.Errorf("%s: %v, %v; want %v", name, info.Mode(), err, want)
		}
	}
	if got := read(t, path); got != "one\n" {
		t.Errorf("written is %q", got)
	}
}

func TestFileIsAppendedTo(t *testing.T) {
	f := tempFile(t, "old\n")
	tr := newFileTrial(t, appender{file: f.Name()})
	tr.log("one")
	tr.close()
	tr.log("two")
	if got := read(t, f.Name()); got != "old\none\ntwo\n" {
		t.Errorf("written is %q", got)
	}
}

func TestFileIsTruncatedOnce(t *testing.T) {
	f := tempFile(t, "old\n")
	tr := newFileTrial(t, appender{file: f.Name(), truncate: true})
	tr.log("one")
	tr.close()
	tr.log("two")
	if got := read(t, f.Name()); got != "one\ntwo\n" {
		t.Errorf("written is %q", got)
	}
}

func TestFileRollsAndKeepsItsMode(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "backend-3.log")
	tr := newFileTrial(t, appender{file: path, maxSize: 1, backups: 2}) // maxSize is rounded up to 1 MB
	if err := os.WriteFile(path, []byte("first\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	line := strings.Repeat("x", 1023)
	for range 5 * 1024 {
		tr.log(line)
	}
	info, err := os.Stat(path)
	if err != nil || info.Size() > mb {
		t.Errorf("%d bytes, %v; want 1 MB at most", info.Size(), err)
	}
	if info.Mode() != 0o640 {
		t.Errorf("the mode is %v, not the old file's", info.Mode())
	}
	// lumberjack removes surplus files in its own goroutine.
	deadline := time.Now().Add(patience)
	for {
		names, err := filepath.Glob(filepath.Join(dir, "backend-3-*.log"))
		if err != nil {
			t.Fatal(err)
		}
		if len(names) == 2 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("old files: %q, want 2", names)
		}
		time.Sleep(time.Millisecond)
	}
	if tr.fallback.Len() > 0 {
		t.Errorf("on standard error: %.200s", tr.fallback.String())
	}
}

func TestPlainFileIsNotRolled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	tr := newFileTrial(t, appender{file: path})
	chunk := strings.Repeat("x", 500<<10-1)
	for range 8 {
		tr.log(chunk)
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 8*500<<10 {
		t.Errorf("%v, %v", info.Size(), err)
	}
}

func TestMovedFileIsOpenedAgain(t *testing.T) {
	for _, tc := range []struct {
		name string
		move func(path string) error
		want string
	}{
		{"renamed", func(p string) error { return os.Rename(p, p+".1") }, "two\n"},
		{"removed", os.Remove, "two\n"},
		{"replaced", func(p string) error {
			return errors.Join(os.Rename(p, p+".1"), os.WriteFile(p, []byte("new\n"), 0o600))
		}, "new\ntwo\n"},
		{"its folder removed", func(p string) error { return os.RemoveAll(filepath.Dir(p)) }, "two\n"},
		{"copied and truncated", func(p string) error { return os.Truncate(p, 0) }, "two\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log", "x.log")
			tr := newFileTrial(t, appender{file: path, maxSize: 1, backups: 1})
			tr.log("one")
			if err := tc.move(path); err != nil {
				t.Fatal(err)
			}
			tr.clock = tr.clock.Add(checkEvery)
			tr.log("two")
			if got := read(t, path); got != tc.want {
				t.Errorf("the file has %q, want %q", got, tc.want)
			}
			if tr.fallback.Len() > 0 {
				t.Errorf("on standard error: %s", tr.fallback.String())
			}
		})
	}
}

func TestUnwritableFileFallsBackToStandardError(t *testing.T) {
	file := tempFile(t, "").Name()
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct{ name, path, reason, advice string }{
		{"disk full", "/dev/full", "no space left", "free space"},
		{"folder is a file", filepath.Join(file, "a", "x.log"), "not a directory", "correct its File"},
		{"is a folder", filepath.Dir(file), "is a directory", "correct its File"},
		{"pipe without a reader", pipe, "no such device", "correct its File"},
		{"read-only system", "/proc/x.log", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tr := newFileTrial(t, appender{file: tc.path, maxSize: 1, backups: 1})
			tr.log("one")
			tr.log("two")
			tr.clock = tr.clock.Add(retryEvery)
			tr.log("three")
			got := tr.fallback.String()
			wantContains(t, got, "ERROR the log "+tc.path+" cannot be written", tc.reason, tc.advice, "\none\ntwo\nthree\n")
			if strings.Count(got, "ERROR") != 1 {
				t.Errorf("the error is not written exactly once:\n%s", got)
			}
		})
	}
}

func TestFileIsWrittenAgainAfterAFailure(t *testing.T) {
	dir := t.TempDir()
	blocker := filepath.Join(dir, "log")
	path := filepath.Join(blocker, "x.log")
	tr := newFileTrial(t, appender{file: path, maxSize: 1, backups: 1})
	if err := os.WriteFile(blocker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tr.log("one")
	tr.log("two")
	if err := os.Remove(blocker); err != nil {
		t.Fatal(err)
	}
	tr.clock = tr.clock.Add(retryEvery / 2)
	tr.log("three") // too early to retry
	tr.clock = tr.clock.Add(retryEvery / 2)
	tr.log("four")
	tr.log("five")
	want := "WARN this file could not be written for 10s (mkdir " + blocker +
		": not a directory): 3 lines are missing here, they went to standard error\nfour\nfive\n"
	if got := read(t, path); got != want {
		t.Errorf("the file has %q, want %q", got, want)
	}
	if got := tr.fallback.String(); !strings.HasSuffix(got, "\none\ntwo\nthree\n") {
		t.Errorf("on standard error: %q", got)
	}
}

// tornWriter accepts a number of bytes and then fails.
type tornWriter struct {
	io.Writer
	left int
}

func (w *tornWriter) Write(p []byte) (int, error) {
	n := min(len(p), w.left)
	w.left -= n
	_, _ = w.Writer.Write(p[:n])
	if n < len(p) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

func (*tornWriter) Close() error { return nil }

func TestTornEntryIsCompletedAndRepeated(t *testing.T) {
	path := tempFile(t, "").Name()
	tr := newFileTrial(t, appender{file: path, maxSize: 1, backups: 1})
	tr.log("one")
	tr.out = &tornWriter{tr.rolling, len("two\nth")}
	tr.log("two\nthree\nfour")
	if got := read(t, path); got != "one\ntwo\nth" {
		t.Fatalf("the file has %q", got)
	}
	if got := tr.fallback.String(); !strings.HasSuffix(got, "free space on that disk\nthree\nfour\n") {
		t.Errorf("on standard error: %q", got)
	}
	tr.clock = tr.clock.Add(retryEvery)
	tr.log("five")
	got := read(t, path)
	wantContains(t, got, "one\ntwo\nth\nWARN this file could not be written for 10s", ": 2 lines are missing here")
	if !strings.HasSuffix(got, "error\nfive\n") {
		t.Errorf("the file has %q", got)
	}
}

func TestNewReasonForAFailureIsWritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	tr := newFileTrial(t, appender{file: path, maxSize: 1, backups: 1})
	tr.log("one")
	if err := errors.Join(os.Remove(path), os.Symlink("/dev/full", path)); err != nil {
		t.Fatal(err)
	}
	tr.clock = tr.clock.Add(retryEvery)
	tr.log("two")
	wantContains(t, tr.fallback.String(), "is a directory", "one\nERROR", "no space left", "\ntwo\n")
}

// TestTwoProcessesWriteToOneFile covers a config whose file name does not contain ${id}.
func TestTwoProcessesWriteToOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.log")
	a := newFileTrial(t, appender{file: path, maxSize: 1, backups: 1})
	b := newFileTrial(t, appender{file: path, maxSize: 1, backups: 1})
	a.log("one")
	b.log("two")
	a.log("three")
	if got := read(t, path); got != "one\ntwo\nthree\n" {
		t.Errorf("the file has %q", got)
	}
	// After one process rolls the file, both append to the new one.
	if err := a.rolling.Rotate(); err != nil {
		t.Fatal(err)
	}
	a.clock, b.clock = a.clock.Add(checkEvery), b.clock.Add(checkEvery)
	a.log("four")
	b.log("five")
	a.log("six")
	if got := read(t, path); got != "four\nfive\nsix\n" {
		t.Errorf("the new file has %q", got)
	}
}
