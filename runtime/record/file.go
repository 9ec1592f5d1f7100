package record

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	fileMode   = 0o600
	folderMode = 0o750
	// maxWriters is the maximum number of processes that write to the same name.
	maxWriters = 99
)

// file is the record on disk. Only one goroutine uses it.
type file struct {
	wanted string // the path in the options
	path   string // the actual path: wanted, or with a number in its name
	max    int64
	header func(part int) []byte

	f    *os.File
	size int64 // of the complete lines
	part int
}

// open opens the file to append to it, and begins a run. If another process writes the
// file, open adds a number to the name.
func (f *file) open() error {
	if err := os.MkdirAll(filepath.Dir(f.wanted), folderMode); err != nil {
		return err
	}
	names := []string{f.path} // after a file is renamed, the next one gets the same name
	if f.path == "" {
		names = nil
	}
	for n := range maxWriters {
		names = append(names, numbered(f.wanted, n+1))
	}
	for _, f.path = range names {
		err := f.lock()
		switch {
		case err == nil:
			return f.begin()
		case !errors.Is(err, errTaken):
			return err
		}
	}
	return fmt.Errorf("%d other processes write %s and the files with numbers in that name", maxWriters, f.wanted)
}

// numbered adds a number to a name: record.jsonl, record-2.jsonl.
func numbered(path string, n int) string {
	if n == 1 {
		return path
	}
	ext := filepath.Ext(path)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, ext), n, ext)
}

// aside returns the path to which a file is renamed when it is too big.
func aside(path string) string { return path + ".1" }

// errTaken is returned by lock if another process writes the file.
var errTaken = errors.New("another process writes it")

// lock opens f.path, and locks it so that no other process writes it.
func (f *file) lock() error {
	if info, err := os.Stat(f.path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a regular file", f.path)
	}
	opened, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, fileMode)
	if err != nil {
		return err
	}
	err = syscall.Flock(int(opened.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		_ = opened.Close()
		return errTaken
	} // ignore other errors: some file systems have no locks
	mine, err := opened.Stat()
	if err != nil {
		_ = opened.Close()
		return err
	}
	there, err := os.Stat(f.path)
	if err != nil || !os.SameFile(mine, there) { // another process has just renamed it
		_ = opened.Close()
		return errTaken
	}
	if err := isRecord(opened); err != nil {
		_ = opened.Close()
		return err
	}
	if mine.Mode().Perm()&^fileMode != 0 {
		_ = opened.Chmod(fileMode)
	}
	f.f, f.size = opened, mine.Size()
	return nil
}

// isRecord returns an error if a file has something else than a record. A killed process may
// have left a part of the header.
func isRecord(f *os.File) error {
	const first = `{"record":`
	begin := make([]byte, len(first))
	n, err := f.ReadAt(begin, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !strings.HasPrefix(first, string(begin[:n])) {
		return fmt.Errorf("%s exists and is not a record; name another file", f.Name())
	}
	return nil
}

// begin writes the header of the next part, on a line of its own.
func (f *file) begin() error {
	f.part++
	var head []byte
	if f.size > 0 {
		last := make([]byte, 1)
		if _, err := f.f.ReadAt(last, f.size-1); err != nil || last[0] != '\n' {
			head = append(head, '\n') // the previous process was killed
		}
	}
	return f.append(append(head, f.header(f.part)...))
}

// write appends whole lines. If the file would become too big, write first renames it,
// which replaces the file that was renamed before, and continues in a new one.
func (f *file) write(lines []byte) error {
	if f.size > 0 && f.size+int64(len(lines)) > f.max {
		if err := os.Rename(f.path, aside(f.path)); err != nil {
			return err
		}
		_ = f.f.Close()
		f.f = nil
		if err := f.open(); err != nil {
			return err
		}
	}
	return f.append(lines)
}

func (f *file) append(lines []byte) error {
	_, err := f.f.Write(lines)
	if err != nil {
		_ = f.f.Truncate(f.size) // remove an incomplete line
		return err
	}
	f.size += int64(len(lines))
	return nil
}

func (f *file) close() {
	if f.f != nil {
		_ = f.f.Close()
		f.f = nil
	}
}
