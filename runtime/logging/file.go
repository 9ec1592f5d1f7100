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

	// checkEvery is how often the path is looked at: is our file still there?
	checkEvery = time.Second
	// retryEvery is how often a file that cannot be written is tried again.
	retryEvery = 10 * time.Second
)

// unrolled is lumberjack's size in MB for a file that is to grow for ever.
const unrolled = 1 << 30

// A fileDest writes to a file, or to fallback while that does not work.
type fileDest struct {
	path     string
	rolling  *lumberjack.Logger // for regular files
	truncate bool               // at the first opening
	fallback io.Writer
	note     func(logrus.Level, string) []byte
	now      func() time.Time
	// mark puts an entry's level before it, for a fallback that wants it.
	mark func(logrus.Level, []byte) []byte

	out     io.WriteCloser // rolling, or a file for what is not regular; nil if not open
	seen    os.FileInfo    // what path led to when it was opened
	checked time.Time      // when path was last looked at
	torn    bool           // the file's last line has no end

	reason   string // why the file cannot be written; "" if it can
	since    time.Time
	retryAt  time.Time
	diverted int // entries that went to fallback
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

// lead is what comes before the next entry after a failure.
func (d *fileDest) lead(now time.Time) []byte {
	var lead []byte
	if d.torn {
		lead = append(lead, '\n')
	}
	if d.reason != "" {
		lead = append(lead, d.note(logrus.WarnLevel, fmt.Sprintf(
			"this file could not be written for %v (%s): what is missing here, %d lines, went to standard error",
			now.Sub(d.since).Round(time.Second), d.reason, d.diverted))...)
	}
	return lead
}

// fail says why the file cannot be written, once for each reason, and sends the
// entries to the fallback.
func (d *fileDest) fail(now time.Time, err error, entries []byte) {
	d.close()
	if d.reason == "" {
		d.since = now
	}
	if reason := err.Error(); reason != d.reason {
		d.reason = reason
		_, _ = d.fallback.Write(d.mark(logrus.ErrorLevel, d.note(logrus.ErrorLevel, fmt.Sprintf(
			"the log %s cannot be written (%s): logging to standard error, and trying again every %v; %s",
			d.path, reason, retryEvery, d.advice(err)))))
	}
	d.retryAt = now.Add(retryEvery)
	d.divert(entries)
}

// advice tells the admin what to do.
func (d *fileDest) advice(err error) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "make room on that disk"
	case errors.Is(err, os.ErrPermission):
		return "let the user that Spectrum runs as write to " + filepath.Dir(d.path)
	case errors.Is(err, syscall.EROFS):
		return "name a File that this service may write, such as one below Spectrum's working_dir"
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

// ready opens the file, if it is not open or if its path, looked at once a
// second, leads elsewhere by now: someone renamed or removed it, or lumberjack
// rolled it. That one opens new files without O_APPEND, hence opening it again
// is right then too: several backends may be told to write to one file.
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
		// A device or pipe such as /dev/stderr: nothing to roll, and a pipe
		// without a reader is an error rather than a wait.
		f, err := os.OpenFile(d.path, os.O_WRONLY|os.O_APPEND|syscall.O_NONBLOCK, 0)
		if err != nil {
			return err
		}
		d.out, d.seen = f, info
		return nil
	}
	return d.openRegular()
}

// openRegular makes the file, so that lumberjack finds one to append to.
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
