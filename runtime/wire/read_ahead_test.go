package wire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
)

// TestReadAheadSeesEachFrameOnce reads a stream in pieces of different sizes, and reads
// ahead at different positions. It compares the frames that were seen and returned with
// those that were sent.
func TestReadAheadSeesEachFrameOnce(t *testing.T) {
	var stream []byte
	var sent []string
	for i := range 40 {
		body := bytes.Repeat([]byte{byte(i)}, i*i)
		stream = append(AppendHeader(stream, len(body)), body...)
		sent = append(sent, string(body))
	}
	for _, piece := range []int{1, 3, 7, 1000, 100_000} {
		for every := 1; every < 5; every++ {
			t.Run(fmt.Sprintf("pieces of %d, each %d frames", piece, every), func(t *testing.T) {
				src := bytes.NewReader(stream)
				r := NewReader(io.LimitReader(src, 1<<30), 0)
				var seen, got []string
				for n := 0; ; n++ {
					if len(seen) < len(got) {
						seen = append(seen, got[len(seen):]...) // Next has read these frames without ReadAhead
					}
					if n%every == 0 {
						pieces := 3
						r.ReadAhead(1<<20, func(p []byte) int {
							if pieces--; pieces < 0 {
								return 0
							}
							m, _ := src.Read(p[:min(len(p), piece)])
							return m
						}, func(frame []byte) { seen = append(seen, string(frame)) })
					}
					frame, err := r.Next()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					got = append(got, string(frame))
				}
				if !slices.Equal(got, sent) {
					t.Errorf("%d frames were returned, and %d sent", len(got), len(sent))
				}
				if !slices.Equal(seen, sent) {
					t.Errorf("%d frames were seen, and %d sent", len(seen), len(sent))
				}
			})
		}
	}
}

func TestReadAheadStopsAtItsLimit(t *testing.T) {
	const limit = 1 << 20
	frame := append(AppendHeader(nil, 6), "abcdef"...)
	r := NewReader(bytes.NewReader(nil), 0)
	n, seen := 0, 0
	more := func(p []byte) int {
		m := 0
		for ; m < len(p); m++ {
			p[m] = frame[(n+m)%len(frame)]
		}
		n += m
		return m
	}
	for range 3 {
		r.ReadAhead(limit, more, func([]byte) { seen++ })
		if n > limit || n < limit/2 || len(r.buf) > limit {
			t.Fatalf("%d bytes are read, into a buffer of %d", n, len(r.buf))
		}
	}
	if seen != n/len(frame) {
		t.Errorf("%d frames of %d were seen", seen, n/len(frame))
	}
	for range seen {
		if got, err := r.Next(); err != nil || string(got) != "abcdef" {
			t.Fatal(string(got), err)
		}
	}
}

func TestReadAheadLeavesErrorsToNext(t *testing.T) {
	stream := append(AppendHeader(AppendHeader(nil, 0), 1000), "short"...)
	r := NewReader(bytes.NewReader(nil), 100)
	seen := 0
	r.ReadAhead(1<<20, func(p []byte) int {
		n := copy(p, stream)
		stream = stream[n:]
		return n
	}, func([]byte) { seen++ })
	if frame, err := r.Next(); seen != 1 || len(frame) != 0 || err != nil {
		t.Errorf("%d frames were seen, the first is %q, %v", seen, frame, err)
	}
	if _, err := r.Next(); !errors.Is(err, ErrTooLong) {
		t.Errorf("got %v", err)
	}
}
