package record

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const (
	fileMode   = 0o600
	folderMode = 0o750
	// maxWriters is how many processes find a name of their own.
	maxWriters = 99
)

// file is the record on disk. It is written by one goroutine.
type file struct {
	wanted string // what was asked for
	path   string // what it is; another process may have the wanted one
	max    int64
	header func(part int) []byte

	f    *os.File
	size int64 // of whole lines
	part int
}

// open opens the file to append to it, and begins a run. Another process's
// file is left alone: this one then has a number in its name.
func (f *file) open() error {
	if err := os.MkdirAll(filepath.Dir(f.wanted), folderMode); err != nil {
		return err
	}
	names := []string{f.path} // a file that was put aside goes on under its name
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
	return fmt.Errorf("%d other processes write %s and those with a number in their names", maxWriters, f.wanted)
}

// numbered puts a number into a name: record.jsonl, record-2.jsonl.
func numbered(path string, n int) string {
	if n == 1 {
		return path
	}
	ext := filepath.Ext(path)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(path, ext), n, ext)
}

// aside is where a file goes that grew too big.
func aside(path string) string { return path + ".1" }

// errTaken means that another process writes the file.
var errTaken = errors.New("another process writes it")

// lock opens f.path for this process alone.
func (f *file) lock() error {
	if info, err := os.Stat(f.path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", f.path)
	}
	opened, err := os.OpenFile(f.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, fileMode)
	if err != nil {
		return err
	}
	err = syscall.Flock(int(opened.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		_ = opened.Close()
		return errTaken
	} // a file system without locks has no other process either
	mine, err := opened.Stat()
	if err != nil {
		_ = opened.Close()
		return err
	}
	there, err := os.Stat(f.path)
	if err != nil || !os.SameFile(mine, there) { // it was put aside in between
		_ = opened.Close()
		return errTaken
	}
	if mine.Mode().Perm()&^fileMode != 0 {
		_ = opened.Chmod(fileMode)
	}
	f.f, f.size = opened, mine.Size()
	return nil
}

// begin writes the header of the next part, on a line of its own.
func (f *file) begin() error {
	f.part++
	var head []byte
	if f.size > 0 {
		last := make([]byte, 1)
		if _, err := f.f.ReadAt(last, f.size-1); err != nil || last[0] != '\n' {
			head = append(head, '\n') // the process before was killed
		}
	}
	return f.append(append(head, f.header(f.part)...))
}

// write adds whole lines. When the file would grow too big, it is put aside, in
// place of the one that was there, and another one goes on.
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
		_ = f.f.Truncate(f.size) // half a line helps nobody
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
