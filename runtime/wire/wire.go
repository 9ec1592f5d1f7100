// Package wire frames bytes: four bytes of length, big-endian, then that many
// bytes. It knows nothing of what they mean.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// HeaderSize is the number of bytes before each frame.
const HeaderSize = 4

// DefaultMaxFrame is the longest frame that is read unless told otherwise, in
// bytes.
const DefaultMaxFrame = 16 << 20

// A buffer has readSize bytes, more for a longer frame, and keeps up to
// keepSize for the frames to come.
const (
	readSize = 64 << 10
	keepSize = 1 << 20
)

// maxEmptyReads is how many reads in a row may bring neither bytes nor an
// error.
const maxEmptyReads = 100

// ErrTooLong is what the error of a frame over the limit wraps.
var ErrTooLong = errors.New("frame too long")

// Reader takes frames from a stream. It belongs to one goroutine.
type Reader struct {
	src  io.Reader
	max  int
	buf  []byte
	r, w int // buf[r:w] has been read and not handed out
	// ahead is where the first frame begins that ReadAhead has not seen.
	ahead int
}

// NewReader reads frames of at most max bytes from src; max <= 0 means
// DefaultMaxFrame.
func NewReader(src io.Reader, max int) *Reader {
	if max <= 0 {
		max = DefaultMaxFrame
	}
	return &Reader{src: src, max: max, buf: make([]byte, readSize)}
}

// Next returns the next frame, which may be empty. Its bytes are valid until
// the next call. The error is io.EOF where the stream ends between two frames,
// io.ErrUnexpectedEOF inside one, one that wraps ErrTooLong for a length over
// the limit (before any memory is taken for it), or the stream's own.
func (r *Reader) Next() ([]byte, error) {
	if err := r.fill(HeaderSize); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(r.buf[r.r:])
	if uint64(length) > uint64(r.max) {
		return nil, fmt.Errorf("%w: its length says %d bytes, at most %d are allowed", ErrTooLong, length, r.max)
	}
	total := HeaderSize + int(length)
	if err := r.fill(total); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	frame := r.buf[r.r+HeaderSize : r.r+total : r.r+total]
	r.r += total
	return frame, nil
}

// fill sees to it that n bytes are buffered.
func (r *Reader) fill(n int) error {
	if r.w-r.r >= n {
		return nil
	}
	r.makeRoom(n)
	for empty := 0; r.w-r.r < n; {
		m, err := r.src.Read(r.buf[r.w:])
		r.w += m
		if m > 0 {
			empty = 0
		} else if empty++; empty == maxEmptyReads && err == nil {
			err = io.ErrNoProgress
		}
		if err != nil && r.w-r.r < n {
			if errors.Is(err, io.EOF) && r.w > r.r {
				err = io.ErrUnexpectedEOF
			}
			return err
		}
		if r.w == len(r.buf) && r.w-r.r < n {
			r.makeRoom(n)
		}
	}
	return nil
}

// makeRoom moves what is buffered to the front of a buffer with room for more
// of the n bytes that are wanted. A buffer doubles as bytes arrive, so that a
// length alone takes no memory, and one over keepSize goes with its frame.
func (r *Reader) makeRoom(n int) {
	have := r.w - r.r
	size := readSize
	if have >= readSize {
		size = min(2*have, n)
	}
	buf := r.buf
	if len(buf) < size || (len(buf) > keepSize && have < readSize) {
		buf = make([]byte, size)
	}
	r.move(buf)
}

// move has what is buffered at the front of a buffer.
func (r *Reader) move(buf []byte) {
	r.w = copy(buf, r.buf[r.r:r.w])
	r.buf, r.r, r.ahead = buf, 0, max(r.ahead-r.r, 0)
}

// AppendHeader adds the header of a frame of n bytes to dst. It panics if n
// does not fit, which the caller's own limit rules out.
func AppendHeader(dst []byte, n int) []byte {
	if n < 0 || uint64(n) > 1<<32-1 {
		panic(fmt.Sprintf("wire: a frame of %d bytes", n))
	}
	return binary.BigEndian.AppendUint32(dst, uint32(n))
}

// Buffered tells whether a whole frame is there already, so that Next would
// not read from the stream.
func (r *Reader) Buffered() bool {
	have := r.w - r.r
	return have >= HeaderSize && have-HeaderSize >= int(binary.BigEndian.Uint32(r.buf[r.r:]))
}
