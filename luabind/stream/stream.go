// Package stream reads lines and bytes for scripts from whatever has a read
// deadline: a socket, a pipe. What has been read and not handed out stays in
// the buffer, whatever happens to the task that reads.
package stream

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// How much is read in one go unless told otherwise, in bytes.
const (
	DefaultLine = 64 << 10
	DefaultSome = 64 << 10
	firstBuffer = 1 << 10
)

// The errors of a Reader.
var (
	ErrTooLong = errors.New("the line is too long")
	ErrClosed  = errors.New("it is closed")
)

// Source is what a Reader reads from.
type Source interface {
	io.Reader
	SetReadDeadline(t time.Time) error
}

// Reader reads from a Source. The script's lock guards it.
type Reader struct {
	// Source may be changed while nobody reads.
	Source Source
	// Closed tells whether this end has closed the source.
	Closed func() bool
	// Timeout is of each call; 0 means none.
	Timeout time.Duration

	buf  []byte
	end  error // of the stream, once it has come
	busy bool
}

// Busy tells whether a task reads, and Buffered how much has been read and not
// handed out.
func (r *Reader) Busy() bool { return r.busy }

// Buffered is how many bytes have been read and not handed out.
func (r *Reader) Buffered() int { return len(r.buf) }

// Line reads a line of at most limit bytes, without its LF or CRLF. What
// stands behind the last one comes as a line too. At the end the error is
// io.EOF.
func (r *Reader) Line(l *lua.LState, limit int) (string, error) {
	line, err := r.Until(l, "\n", limit)
	return strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r"), err
}

// Until reads up to and with a delimiter, at most limit bytes before it, or
// what stands behind the last one.
func (r *Reader) Until(l *lua.LState, delimiter string, limit int) (string, error) {
	seen := 0 // the delimiter does not begin before
	end := -1 // of the delimiter
	err := r.fill(l, func() bool {
		if i := bytes.Index(r.buf[seen:], []byte(delimiter)); i >= 0 {
			end = seen + i + len(delimiter)
			return true
		}
		seen = max(0, len(r.buf)-len(delimiter)+1)
		return len(r.buf) >= limit+len(delimiter)
	})
	switch {
	case end >= 0 && end <= limit+len(delimiter):
		return r.take(end), nil
	case err == nil || end >= 0:
		return "", ErrTooLong
	case errors.Is(err, io.EOF) && len(r.buf) > 0:
		return r.take(len(r.buf)), nil
	}
	return "", err
}

// Exactly reads n bytes; io.ErrUnexpectedEOF if the stream ends within them.
func (r *Reader) Exactly(l *lua.LState, n int) (string, error) {
	if err := r.fill(l, func() bool { return len(r.buf) >= n }); err != nil {
		if errors.Is(err, io.EOF) && len(r.buf) > 0 {
			return "", fmt.Errorf("%w: %d of %d bytes came", io.ErrUnexpectedEOF, len(r.buf), n)
		}
		return "", err
	}
	return r.take(n), nil
}

// Some reads what is there, at least one byte and at most limit.
func (r *Reader) Some(l *lua.LState, limit int) (string, error) {
	if err := r.fill(l, func() bool { return len(r.buf) > 0 }); err != nil {
		return "", err
	}
	return r.take(min(limit, len(r.buf))), nil
}

// take hands out the first n bytes that were read.
func (r *Reader) take(n int) string {
	s := string(r.buf[:n])
	rest := copy(r.buf, r.buf[n:])
	r.buf = r.buf[:rest]
	if rest == 0 && cap(r.buf) > DefaultLine {
		r.buf = nil
	}
	return s
}

// fill reads until enough, called with the script's lock, says so, or the
// stream ends.
func (r *Reader) fill(l *lua.LState, enough func() bool) error {
	if r.busy {
		bind.Raise(l, "another task reads from it")
	}
	r.busy = true
	defer func() { r.busy = false }()
	var deadline time.Time
	if r.Timeout > 0 {
		deadline = time.Now().Add(r.Timeout)
	}
	for !enough() {
		switch {
		case r.end != nil:
			return r.end
		case r.Closed():
			return ErrClosed
		}
		piece := r.space()
		err := Interruptible(l, deadline, r.Source.SetReadDeadline, func() error {
			n, err := r.Source.Read(piece)
			if n == 0 {
				return err
			}
			r.buf = r.buf[:len(r.buf)+n]
			r.end = lasting(err)
			return nil
		})
		if err == nil {
			continue
		}
		if r.Closed() {
			return ErrClosed
		}
		if r.end = lasting(err); r.end == nil {
			return bind.ErrTimeout
		}
		return r.end
	}
	return nil
}

// lasting is an error that every later read has too.
func lasting(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil
	}
	return err
}

// space is where the next bytes go.
func (r *Reader) space() []byte {
	if cap(r.buf)-len(r.buf) < firstBuffer/2 {
		grown := make([]byte, len(r.buf), max(firstBuffer, 2*cap(r.buf)))
		copy(grown, r.buf)
		r.buf = grown
	}
	return r.buf[len(r.buf):cap(r.buf)]
}

// Interruptible waits for f, which reads or writes, until the deadline or until
// the task is cancelled: set is given a time in the past then.
func Interruptible(l *lua.LState, deadline time.Time, set func(time.Time) error, f func() error) error {
	return bind.Wait(l, func(ctx context.Context) error {
		_ = set(deadline)
		interrupted := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			defer close(interrupted)
			_ = set(time.Unix(1, 0))
		})
		err := f()
		if !stop() {
			<-interrupted // so that it cannot hit who comes next
		}
		return err
	})
}

// Size is argument n, a number of bytes to read; otherwise stands for it where
// it is left out, unless that is 0.
func Size(l *lua.LState, n, otherwise int) int {
	if l.Get(n) == lua.LNil && otherwise > 0 {
		return otherwise
	}
	size := l.CheckInt(n)
	if most := bind.RuntimeOf(l).Lua.MaxString; size < 1 || int64(size) > most {
		l.ArgError(n, fmt.Sprintf("a number of bytes from 1 to %d (max_string) is wanted", most))
	}
	return size
}
