package wire

import "encoding/binary"

// ReadAhead buffers what read gives, until that is nothing or limit bytes are
// buffered, and calls see for each whole frame that Next will return and that it
// has not called it for. read must not block. A frame of see is valid until it
// returns. An error is left to Next.
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

// look calls see for the frames that are new in the buffer.
func (r *Reader) look(see func(frame []byte)) {
	for r.ahead = max(r.ahead, r.r); r.w-r.ahead >= HeaderSize; {
		length := binary.BigEndian.Uint32(r.buf[r.ahead:])
		if uint64(length) > uint64(r.max) || r.w-r.ahead-HeaderSize < int(length) {
			return // Next says what is wrong with it, or it has not come whole
		}
		end := r.ahead + HeaderSize + int(length)
		see(r.buf[r.ahead+HeaderSize : end : end])
		r.ahead = end
	}
}

// grow makes room for more, and reports whether limit allows that.
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
