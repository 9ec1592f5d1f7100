package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"spectrumlua/runtime/clock"
)

// download is one run of a function. Its content goes into a file, from which all readers
// read, so a slow reader needs no memory and delays nobody.
type download struct {
	demand *demand
	opened *opened
	file   *os.File // of the content; closed when the function and all readers have ended
	ctx    context.Context
	cancel context.CancelCauseFunc
	stall  time.Duration
	watch  clock.Timer // ends a function without progress

	mu       sync.Mutex
	written  int64
	reserved int64         // of the quota
	done     bool          // the function has ended
	err      error         // why it failed
	more     chan struct{} // closed at the next change
	readers  int
	held     bool        // the demand refers to it
	linger   clock.Timer // ends it without readers
	closed   bool
}

// work runs the function.
func (w *download) work() {
	d := w.demand
	err := d.run(w.ctx, w)
	if cause := context.Cause(w.ctx); err != nil && cause != nil {
		err = cause
	}
	w.watch.Stop()
	<-d.service.demands.places
	w.mu.Lock()
	if err == nil && d.size >= 0 && w.written != d.size {
		err = fmt.Errorf("%w: it has %d of %d bytes", ErrSize, w.written, d.size)
	}
	written := w.written
	w.mu.Unlock()
	if err == nil && d.options.Keep {
		err = w.keep(written)
	}
	w.mu.Lock()
	w.done, w.err = true, err
	w.changed()
	w.mu.Unlock()
	switch {
	case err != nil:
		w.release(nil)
	case d.options.Keep:
		d.service.demands.drop(d.token) // the file is an ordinary one now
	}
}

// keep makes an ordinary file of the content.
func (w *download) keep(size int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanTime)
	defer cancel()
	s := w.demand.service
	_, ok, err := w.opened.index.update(ctx, w.demand.token, stateFunction, s.clock.Now(), s.limits(), func(e *entry) {
		e.Size, e.State, e.Instance = size, stateReady, ""
	})
	if err == nil && !ok {
		err = errGone
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if err == nil {
		w.reserved = 0 // it belongs to the file
	}
	return err
}

// Write adds to the content. It implements io.Writer for the function.
func (w *download) Write(p []byte) (int, error) {
	if err := context.Cause(w.ctx); err != nil {
		return 0, err
	}
	w.mu.Lock()
	at, end, reserved, done := w.written, w.written+int64(len(p)), w.reserved, w.done
	w.mu.Unlock()
	if done {
		return 0, errors.New("the function has ended")
	}
	most := w.demand.service.settings.MaxSize
	if w.demand.size >= 0 && end > w.demand.size {
		return 0, fmt.Errorf("%w: there are more than %d bytes", ErrSize, w.demand.size)
	}
	if end > most {
		return 0, ErrTooLarge
	}
	if end > reserved {
		if err := w.reserve(min(most, end+growBy)); err != nil {
			return 0, err
		}
	}
	n, err := toDisk(w.file).WriteAt(p, at)
	w.watch.Reset(w.stall)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.written += int64(n)
	w.changed()
	return n, plain(err)
}

// reserve sets what counts for the quota.
func (w *download) reserve(size int64) error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanTime)
	defer cancel()
	s := w.demand.service
	w.mu.Lock()
	before := w.reserved
	w.mu.Unlock()
	_, ok, err := w.opened.index.update(ctx, w.demand.token, stateFunction, s.clock.Now(), s.limits(), func(e *entry) {
		e.Size = max(0, e.Size+size-before) // an earlier run may count, too
	})
	if err == nil && !ok {
		err = errGone
	}
	if err != nil {
		return plain(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.reserved = size
	return nil
}

// changed wakes the readers. w.mu is held.
func (w *download) changed() {
	close(w.more)
	w.more = make(chan struct{})
}

// state returns how much has been written, and whether that is all.
func (w *download) state() (written int64, done bool, more <-chan struct{}, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.written, w.done, w.more, w.err
}

// wait waits until there are bytes after an offset, or the function has ended.
func (w *download) wait(ctx context.Context, offset int64) (written int64, done bool, err error) {
	for {
		written, done, more, err := w.state()
		if written > offset || done {
			return written, done, err
		}
		select {
		case <-more:
		case <-ctx.Done():
			return written, false, context.Cause(ctx)
		}
	}
}

// enter adds a reader. It returns false if the function has failed: a new run is needed.
func (w *download) enter() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return false
	}
	w.readers++
	if w.linger != nil {
		w.linger.Stop()
		w.linger = nil
	}
	return true
}

// leave removes a reader. Without readers, the function ends after a moment.
func (w *download) leave() {
	w.mu.Lock()
	w.readers--
	if w.readers == 0 && w.held {
		w.linger = w.demand.service.clock.AfterFunc(lingerTime, func() {
			w.demand.service.background(func() { w.release(errReadersLeft) })
		})
	}
	w.mu.Unlock()
	w.finish()
}

// release removes the download from its demand, so that the next reader begins a new one.
// With a cause, it does so only if there are no readers.
func (w *download) release(cause error) {
	d := w.demand
	d.mu.Lock()
	w.mu.Lock()
	if cause != nil && w.readers > 0 { // somebody came back
		w.mu.Unlock()
		d.mu.Unlock()
		return
	}
	if d.current == w {
		d.current = nil
	}
	w.held = false
	abandoned := w.readers == 0
	w.mu.Unlock()
	d.mu.Unlock()
	if abandoned {
		if cause == nil {
			cause = errGone
		}
		w.cancel(cause)
	}
	w.finish()
}

// finish closes the file when nobody uses it any more, and removes it unless it is kept.
func (w *download) finish() {
	w.mu.Lock()
	abandoned := !w.held && w.readers == 0
	if abandoned && !w.done {
		defer w.cancel(errReadersLeft)
	}
	last := abandoned && w.done && !w.closed
	if last {
		w.closed = true
	}
	reserved, kept := w.reserved, w.err == nil && w.demand.options.Keep
	w.mu.Unlock()
	if !last {
		return
	}
	w.cancel(nil)
	if !kept {
		w.remove()
	}
	_ = w.file.Close()
	if reserved > 0 {
		if err := w.reserve(0); err != nil && !errors.Is(err, errGone) {
			w.demand.service.log.WithField("error", err.Error()).Warn("the quota of a file could not be released")
		}
	}
}

// remove removes the content, unless a new run has replaced it.
func (w *download) remove() {
	mine, err := w.file.Stat()
	if err != nil {
		return
	}
	if now, err := os.Stat(w.file.Name()); err == nil && os.SameFile(mine, now) {
		_ = os.Remove(w.file.Name())
	}
}

// follower reads a download while it grows. It is an io.ReadSeeker for a known size.
type follower struct {
	ctx    context.Context
	w      *download
	size   int64
	offset int64
	flush  func() error // sends what the reader has written, before it waits for more
}

func (f *follower) Read(p []byte) (int, error) {
	if written, done, _, _ := f.w.state(); written <= f.offset && !done {
		_ = f.flush() // if the client has disconnected, ctx ends
	}
	written, done, err := f.w.wait(f.ctx, f.offset)
	switch {
	case written > f.offset:
	case err != nil:
		return 0, err
	case done:
		return 0, io.EOF
	}
	n, err := f.w.file.ReadAt(p[:min(int64(len(p)), written-f.offset)], f.offset)
	f.offset += int64(n)
	if n > 0 {
		err = nil
	}
	return n, err
}

func (f *follower) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += f.offset
	case io.SeekEnd:
		offset += f.size
	}
	if offset < 0 {
		return 0, errors.New("seeking before the start")
	}
	f.offset = offset
	return offset, nil
}
