package files

import (
	"context"
	"errors"
	"os"
	"path/filepath"
)

// Sweep removes expired files, and what processes have left that did not end in order:
// sockets, files that were being written, and files that the index does not have. It runs
// by itself once a minute.
func (s *Service) Sweep(ctx context.Context) {
	o, err := s.use()
	if err != nil {
		return
	}
	if err := errors.Join(
		s.removeAll(ctx, o, "expires <= ?", s.clock.Now().Unix()),
		s.removeUnfinished(ctx, o),
		s.removeOrphans(ctx, o),
	); err != nil && ctx.Err() == nil {
		s.log.WithField("error", plain(err).Error()).Warn("files that have expired could not be removed")
	}
}

// removeUnfinished removes the files whose writers are dead. An upload may be repeated
// until its time is up.
func (s *Service) removeUnfinished(ctx context.Context, o *opened) error {
	o.instance.peers() // removes dead sockets
	entries, err := list(ctx, o.index.db, "state = ?", string(stateWriting))
	if err != nil {
		return err
	}
	for _, e := range entries {
		if o.instance.alive(e.Instance) {
			continue
		}
		if err := s.removeAll(ctx, o, "token = ? AND state = ? AND instance = ?", e.Token, string(stateWriting), e.Instance); err != nil {
			return err
		}
	}
	return s.freeFunctions(ctx, o)
}

// freeFunctions removes what dead processes have stored for their functions. The entries
// stay: their addresses answer 410 until they expire.
func (s *Service) freeFunctions(ctx context.Context, o *opened) error {
	entries, err := list(ctx, o.index.db, "state = ? AND size > 0 AND instance <> ?", string(stateFunction), o.instance.id)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if o.instance.alive(e.Instance) {
			continue
		}
		_ = os.Remove(o.path(e.Token))
		if _, _, err := o.index.update(ctx, e.Token, stateFunction, s.clock.Now(), s.limits(), func(e *entry) { e.Size = 0 }); err != nil {
			return err
		}
	}
	return nil
}

// removeOrphans removes contents that the index does not have. An entry exists before its
// content, so a content without an entry is a leftover.
func (s *Service) removeOrphans(ctx context.Context, o *opened) error {
	dir, err := os.Open(filepath.Join(o.folder, dataDir))
	if err != nil {
		return err
	}
	defer dir.Close()
	for {
		names, err := dir.Readdirnames(maxListed)
		if len(names) == 0 || err != nil {
			return nil //nolint:nilerr // io.EOF, or the next sweep tries again
		}
		for _, name := range names {
			var n int
			if _, err := o.index.db.Row(ctx, "SELECT COUNT(*) FROM files WHERE token = ?", []any{name}, &n); err != nil {
				return err
			}
			if n == 0 {
				_ = os.Remove(o.path(name))
			}
		}
	}
}
