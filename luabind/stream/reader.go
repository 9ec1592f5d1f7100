// Package stream reads lines and pieces for scripts from whatever has a read
// deadline, such as a socket or a pipe, and lets tasks write in turn.
package stream

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"os"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Sizes of the space that is read into, in bytes.
const (
	leastSpace = 512
	mostSpace  = 64 << 10
)

// DefaultLine is how long a line may be, in bytes, where nothing else is said.
const DefaultLine = 64 << 10

// Source is what a Reader reads from, such as a net.Conn. A read deadline that
// has passed ends a Read that waits.
type Source interface {
	Read(p []byte) (int, error)
	SetReadDeadline(t time.Time) error
}

// Options are what a Reader has to know of its source.
type Options struct {
	// What it is, for messages: "connection".
	What string
	// Longest is how long a line may be unless a call says otherwise, in bytes;
	// 0 stands for DefaultLine.
	Longest int
	// Closed tells why this side reads no more, or nil.
	Closed func() error
	// Explain says of an error, such as io.EOF, what a script's author can make
	// use of.
	Explain func(error) error
}

// Reader reads lines and pieces from a source for scripts, for one task at a
// time. What has been read stays here until it is handed out, whatever happens
// to the task that waits for it, so nothing is lost when that is cancelled.
//
// The script lock guards it, but for the space that a read works with while it waits.
type Reader struct {
	source  Source
	options Options
	timeout time.Duration // of each call; 0: none

	data  []byte // data[start:] was read and not handed out
	start int
	want  int   // how much space the next read is given at least
	end   error // of the stream, once it has come
	busy  bool
}

// New makes a reader.
func New(source Source, o Options) Reader {
	o.Longest = cmp.Or(o.Longest, DefaultLine)
	return Reader{source: source, options: o, want: leastSpace}
}

// SetTimeout limits the time of each call; 0 stands for no limit.
func (r *Reader) SetTimeout(d time.Duration) { r.timeout = d }

// Timeout is the limit of each call, or 0.
func (r *Reader) Timeout() time.Duration { return r.timeout }

// Pending is how many bytes were read and not handed out.
func (r *Reader) Pending() int { return len(r.data) - r.start }

// Busy tells whether a task reads, or Hold keeps any from it.
func (r *Reader) Busy() bool { return r.busy }

// Hold keeps tasks from reading until Release.
func (r *Reader) Hold() { r.busy = true }

// Release ends Hold. What is read from now on comes from the source, unless
// that is nil.
func (r *Reader) Release(source Source) {
	r.busy = false
	if source != nil {
		r.source = source
	}
}

var errLongLine = errors.New("the line is too long")

// Line reads a line of at most limit bytes, which do not count its end, LF or
// CRLF; that is taken away. What stands behind the last one comes as a line
// too. A line that is longer stays where it is.
func (r *Reader) Line(l *lua.LState, limit int) (string, error) {
	at, err := r.find(l, "\n", limit+len("\r\n"))
	switch {
	case errors.Is(err, io.EOF) && r.Pending() > 0:
		at = r.Pending()
	case err != nil:
		return "", r.options.Explain(err)
	case at == 0:
		return "", errLongLine
	}
	line := bytes.TrimSuffix(bytes.TrimSuffix(r.data[r.start:r.start+at], []byte("\n")), []byte("\r"))
	if len(line) > limit {
		return "", errLongLine
	}
	r.start += at
	return string(line), nil
}

// Through reads what is there up to and with the delimiter, at least a byte:
// what stands behind it stays.
func (r *Reader) Through(l *lua.LState, delimiter byte) (string, error) {
	if err := r.fill(l, func() bool { return r.Pending() > 0 }); err != nil {
		return "", r.options.Explain(err)
	}
	n := bytes.IndexByte(r.data[r.start:], delimiter) + 1
	if n == 0 {
		n = r.Pending()
	}
	return r.take(n), nil
}

// find reads up to a delimiter and returns where it ends, or 0 if it is not
// within the first limit bytes. Nothing is taken.
func (r *Reader) find(l *lua.LState, delimiter string, limit int) (at int, err error) {
	seen := 0 // the delimiter does not begin before
	err = r.fill(l, func() bool {
		pending := r.data[r.start:]
		if i := bytes.Index(pending[seen:], []byte(delimiter)); i >= 0 {
			at = seen + i + len(delimiter)
			return true
		}
		seen = max(0, len(pending)-len(delimiter)+1)
		return len(pending) >= limit
	})
	if at > limit {
		at = 0
	}
	return at, err
}

// take hands out the first n bytes that were read.
func (r *Reader) take(n int) string {
	s := string(r.data[r.start : r.start+n])
	r.start += n
	return s
}

// fill reads until enough, called with the script lock, says so, or the stream ends.
func (r *Reader) fill(l *lua.LState, enough func() bool) error {
	if r.busy {
		bind.Raise(l, "another task reads from this %s", r.options.What)
	}
	r.Hold()
	defer r.Release(nil)
	var deadline time.Time
	if r.timeout > 0 {
		deadline = time.Now().Add(r.timeout)
	}
	for {
		if err := r.options.Closed(); err != nil {
			return err
		}
		if enough() {
			return nil
		}
		if r.end != nil {
			return r.end
		}
		if err := r.readMore(l, deadline); err != nil {
			return cmp.Or(r.options.Closed(), err)
		}
	}
}

// readMore waits for at least a byte, or for the end.
func (r *Reader) readMore(l *lua.LState, deadline time.Time) error {
	space := r.space()
	return Interruptible(l, deadline, r.source.SetReadDeadline, func() error {
		n, err := r.source.Read(space)
		r.data = r.data[:len(r.data)+n]
		r.want = leastSpace
		if n == len(space) {
			r.want = min(2*n, mostSpace)
		}
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			r.end = err // every later read has it too
		}
		if n > 0 {
			return nil
		}
		return err
	})
}

// space is where the next bytes go. While a connection is silent it is small.
func (r *Reader) space() []byte {
	pending := r.Pending()
	room := cap(r.data) - len(r.data)
	switch {
	case pending == 0 && cap(r.data) != r.want:
		r.data, r.start = make([]byte, 0, r.want), 0
	case pending == 0:
		r.data, r.start = r.data[:0], 0
	case room >= r.want:
	case cap(r.data)-pending >= max(r.want, pending):
		r.data, r.start = r.data[:copy(r.data, r.data[r.start:])], 0
	default:
		grown := make([]byte, pending, pending+max(r.want, pending))
		copy(grown, r.data[r.start:])
		r.data, r.start = grown, 0
	}
	return r.data[len(r.data):cap(r.data)]
}
