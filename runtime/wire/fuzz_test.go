package wire

import (
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

// split is a stream whose reads return as many bytes as the next byte of a pattern says.
type split struct {
	data    []byte
	pattern []byte
	i       int
}

func (s *split) Read(b []byte) (int, error) {
	n := len(b)
	if len(s.pattern) > 0 {
		n = int(s.pattern[s.i%len(s.pattern)]) % 17
		s.i++
	}
	if n == 0 && len(s.data) > 0 {
		return 0, nil
	}
	n = copy(b[:min(n, len(b))], s.data)
	s.data = s.data[n:]
	if len(s.data) == 0 {
		return n, io.EOF
	}
	return n, nil
}

// FuzzReader compares the Reader with a simple implementation, for any split of the
// stream.
func FuzzReader(f *testing.F) {
	f.Add([]byte(stream("", "a", "bc")), []byte{1}, uint16(10))
	f.Add([]byte(stream("abc")+"\x00\x00"), []byte{0, 3, 0, 1}, uint16(10))
	f.Add([]byte("\x00\x00\x00\x0bx"), []byte{}, uint16(10))
	f.Add([]byte("\xff\xff\xff\xff"), []byte{16}, uint16(0))
	f.Fuzz(func(t *testing.T, data, pattern []byte, limit uint16) {
		most := int(limit)
		if most == 0 {
			most = DefaultMaxFrame
		}
		pattern = pattern[:min(len(pattern), maxEmptyReads)]
		if allZero(pattern) {
			pattern = nil // otherwise no read would ever return data
		}
		got, err := readAll(NewReader(&split{data: data, pattern: pattern}, int(limit)))
		frames, end := plainly(data, most)
		if !errors.Is(err, end) {
			t.Fatalf("the end is %v, want %v", err, end)
		}
		if len(got) != len(frames) {
			t.Fatalf("%d frames, want %d", len(got), len(frames))
		}
		rest := data
		for i := range got {
			if got[i] != frames[i] {
				t.Fatalf("frame %d is %q, want %q", i, got[i], frames[i])
			}
			again := append(AppendHeader(nil, len(got[i])), got[i]...)
			if string(again) != string(rest[:len(again)]) {
				t.Fatalf("frame %d is encoded as %q", i, again)
			}
			rest = rest[len(again):]
		}
	})
}

func allZero(pattern []byte) bool {
	for _, b := range pattern {
		if b%17 != 0 {
			return false
		}
	}
	return true
}

func plainly(data []byte, most int) (frames []string, end error) {
	for {
		switch {
		case len(data) == 0:
			return frames, io.EOF
		case len(data) < HeaderSize:
			return frames, io.ErrUnexpectedEOF
		}
		n := uint64(binary.BigEndian.Uint32(data))
		switch {
		case n > uint64(most):
			return frames, ErrTooLong
		case n > uint64(len(data)-HeaderSize):
			return frames, io.ErrUnexpectedEOF
		}
		frames = append(frames, string(data[HeaderSize:HeaderSize+n]))
		data = data[HeaderSize+n:]
	}
}

// endless is a stream that repeats a piece forever.
type endless struct {
	piece []byte
	at    int
}

func (e *endless) Read(b []byte) (n int, err error) {
	for n < len(b) {
		m := copy(b[n:], e.piece[e.at:])
		e.at = (e.at + m) % len(e.piece)
		n += m
	}
	return n, nil
}

func BenchmarkNext(b *testing.B) {
	for _, size := range []struct {
		name string
		n    int
	}{{"100 B", 100}, {"4 kB", 4 << 10}, {"64 kB", 64 << 10}, {"256 kB", 256 << 10}, {"2 MB", 2 << 20}} {
		b.Run(size.name, func(b *testing.B) {
			r := NewReader(&endless{piece: []byte(stream(string(make([]byte, size.n))))}, 0)
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
