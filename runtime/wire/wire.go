// Package wire reads and writes frames: four bytes of length, big-endian, then that
// many bytes. It does not interpret the bytes.
package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// HeaderSize is the number of bytes before each frame.
const HeaderSize = 4

// DefaultMaxFrame is the default size of the longest frame that is accepted, in
// bytes.
const DefaultMaxFrame = 16 << 20

// A buffer starts with readSize bytes and grows for a longer frame. A buffer of up
// to keepSize bytes is kept for the next frames.
const (
	readSize = 64 << 10
	keepSize = 1 << 20
)

// maxEmptyReads is the number of consecutive reads without data or an error after
// which Next fails.
const maxEmptyReads = 100

// ErrTooLong is wrapped by the error for a frame over the limit.
var ErrTooLong = errors.New("frame too long")

// Reader reads frames from a stream. It is not safe for concurrent use.
type Reader struct {
	src  io.Reader
	max  int
	buf  []byte
	r, w int // buf[r:w] has been read from src and not returned by Next
	// ahead is the start of the first frame in buf that ReadAhead has not seen.
	ahead int
}

// NewReader returns a reader of frames of at most max bytes from src.
// DefaultMaxFrame applies if max <= 0.
func NewReader(src io.Reader, max int) *Reader {
	if max <= 0 {
		max = DefaultMaxFrame
	}
	return &Reader{src: src, max: max, buf: make([]byte, readSize)}
}

// Next returns the next frame, which may be empty. The frame is valid until the
// next call. Next returns io.EOF if the stream ends between two frames,
// io.ErrUnexpectedEOF if it ends inside one, an error that wraps ErrTooLong if a
// length is over the limit, or the error of the stream. It allocates no memory for
// a frame over the limit.
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

// fill reads until at least n bytes are buffered.
func (r *Reader) fill(n int) error {
	if r.w-r.r >= n {
		return nil
	}
	r.reserve(n)
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
			r.reserve(n)
		}
	}
	return nil
}

// reserve moves the buffered bytes to the front of a buffer that has free space.
// The buffer doubles as bytes arrive, so that a length alone allocates nothing. A
// buffer over keepSize is freed after its frame.
func (r *Reader) reserve(n int) {
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

// move copies the buffered bytes to the front of buf and uses it from now on.
func (r *Reader) move(buf []byte) {
	r.w = copy(buf, r.buf[r.r:r.w])
	r.buf, r.r, r.ahead = buf, 0, max(r.ahead-r.r, 0)
}

// AppendHeader appends the header of a frame of n bytes to dst. It panics if n does
// not fit into four bytes.
func AppendHeader(dst []byte, n int) []byte {
	if n < 0 || uint64(n) > 1<<32-1 {
		panic(fmt.Sprintf("wire: a frame of %d bytes", n))
	}
	return binary.BigEndian.AppendUint32(dst, uint32(n))
}

// Buffered reports whether the next frame is completely buffered, so that Next does
// not read from the stream.
func (r *Reader) Buffered() bool {
	have := r.w - r.r
	return have >= HeaderSize && have-HeaderSize >= int(binary.BigEndian.Uint32(r.buf[r.r:]))
}
