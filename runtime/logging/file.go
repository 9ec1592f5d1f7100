package logging

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
	"gopkg.in/natefinch/lumberjack.v2"
)

const (
	fileMode   = 0o600
	folderMode = 0o750

	// checkEvery is the interval for checking whether the path still names the open
	// file.
	checkEvery = time.Second
	// retryEvery is the interval for retrying a file that cannot be written.
	retryEvery = 10 * time.Second
)

// unrolled is lumberjack's size in MB for a file that never rolls.
const unrolled = 1 << 30

// A fileDest writes to a file, or to fallback while the file cannot be written.
type fileDest struct {
	path     string
	rolling  *lumberjack.Logger // for regular files
	truncate bool               // empty the file when it is first opened
	fallback io.Writer
	note     func(logrus.Level, string) []byte
	now      func() time.Time
	// mark adds an entry's level in front of it if the fallback needs that.
	mark func(logrus.Level, []byte) []byte

	out     io.WriteCloser // rolling, or an open device or pipe; nil if not open
	seen    os.FileInfo    // the file that path named when it was opened
	checked time.Time      // when path was last checked
	torn    bool           // the file's last line is incomplete

	reason   string // why the file cannot be written; "" if it can
	since    time.Time
	retryAt  time.Time
	diverted int // lines that went to fallback
}

func newFileDest(a appender, fallback io.Writer, note func(logrus.Level, string) []byte) *fileDest {
	const mb = 1 << 20
	size := unrolled
	if a.maxSize > 0 {
		size = int((a.maxSize + mb - 1) / mb)
	}
	return &fileDest{
		path:     a.file,
		rolling:  &lumberjack.Logger{Filename: a.file, MaxSize: size, MaxBackups: a.backups},
		truncate: a.truncate,
		fallback: fallback,
		note:     note,
		now:      time.Now,
		mark:     func(_ logrus.Level, entry []byte) []byte { return entry },
	}
}

// write implements dest.
func (d *fileDest) write(entries []byte) {
	now := d.now()
	if d.reason != "" && now.Before(d.retryAt) {
		d.divert(entries)
		return
	}
	if err := d.ready(now); err != nil {
		d.fail(now, err, entries)
		return
	}
	if lead := d.lead(now); len(lead) > 0 {
		if n, err := d.out.Write(lead); err != nil {
			d.torn = d.torn && n == 0 || n > 0 && lead[n-1] != '\n'
			d.fail(now, err, entries)
			return
		}
		d.torn, d.reason, d.diverted = false, "", 0
	}
	if n, err := d.out.Write(entries); err != nil {
		d.torn = n > 0 && entries[n-1] != '\n'
		d.fail(now, err, entries[bytes.LastIndexByte(entries[:n], '\n')+1:])
	}
}

// lead returns the text that precedes the next entry after a failure: it completes a
// torn line, and says how many lines are missing.
func (d *fileDest) lead(now time.Time) []byte {
	var lead []byte
	if d.torn {
		lead = append(lead, '\n')
	}
	if d.reason != "" {
		lead = append(lead, d.note(logrus.WarnLevel, fmt.Sprintf(
			"this file could not be written for %v (%s): %d lines are missing here, they went to standard error",
			now.Sub(d.since).Round(time.Second), d.reason, d.diverted))...)
	}
	return lead
}

// fail sends the entries to the fallback. It first writes there why the file cannot be
// written, unless the last failure had the same reason.
func (d *fileDest) fail(now time.Time, err error, entries []byte) {
	d.close()
	if d.reason == "" {
		d.since = now
	}
	if reason := err.Error(); reason != d.reason {
		d.reason = reason
		_, _ = d.fallback.Write(d.mark(logrus.ErrorLevel, d.note(logrus.ErrorLevel, fmt.Sprintf(
			"the log %s cannot be written (%s): logging to standard error, retrying every %v; %s",
			d.path, reason, retryEvery, d.advice(err)))))
	}
	d.retryAt = now.Add(retryEvery)
	d.divert(entries)
}

// advice returns what the admin can do about an error.
func (d *fileDest) advice(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "free space on that disk"
	case errors.Is(err, os.ErrPermission):
		return "allow Spectrum's system user to write to " + filepath.Dir(d.path)
	case errors.Is(err, syscall.EROFS):
		return "name a File that this service may write, for example one below Spectrum's working_dir"
	}
	return "correct its File in the file named by [logging] backend_config"
}

func (d *fileDest) divert(entries []byte) {
	d.diverted += bytes.Count(entries, []byte{'\n'})
	_, _ = d.fallback.Write(entries)
}

// close implements dest.
func (d *fileDest) close() {
	if d.out != nil {
		_ = d.out.Close()
		d.out = nil
	}
}

// ready opens the file if it is not open. Once a second it also checks the path, and
// opens the file again if the path names another file: someone renamed or removed it,
// or lumberjack rolled it. lumberjack opens new files without O_APPEND, which several
// backends need that write to one file; opening the file again adds it.
func (d *fileDest) ready(now time.Time) error {
	if d.out != nil && now.Sub(d.checked) < checkEvery {
		return nil
	}
	d.checked = now
	info, err := os.Stat(d.path)
	if d.out != nil && err == nil && os.SameFile(info, d.seen) {
		return nil
	}
	d.close()
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("open %s: %w", d.path, syscall.EISDIR)
	case err == nil && !info.Mode().IsRegular():
		// A device or pipe like /dev/stderr cannot roll. O_NONBLOCK makes a pipe
		// without a reader an error; otherwise the call would wait.
		f, err := os.OpenFile(d.path, os.O_WRONLY|os.O_APPEND|syscall.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		d.out, d.seen = f, info
		return nil
	}
	return d.openRegular()
}

// openRegular creates the file if necessary, so that lumberjack appends to it.
func (d *fileDest) openRegular() error {
	if err := os.MkdirAll(filepath.Dir(d.path), folderMode); err != nil {
		return err
	}
	flags := os.O_CREATE | os.O_WRONLY | os.O_APPEND
	if d.truncate {
		flags |= os.O_TRUNC
	}
	f, err := os.OpenFile(d.path, flags, fileMode)
	if err != nil {
		return err
	}
	defer f.Close()
	if d.seen, err = f.Stat(); err != nil {
		return err
	}
	d.out, d.truncate = d.rolling, false
	return nil
}
