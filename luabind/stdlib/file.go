package stdlib

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"spectrumlua/luabind/bind"
)

// file is an open file. Writes are not buffered. Go's garbage collector closes a file
// that the script lost.
//
// A file in a data table can outlive its VM, so it has no reference to the VM.
type file struct {
	maxString          int
	f                  *os.File // nil for the standard input, which is empty
	in                 *bufio.Reader
	readable, writable bool
	standard           bool
	// slow is true for a pipe or a device, which can block for any time. They are
	// read and written without the script lock.
	slow   bool
	busy   bool // a task waits for a read or write
	closed bool
}

// usable raises an error if the file is closed or another task uses it.
func (f *file) usable(c call) {
	switch {
	case f.closed:
		c.raise("attempt to use a closed file")
	case f.busy:
		c.raise("another task is using the file")
	}
}

// do runs a function that reads or writes.
func (f *file) do(c call, what func() error) error {
	if !f.slow {
		return what()
	}
	f.busy = true
	defer func() { f.busy = false }()
	return bind.Wait(c.l, func(ctx context.Context) error {
		interrupted := make(chan struct{})
		stop := context.AfterFunc(ctx, func() {
			_ = f.f.SetDeadline(time.Unix(1, 0))
			close(interrupted)
		})
		err := what()
		if !stop() {
			<-interrupted
			_ = f.f.SetDeadline(time.Time{}) // it may be standard output
		}
		return err
	})
}

func (f *file) close(c call) int {
	f.usable(c)
	if f.standard {
		return c.fail("a standard file cannot be closed")
	}
	f.closed = true
	return done(c, f.f.Close())
}

// setvbuf checks its arguments. It has no effect because writes are not buffered.
func (f *file) setvbuf(c call) int {
	f.usable(c)
	switch mode := c.str(2); mode {
	case "no", "full", "line":
	default:
		c.argError(2, "invalid option '%s'", mode)
	}
	c.optInteger(3, 0)
	return c.ret(lua.LTrue)
}

func (f *file) write(c call, first int) int {
	f.usable(c)
	if !f.writable {
		return c.ret(lua.LNil, lua.LString("the file is open for reading only"), lua.LNumber(9))
	}
	var texts []string
	for i := first; i <= c.l.GetTop(); i++ {
		texts = append(texts, c.str(i))
	}
	err := f.do(c, func() error {
		if err := f.unread(); err != nil {
			return err
		}
		for _, s := range texts {
			if _, err := io.WriteString(f.f, s); err != nil {
				return err
			}
		}
		return nil
	})
	return done(c, err)
}

// unread drops the data that was read ahead and moves the file's offset back to the
// position that the script expects.
func (f *file) unread() error {
	if f.in == nil || f.in.Buffered() == 0 || f.slow {
		return nil
	}
	_, err := f.f.Seek(-int64(f.in.Buffered()), io.SeekCurrent)
	f.in.Reset(f.f)
	return err
}

func (f *file) seek(c call) int {
	f.usable(c)
	whence, ok := map[string]int{"set": io.SeekStart, "cur": io.SeekCurrent, "end": io.SeekEnd}[c.optStr(2, "cur")]
	if !ok {
		c.argError(2, "invalid option '%s'", c.str(2))
	}
	offset := int64(c.optInteger(3, 0))
	if f.f == nil || f.slow {
		return c.ret(lua.LNil, lua.LString("Illegal seek"), lua.LNumber(29))
	}
	err := f.unread()
	var at int64
	if err == nil {
		at, err = f.f.Seek(offset, whence)
	}
	if err != nil {
		return c.ret(failure(err)...)
	}
	return c.ret(lua.LNumber(at))
}

// lines returns an iterator over the lines.
func (f *file) lines(c call, closes bool) int {
	f.usable(c)
	return c.ret(leaf(func(c call) int {
		f.usable(c)
		v, err := f.readOne(c, "l")
		if err != nil {
			c.raise("%v", failure(err)[1])
		}
		if v == lua.LNil && closes {
			f.close(c)
		}
		return c.ret(v)
	}).named("io", "lines"))
}

// read implements file:read. It reads a value for each format and stops after the first
// one that it cannot read.
func (f *file) read(c call, first int) int {
	f.usable(c)
	if !f.readable {
		return c.ret(lua.LNil, lua.LString("the file is open for writing only"), lua.LNumber(9))
	}
	if c.l.GetTop() < first {
		c.l.Push(lua.LString("*l"))
	}
	var results []lua.LValue
	for i := first; i <= c.l.GetTop(); i++ {
		var v lua.LValue
		var err error
		if n, ok := c.l.Get(i).(lua.LNumber); ok {
			v, err = f.readBytes(c, truncate(float64(n)))
		} else {
			what := strings.TrimPrefix(c.str(i), "*")
			if what == "" || strings.IndexByte("lan", what[0]) < 0 {
				c.argError(i, "invalid format")
			}
			v, err = f.readOne(c, what[:1])
		}
		if err != nil {
			return c.ret(failure(err)...)
		}
		if results = append(results, v); v == lua.LNil {
			break
		}
	}
	return c.ret(results...)
}

var errTooLong = errors.New("too much at once: [lua] max_string allows no string of that length")

// readOne reads a line, the rest of the file or a number. It returns nil at the end of
// the file.
func (f *file) readOne(c call, what string) (lua.LValue, error) {
	switch what {
	case "a":
		return f.readAll(c)
	case "n":
		return f.readNumber(c)
	}
	var line []byte
	end := false
	err := f.input(c, func(in *bufio.Reader) error {
		for {
			piece, err := in.ReadSlice('\n')
			if line = append(line, piece...); len(line) > f.maxString {
				return errTooLong
			}
			switch {
			case errors.Is(err, bufio.ErrBufferFull):
				continue
			case errors.Is(err, io.EOF):
				end = len(line) == 0
				return nil
			}
			return err
		}
	})
	if err != nil || end {
		return lua.LNil, err
	}
	return lua.LString(strings.TrimSuffix(string(line), "\n")), nil
}

// input calls a function that reads from the file through a buffer.
func (f *file) input(c call, what func(in *bufio.Reader) error) error {
	if f.f == nil {
		return what(bufio.NewReader(strings.NewReader("")))
	}
	if f.in == nil {
		f.in = bufio.NewReader(f.f)
	}
	return f.do(c, func() error { return what(f.in) })
}

func (f *file) readAll(c call) (lua.LValue, error) {
	var data []byte
	err := f.input(c, func(in *bufio.Reader) (err error) {
		most := int64(f.maxString)
		data, err = io.ReadAll(io.LimitReader(in, most+1))
		if err == nil && int64(len(data)) > most {
			err = errTooLong
		}
		return err
	})
	return lua.LString(data), err
}

// readBytes reads up to n bytes. It returns nil at the end of the file, also if n is 0.
func (f *file) readBytes(c call, n int) (lua.LValue, error) {
	c.bounded(n, f.maxString)
	var data []byte
	end := false
	err := f.input(c, func(in *bufio.Reader) error {
		_, err := in.Peek(1)
		if errors.Is(err, io.EOF) {
			end = true
			return nil
		}
		if err == nil {
			data, err = io.ReadAll(io.LimitReader(in, int64(n)))
		}
		return err
	})
	if err != nil || end {
		return lua.LNil, err
	}
	return lua.LString(data), nil
}

// readNumber skips blanks and reads a numeral.
func (f *file) readNumber(c call) (lua.LValue, error) {
	const longest = 200
	var numeral []byte
	err := f.input(c, func(in *bufio.Reader) error {
		for {
			next, err := in.Peek(1)
			switch {
			case errors.Is(err, io.EOF):
				return nil
			case err != nil:
				return err
			case strings.IndexByte(blanks, next[0]) >= 0 && len(numeral) == 0:
			case strings.IndexByte("0123456789abcdefABCDEFxXpP.+-", next[0]) >= 0 && len(numeral) < longest:
				numeral = append(numeral, next[0])
			default:
				return nil
			}
			_, _ = in.Discard(1)
		}
	})
	if n, ok := parseNumber(string(numeral)); ok && err == nil {
		return lua.LNumber(n), nil
	}
	return lua.LNil, err
}
