// Package stream lets scripts read lines and blocks from a source with a read deadline,
// such as a socket or a pipe. Turns orders the writes of several tasks.
package stream

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/runtime/task"
)

// Sizes of the buffer for a read, in bytes.
const (
	leastSpace = 512
	mostSpace  = 64 << 10
)

// defaultLine is the default maximum length of a line, in bytes.
const defaultLine = 64 << 10

// Source is the source of a Reader, such as a net.Conn. A read deadline in the past must
// end a waiting Read.
type Source interface {
	Read(p []byte) (int, error)
	SetReadDeadline(t time.Time) error
}

// Options describe the source of a Reader.
type Options struct {
	// What is the kind of the source for messages, such as "connection".
	What string
	// Longest is the maximum length of a line in bytes if a call does not give one. 0
	// means 64 KiB.
	Longest int
	// Closed returns the error for reads after this side was closed, or nil.
	Closed func() error
	// Arrived reports, without waiting, whether the source has data or has ended. Nil means
	// that nobody can tell.
	Arrived func() bool
	// Explain converts an error, such as io.EOF, to one that script authors understand.
	Explain func(error) error
}

// Reader reads lines and blocks from a source, for one task at a time. It buffers the
// data until a call returns it, so no data is lost if a waiting task is cancelled.
//
// The script lock guards it, except for the buffer of a read in progress.
type Reader struct {
	source  Source
	options Options
	timeout time.Duration // of each call; 0 means no limit

	data  []byte // data[start:] was read from the source, but not returned yet
	start int
	taken uint64 // bytes that calls have returned
	want  int    // minimum buffer size of the next read
	end   error  // the error at the end of the stream; nil before that
	busy  bool
}

// New returns a reader.
func New(source Source, o Options) Reader {
	o.Longest = cmp.Or(o.Longest, defaultLine)
	return Reader{source: source, options: o, want: leastSpace}
}

// SetTimeout limits the time of each call. 0 means no limit.
func (r *Reader) SetTimeout(d time.Duration) { r.timeout = d }

// Timeout returns the time limit of each call, or 0.
func (r *Reader) Timeout() time.Duration { return r.timeout }

// Pending returns the number of buffered bytes.
func (r *Reader) Pending() int { return len(r.data) - r.start }

// Busy reports whether a task is reading or Hold is in effect.
func (r *Reader) Busy() bool { return r.busy }

// Quiet reports whether a task waits for data, so that silence is that of the source.
func (r *Reader) Quiet() bool { return r.busy }

// Hold prevents tasks from reading until Release is called.
func (r *Reader) Hold() { r.busy = true }

// Release ends Hold. If source is not nil, it replaces the source.
func (r *Reader) Release(source Source) {
	r.busy = false
	if source != nil {
		r.source = source
	}
}

// ErrLongLine is the error of Line for a line of more bytes than its limit.
var ErrLongLine = errors.New("the line is too long")

// Line returns the next line without its LF or CRLF. The last line may lack an LF. A line
// of more than limit bytes is an error and stays in the buffer.
func (r *Reader) Line(l *lua.LState, limit int) (string, error) {
	return r.line(luaCaller{l}, limit)
}

// TaskLine is Line for a task that runs no Lua code. An idle connection then needs no Lua
// thread. The error is the cause if the task was cancelled.
func (r *Reader) TaskLine(t *task.Task, limit int) (string, error) {
	return r.line(taskCaller{t}, limit)
}

func (r *Reader) line(c caller, limit int) (string, error) {
	at, err := r.find(c, "\n", limit+len("\r\n"))
	switch {
	case errors.Is(err, io.EOF) && r.Pending() > 0:
		at = r.Pending()
	case err != nil:
		return "", r.options.Explain(err)
	case at == 0:
		return "", ErrLongLine
	}
	line := bytes.TrimSuffix(bytes.TrimSuffix(r.data[r.start:r.start+at], []byte("\n")), []byte("\r"))
	if len(line) > limit {
		return "", ErrLongLine
	}
	r.start += at
	r.taken += uint64(at)
	return string(line), nil
}

// SkipLine removes the next line, however long it is, and returns its beginning. The line
// is not in memory as a whole. The task must run no Lua code.
func (r *Reader) SkipLine(t *task.Task) (start string, err error) {
	start = string(r.data[r.start : r.start+min(r.Pending(), leastSpace)])
	for skipped := 0; skipped < mostSkipped; {
		piece, err := r.through(taskCaller{t}, '\n')
		switch {
		case err != nil:
			return "", err
		case strings.HasSuffix(piece, "\n"):
			return start, nil
		}
		skipped += len(piece)
	}
	return "", ErrLongLine
}

// mostSkipped is how many bytes SkipLine skips.
const mostSkipped = 64 << 20

// TaskCopy calls write, without the script lock, with all data until the end of the stream.
// The task must run no Lua code.
func (r *Reader) TaskCopy(t *task.Task, write func(data []byte) error) error {
	for {
		err := r.fill(taskCaller{t}, func() bool { return r.Pending() > 0 })
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return r.options.Explain(err)
		}
		data := []byte(r.take(r.Pending()))
		if err := (taskCaller{t}).wait(func(context.Context) error { return write(data) }); err != nil {
			return err
		}
	}
}

// Taken returns how many bytes the calls have returned.
func (r *Reader) Taken() uint64 { return r.taken }

// Through waits for data and returns it up to and including the delimiter. It returns all
// buffered data if that has no delimiter.
func (r *Reader) Through(l *lua.LState, delimiter byte) (string, error) {
	return r.through(luaCaller{l}, delimiter)
}

func (r *Reader) through(c caller, delimiter byte) (string, error) {
	if err := r.fill(c, func() bool { return r.Pending() > 0 }); err != nil {
		return "", r.options.Explain(err)
	}
	n := bytes.IndexByte(r.data[r.start:], delimiter) + 1
	if n == 0 {
		n = r.Pending()
	}
	return r.take(n), nil
}

// find reads until a delimiter and returns the index after it, or 0 if the delimiter is
// not within the first limit bytes. The data stays in the buffer.
func (r *Reader) find(c caller, delimiter string, limit int) (at int, err error) {
	seen := 0 // the delimiter does not begin before this index
	err = r.fill(c, func() bool {
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

// take removes and returns the first n buffered bytes.
func (r *Reader) take(n int) string {
	s := string(r.data[r.start : r.start+n])
	r.start += n
	r.taken += uint64(n)
	return s
}

// fill reads until enough reports true or the stream ends. enough is called with the
// script lock.
func (r *Reader) fill(c caller, enough func() bool) error {
	if r.busy {
		return c.misused("another task reads from this %s", r.options.What)
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
		if err := r.readMore(c, deadline); err != nil {
			return cmp.Or(r.options.Closed(), err)
		}
	}
}

// readMore waits for at least one byte or the end of the stream.
func (r *Reader) readMore(c caller, deadline time.Time) error {
	space := r.space()
	return c.wait(func(ctx context.Context) error {
		_ = r.source.SetReadDeadline(deadline)
		defer c.task().Input(r.options.Arrived)()
		return interruptible(ctx, r.source.SetReadDeadline, func() error { return r.readInto(space) })
	})
}

// readInto reads once. The script lock is not held.
func (r *Reader) readInto(space []byte) error {
	n, err := r.source.Read(space)
	r.data = r.data[:len(r.data)+n]
	r.want = leastSpace
	if n == len(space) {
		r.want = min(2*n, mostSpace)
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		r.end = err // later reads return the same error
	}
	if n > 0 {
		return nil
	}
	return err
}

// space returns the buffer for the next read. It is small while the source is idle.
func (r *Reader) space() []byte {
	pending := r.Pending()
	free := cap(r.data) - len(r.data)
	switch {
	case pending == 0 && cap(r.data) != r.want:
		r.data, r.start = make([]byte, 0, r.want), 0
	case pending == 0:
		r.data, r.start = r.data[:0], 0
	case free >= r.want:
	case cap(r.data)-pending >= max(r.want, pending):
		r.data, r.start = r.data[:copy(r.data, r.data[r.start:])], 0
	default:
		grown := make([]byte, pending, pending+max(r.want, pending))
		copy(grown, r.data[r.start:])
		r.data, r.start = grown, 0
	}
	return r.data[len(r.data):cap(r.data)]
}
