package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	sqlite3 "modernc.org/sqlite/lib"

	"modernc.org/sqlite"
)

// dataDir is the folder with the contents.
const dataDir = "data"

// Meta is what is known about a file.
type Meta struct {
	// Owner is the bare JID of the user whose quota counts, or "" for the transport.
	Owner string
	Name  string // CleanName cleans it
	Type  string // a media type; "" to detect it
	Size  int64  // in bytes; -1 if it is unknown
	// Expire is how long the file is kept. 0, or more than the setting, means the setting.
	Expire time.Duration
}

// File is a file that is shared.
type File struct {
	URL  string
	Name string
	Type string
	Size int64

	token string // of a file of Add
}

// begin returns the folder for a new file, and the beginning of its address.
func (s *Service) begin(m Meta) (o *opened, base string, err error) {
	if o, err = s.use(); err != nil {
		return nil, "", err
	}
	if m.Size > s.settings.MaxSize {
		return nil, "", ErrTooLarge
	}
	base, err = s.base()
	return o, base, err
}

// newEntry returns an entry for a new file. start is the beginning of its content, if that
// is known. A slot only has the type that the client has announced.
func (s *Service) newEntry(m Meta, start []byte, in state, o *opened) entry {
	now := s.clock.Now()
	if m.Type == "" && in != stateSlot {
		m.Type = DetectType(m.Name, start)
	}
	if m.Expire <= 0 || m.Expire > s.settings.Expire {
		m.Expire = s.settings.Expire
	}
	return entry{
		Token: newToken(), Owner: m.Owner, Name: CleanName(m.Name), Type: CleanType(m.Type), Size: max(0, m.Size),
		State: in, Instance: o.instance.id, Created: now, Expires: now.Add(m.Expire),
	}
}

func (s *Service) limits() limits {
	return limits{total: s.settings.Quota, user: s.settings.UserQuota, slots: maxSlots}
}

// Add copies a file of a known size and shares it.
func (s *Service) Add(ctx context.Context, m Meta, content io.Reader) (File, error) {
	o, base, err := s.begin(m)
	if err != nil {
		return File{}, err
	}
	start := make([]byte, min(512, max(0, m.Size)))
	n, err := io.ReadFull(content, start)
	switch {
	case err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		return File{}, err
	case err != nil:
		return File{}, fmt.Errorf("%w: it ended after %d of %d bytes", ErrSize, n, m.Size)
	}
	e := s.newEntry(m, start, stateWriting, o)
	if err := o.index.add(ctx, e, s.limits()); err != nil {
		return File{}, plain(err)
	}
	content = io.MultiReader(bytes.NewReader(start), content)
	if err := o.write(e.Token, content, e.Size); err != nil {
		s.discard(o, e.Token)
		return File{}, plain(err)
	}
	if err := s.finish(ctx, o, e.Token, stateWriting, e.Expires); err != nil {
		s.discard(o, e.Token)
		return File{}, plain(err)
	}
	return File{URL: address(base, e.Token, e.Name), Name: e.Name, Type: e.Type, Size: e.Size, token: e.Token}, nil
}

// finish makes a written file visible.
func (s *Service) finish(ctx context.Context, o *opened, token string, from state, expires time.Time) error {
	_, ok, err := o.index.update(ctx, token, from, s.clock.Now(), s.limits(), func(e *entry) {
		e.State, e.Instance, e.Expires = stateReady, "", expires
	})
	if err == nil && !ok {
		err = errors.New("the file has expired")
	}
	return err
}

// cleanTime limits the removal of a file.
const cleanTime = 10 * time.Second

// discard removes a file. What it cannot remove, Sweep removes later.
func (s *Service) discard(o *opened, token string) {
	ctx, cancel := context.WithTimeout(context.Background(), cleanTime)
	defer cancel()
	_ = os.Remove(o.path(token))
	if _, err := o.index.remove(ctx, "token = ?", token); err != nil {
		s.log.WithField("error", err.Error()).Warn("a file that could not be written stays in the index until the next start")
	}
}

// Remove removes a file of Add before it expires. It returns at once.
func (s *Service) Remove(f File) {
	s.background(func() {
		ctx, cancel := context.WithTimeout(context.Background(), cleanTime)
		defer cancel()
		o, err := s.use()
		if err == nil {
			err = s.removeAll(ctx, o, "token = ?", f.token)
		}
		if err != nil {
			s.log.WithField("error", err.Error()).Warn("a file that is no longer shared stays until it expires")
		}
	})
}

func (o *opened) path(token string) string { return filepath.Join(o.folder, dataDir, token) }

// diskWriter writes the content of a file.
type diskWriter interface {
	io.Writer
	io.WriterAt
}

// toDisk returns what writes to a file. Tests replace it.
var toDisk = func(f *os.File) diskWriter { return f }

// write writes the content of a file, which must have this size.
func (o *opened) write(token string, content io.Reader, size int64) error {
	f, err := os.OpenFile(o.path(token), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	n, err := io.Copy(toDisk(f), io.LimitReader(content, size))
	if err == nil && n < size {
		err = fmt.Errorf("%w: it ended after %d of %d bytes", ErrSize, n, size)
	}
	if err == nil {
		if extra, _ := io.ReadFull(content, make([]byte, 1)); extra > 0 {
			err = fmt.Errorf("%w: there are more than %d bytes", ErrSize, size)
		}
	}
	if err := errors.Join(err, f.Close()); err != nil {
		_ = os.Remove(f.Name())
		return err
	}
	return nil
}

// full reports whether an error means that the disk is full.
func full(err error) bool {
	var failed *sqlite.Error
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) ||
		errors.As(err, &failed) && failed.Code()&0xff == sqlite3.SQLITE_FULL
}

// Forget removes the files of a user.
func (s *Service) Forget(ctx context.Context, owner string) error {
	if owner == "" || !s.On() {
		return nil
	}
	o, err := s.use()
	if err != nil {
		return err
	}
	return s.removeAll(ctx, o, "owner = ?", owner)
}

// removeAll removes the files that a condition finds.
func (s *Service) removeAll(ctx context.Context, o *opened, where string, args ...any) error {
	for {
		tokens, err := o.index.remove(ctx, where, args...)
		if err != nil || len(tokens) == 0 {
			return err
		}
		for _, token := range tokens {
			s.demands.drop(token)
			if err := os.Remove(o.path(token)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
}
