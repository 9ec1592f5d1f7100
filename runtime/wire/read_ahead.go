package wire

import "encoding/binary"

// ReadAhead buffers the data that read returns, until read returns 0 or limit bytes
// are buffered. It calls see once for each complete frame that Next has still to
// return. read must not block. A frame is valid until see returns. Next reports
// malformed frames.
func (r *Reader) ReadAhead(limit int, read func(p []byte) int, see func(frame []byte)) {
	for {
		r.look(see)
		if r.w == len(r.buf) && !r.grow(limit) {
			return
		}
		n := read(r.buf[r.w:])
		if n <= 0 {
			return
		}
		r.w += n
	}
}

// look calls see for the new frames in the buffer.
func (r *Reader) look(see func(frame []byte)) {
	for r.ahead = max(r.ahead, r.r); r.w-r.ahead >= HeaderSize; {
		length := binary.BigEndian.Uint32(r.buf[r.ahead:])
		if uint64(length) > uint64(r.max) || r.w-r.ahead-HeaderSize < int(length) {
			return // incomplete, or too long, which Next reports
		}
		end := r.ahead + HeaderSize + int(length)
		see(r.buf[r.ahead+HeaderSize : end : end])
		r.ahead = end
	}
}

// grow makes free space in the buffer. It returns false if limit does not allow that.
func (r *Reader) grow(limit int) bool {
	have := r.w - r.r
	switch {
	case have <= len(r.buf)/2:
		r.move(r.buf)
	case len(r.buf) < limit:
		r.move(make([]byte, min(2*len(r.buf), limit)))
	default:
		return false
	}
	return true
}
