package net

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// Sizes in bytes: of the space that is read into, and of what one call reads
// unless it says otherwise.
const (
	leastSpace  = 1 << 10
	mostSpace   = 64 << 10
	defaultLine = 64 << 10
	defaultSome = 64 << 10
	defaultAll  = 16 << 20
)

// Source is what a Reader reads from, such as a net.Conn. A read deadline that
// has passed ends a Read that waits.
type Source interface {
	Read(p []byte) (int, error)
	SetReadDeadline(t time.Time) error
}

// Reader reads lines and pieces from a source for scripts, for one task at a
// time. What has been read stays here until it is handed out, whatever happens
// to the task that waits for it, so nothing is lost when that is cancelled.
//
// The baton guards it, but for the space that a read works with while it waits.
type Reader struct {
	source  Source
	timeout time.Duration // of each call; 0: none
	closed  func() error  // why it was closed on this side, or nil
	longest int           // line, unless a call says otherwise

	data  []byte // data[start:] was read and not handed out
	start int
	want  int   // how much space the next read is given at least
	end   error // of the stream, once it has come
	busy  bool
}

// NewReader makes a reader. closed tells why nothing may be read any more, or
// nil; longest is how long a line may be unless a call says otherwise, in bytes.
func NewReader(source Source, longest int, closed func() error) Reader {
	return Reader{source: source, closed: closed, want: leastSpace, longest: longest}
}

// SetTimeout limits the time of each call; 0 stands for no limit.
func (r *Reader) SetTimeout(d time.Duration) { r.timeout = d }

// LuaReadLine is read_line([max]): a line without its LF or CRLF. What stands
// behind the last one comes as a line too.
func (r *Reader) LuaReadLine(l *lua.LState) int {
	line, err := r.Line(l, sizeArgument(l, 2, r.longest))
	if err != nil {
		return bind.Fail(l, err)
	}
	return bind.Return(l, lua.LString(line))
}

// LuaReadUntil is read_until(delimiter [, max]): what stands before the
// delimiter, which is taken too.
func (r *Reader) LuaReadUntil(l *lua.LState) int {
	delimiter := l.CheckString(2)
	if delimiter == "" {
		l.ArgError(2, "a delimiter has at least one byte")
	}
	limit := sizeArgument(l, 3, r.longest)
	at, err := r.find(l, delimiter, limit+len(delimiter))
	switch {
	case err != nil:
		return bind.Fail(l, endText(err))
	case at == 0:
		return bind.Failf(l, "there is no delimiter within %d bytes", limit)
	}
	return bind.Return(l, lua.LString(strings.TrimSuffix(r.take(at), delimiter)))
}

// LuaRead is read(n): n bytes, or nil if the stream ends before.
func (r *Reader) LuaRead(l *lua.LState) int {
	n := sizeArgument(l, 2, 0)
	err := r.fill(l, func() bool { return r.pending() >= n })
	if err != nil {
		if errors.Is(err, io.EOF) && r.pending() > 0 {
			return bind.Failf(l, "the connection ended after %d of %d bytes", r.pending(), n)
		}
		return bind.Fail(l, endText(err))
	}
	return bind.Return(l, lua.LString(r.take(n)))
}

// LuaReadSome is read_some([max]): what is there, at least a byte.
func (r *Reader) LuaReadSome(l *lua.LState) int {
	limit := sizeArgument(l, 2, defaultSome)
	if err := r.fill(l, func() bool { return r.pending() > 0 }); err != nil {
		return bind.Fail(l, endText(err))
	}
	return bind.Return(l, lua.LString(r.take(min(limit, r.pending()))))
}

// LuaReadAll is read_all([max]): all that comes until the end of the stream. If
// that is more than max bytes, it stays where it is.
func (r *Reader) LuaReadAll(l *lua.LState) int {
	limit := sizeArgument(l, 2, defaultAll)
	err := r.fill(l, func() bool { return r.pending() > limit })
	switch {
	case err == nil:
		return bind.Failf(l, "there are more than %d bytes", limit)
	case errors.Is(err, io.EOF):
		return bind.Return(l, lua.LString(r.take(r.pending())))
	}
	return bind.Fail(l, endText(err))
}

// sizeArgument is argument n, a number of bytes; 0 as the default makes it
// required.
func sizeArgument(l *lua.LState, n, otherwise int) int {
	most := bind.RuntimeOf(l).Lua.MaxString
	if l.Get(n) == lua.LNil && otherwise > 0 {
		return int(min(int64(otherwise), most))
	}
	size := float64(l.CheckNumber(n))
	if size != math.Trunc(size) || !(size >= 1 && size <= float64(most)) {
		l.ArgError(n, fmt.Sprintf("a number of bytes from 1 to %d (max_string) is wanted", most))
	}
	return int(size)
}

var errLongLine = errors.New("the line is too long")

// Line reads a line of at most limit bytes, which do not count its end, LF or
// CRLF; that is taken away. A line that is longer stays where it is.
func (r *Reader) Line(l *lua.LState, limit int) (string, error) {
	at, err := r.find(l, "\n", limit+len("\r\n"))
	switch {
	case errors.Is(err, io.EOF) && r.pending() > 0:
		at = r.pending()
	case err != nil:
		return "", endText(err)
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

// endText says of the end of a stream what a script's author can make use of.
func endText(err error) error {
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("closed by the peer")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("closed by the peer in the middle: its last bytes may be missing")
	}
	return Plain(err)
}

// pending is how many bytes can be handed out.
func (r *Reader) pending() int { return len(r.data) - r.start }

// take hands out the first n bytes that were read.
func (r *Reader) take(n int) string {
	s := string(r.data[r.start : r.start+n])
	r.start += n
	return s
}

// fill reads until enough, called with the baton, says so, or the stream ends.
func (r *Reader) fill(l *lua.LState, enough func() bool) error {
	if r.busy {
		bind.Raise(l, "another task reads from this connection")
	}
	r.busy = true
	defer func() { r.busy = false }()
	var deadline time.Time
	if r.timeout > 0 {
		deadline = time.Now().Add(r.timeout)
	}
	for {
		if err := r.closed(); err != nil {
			return err
		}
		if enough() {
			return nil
		}
		if r.end != nil {
			return r.end
		}
		if err := r.readMore(l, deadline); err != nil {
			return cmp.Or(r.closed(), err)
		}
	}
}

// readMore waits for at least a byte, or for the end.
func (r *Reader) readMore(l *lua.LState, deadline time.Time) error {
	space := r.space()
	return interruptible(l, deadline, r.source.SetReadDeadline, func() error {
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
	pending := r.pending()
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

// deadlineArgument is until when to wait if argument n is a number of seconds;
// without it, for ever. 0 takes what is there.
func deadlineArgument(l *lua.LState, n int) time.Time {
	if l.Get(n) == lua.LNil {
		return time.Time{}
	}
	const least = time.Millisecond // what is there is found before a deadline, not after
	return time.Now().Add(max(bind.CheckSeconds(l, n), least))
}

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// interruptible waits for f, which reads or accepts, until the deadline or until
// the task is cancelled: set is given a time in the past then.
func interruptible(l *lua.LState, deadline time.Time, set func(time.Time) error, f func() error) error {
	return bind.Wait(l, func(ctx context.Context) error {
		_ = set(deadline)
		interrupted := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			defer close(interrupted)
			_ = set(past)
		})
		err := f()
		if !stop() {
			<-interrupted // so that it cannot hit who comes next
		}
		return err
	})
}
