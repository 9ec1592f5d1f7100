package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stream returns the encoding of several frames.
func stream(frames ...string) string {
	var b []byte
	for _, f := range frames {
		b = append(AppendHeader(b, len(f)), f...)
	}
	return string(b)
}

// pieces is a stream that returns one string at a time, and then an error.
type pieces struct {
	all []string
	err error
	// together is true if the error is returned together with the last bytes.
	together bool
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.all) == 0 {
		return 0, p.err
	}
	n := copy(b, p.all[0])
	if p.all[0] = p.all[0][n:]; p.all[0] == "" {
		p.all = p.all[1:]
	}
	if p.together && len(p.all) == 0 {
		return n, p.err
	}
	return n, nil
}

// readAll reads until an error.
func readAll(r *Reader) (frames []string, err error) {
	for {
		frame, err := r.Next()
		if err != nil {
			return frames, err
		}
		frames = append(frames, string(frame))
	}
}

func want(t *testing.T, frames []string, err error, wantFrames []string, wantErr error) {
	t.Helper()
	if !errors.Is(err, wantErr) {
		t.Errorf("the end is %v, want %v", err, wantErr)
	}
	if len(frames) != len(wantFrames) {
		t.Fatalf("%d frames, want %d", len(frames), len(wantFrames))
	}
	for i := range frames {
		if frames[i] != wantFrames[i] {
			t.Errorf("frame %d is %q, want %q", i, short(frames[i]), short(wantFrames[i]))
		}
	}
}

func short(s string) string {
	if len(s) > 50 {
		return fmt.Sprintf("%s… (%d bytes)", s[:50], len(s))
	}
	return s
}

func TestFramesMayBeSplitAnywhere(t *testing.T) {
	frames := []string{"", "a", "", strings.Repeat("b", 300), "\x00\x00\x00\x01", ""}
	whole := stream(frames...)
	for i := range len(whole) + 1 {
		for _, j := range []int{i, i + 1, i + 4, len(whole)} {
			j = min(j, len(whole))
			src := &pieces{all: []string{whole[:i], whole[i:j], whole[j:]}, err: io.EOF}
			got, err := readAll(NewReader(src, 0))
			want(t, got, err, frames, io.EOF)
			if t.Failed() {
				t.Fatalf("split at %d and %d", i, j)
			}
		}
	}
}

func TestReaderAcceptsAnyIOReader(t *testing.T) {
	frames := []string{"one", "", strings.Repeat("x", 3*readSize), "four", strings.Repeat("y", readSize-HeaderSize), "z"}
	whole := stream(frames...)
	cases := []struct {
		name string
		src  io.Reader
	}{
		{"all at once", strings.NewReader(whole)},
		{"byte by byte", iotest.OneByteReader(strings.NewReader(whole))},
		{"half of the requested bytes", iotest.HalfReader(strings.NewReader(whole))},
		{"the end with the last bytes", iotest.DataErrReader(strings.NewReader(whole))},
		{"many reads without data", &sluggish{src: strings.NewReader(whole), every: maxEmptyReads}},
		{"a read without data before each byte", &sluggish{src: iotest.OneByteReader(strings.NewReader(whole)), every: 2}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(NewReader(c.src, 0))
			want(t, got, err, frames, io.EOF)
		})
	}
}

// sluggish returns data only with every nth read. The other reads return 0 and nil,
// which io.Reader allows.
type sluggish struct {
	src      io.Reader
	every, n int
}

func (s *sluggish) Read(b []byte) (int, error) {
	if s.n++; s.n%s.every != 0 {
		return 0, nil
	}
	return s.src.Read(b)
}

func TestEndOfTheStreamIsReported(t *testing.T) {
	broken := errors.New("broken")
	cases := []struct {
		name   string
		src    pieces
		frames []string
		err    error
	}{
		{"at once", pieces{err: io.EOF}, nil, io.EOF},
		{"within a header", pieces{all: []string{"\x00\x00"}, err: io.EOF}, nil, io.ErrUnexpectedEOF},
		{"within a header, with the last bytes", pieces{all: []string{"\x00\x00"}, err: io.EOF, together: true}, nil, io.ErrUnexpectedEOF},
		{"right after a header", pieces{all: []string{"\x00\x00\x00\x01"}, err: io.EOF}, nil, io.ErrUnexpectedEOF},
		{"within a frame", pieces{all: []string{"\x00\x00\x00\x02a"}, err: io.EOF}, nil, io.ErrUnexpectedEOF},
		{"within the second frame", pieces{all: []string{stream("first") + "\x00\x00\x00\x02a"}, err: io.EOF}, []string{"first"}, io.ErrUnexpectedEOF},
		{"after a frame, with the last bytes", pieces{all: []string{stream("first", "")}, err: io.EOF, together: true}, []string{"first", ""}, io.EOF},
		{"an error at once", pieces{err: broken}, nil, broken},
		{"an error within a frame", pieces{all: []string{"\x00\x00\x00\x02a"}, err: broken}, nil, broken},
		{"an error with the last byte of a frame", pieces{all: []string{stream("first")}, err: broken, together: true}, []string{"first"}, broken},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := readAll(NewReader(&c.src, 0))
			want(t, got, err, c.frames, c.err)
		})
	}
}

func TestStreamWithoutProgressIsAnError(t *testing.T) {
	for _, before := range []string{"", "\x00\x00", "\x00\x00\x00\x05ab"} {
		got, err := readAll(NewReader(&pieces{all: []string{before}}, 0))
		want(t, got, err, nil, io.ErrNoProgress)
	}
}

// TestReadingContinuesAfterADeadline lets a deadline pass in the middle of a frame.
func TestReadingContinuesAfterADeadline(t *testing.T) {
	whole := stream("one", "two")
	for i := range len(whole) {
		src := &pieces{all: []string{whole[:i]}, err: iotest.ErrTimeout}
		if i == 0 {
			src.all = nil
		}
		r := NewReader(src, 0)
		before, err := readAll(r)
		if !errors.Is(err, iotest.ErrTimeout) {
			t.Fatal(err)
		}
		src.all, src.err = []string{whole[i:]}, io.EOF
		after, err := readAll(r)
		want(t, append(before, after...), err, []string{"one", "two"}, io.EOF)
	}
}

func TestFrameOverTheLimitIsAnError(t *testing.T) {
	frame := func(n uint32) string { return string(binary.BigEndian.AppendUint32(nil, n)) }
	cases := []struct {
		name string
		max  int
		data string
		err  error
	}{
		{"at the limit", 3, stream("abc"), io.EOF},
		{"over the limit", 3, stream("abcd"), ErrTooLong},
		{"only a header", 3, frame(4), ErrTooLong},
		{"the maximum length", 3, frame(1<<32 - 1), ErrTooLong},
		{"2^31", 3, frame(1 << 31), ErrTooLong},
		{"at the default", 0, frame(DefaultMaxFrame), io.ErrUnexpectedEOF},
		{"over the default", 0, frame(DefaultMaxFrame + 1), ErrTooLong},
		{"over the default, with a negative limit", -1, frame(DefaultMaxFrame + 1), ErrTooLong},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, err := readAll(NewReader(strings.NewReader(c.data), c.max))
			if !errors.Is(err, c.err) {
				t.Errorf("%v, want %v", err, c.err)
			}
		})
	}
	_, err := readAll(NewReader(strings.NewReader(frame(4711)), 3))
	if text := err.Error(); !strings.Contains(text, "4711") || !strings.Contains(text, "at most 3 ") {
		t.Errorf("%q does not contain both lengths", text)
	}
}

// TestHeaderAloneAllocatesNoMemory sends a large length and only a few bytes of the frame.
func TestHeaderAloneAllocatesNoMemory(t *testing.T) {
	header := AppendHeader(nil, 15<<20)
	for _, body := range []int{0, 1, readSize, 100_000} {
		src := io.MultiReader(bytes.NewReader(header), bytes.NewReader(make([]byte, body)))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := NewReader(src, 0).Next()
		runtime.ReadMemStats(&after)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatal(err)
		}
		if took, most := after.TotalAlloc-before.TotalAlloc, uint64(4*readSize+4*body); took > most {
			t.Errorf("with %d bytes of the frame there, %d bytes were allocated, over %d", body, took, most)
		}
	}
}

func TestBufferGrowsAndShrinksWithFrames(t *testing.T) {
	frame := func(n int) string { return stream(strings.Repeat("x", n)) }
	cases := []struct {
		name   string
		frames []int
		least  int
		most   int
	}{
		{"stays small for small frames", []int{1, 100, 10_000}, readSize, readSize},
		{"grows only as much as a frame needs", []int{500_000}, 500_000, 500_000 + HeaderSize},
		{"is kept for the next one", []int{500_000, 1, 500_000, 1}, 500_000, 500_000 + HeaderSize},
		{"is freed after a very long frame", []int{2 * keepSize, 1}, readSize, readSize},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			src := &pieces{err: io.EOF}
			for _, n := range c.frames {
				src.all = append(src.all, frame(n)) // one read returns parts of only one frame
			}
			r := NewReader(src, 0)
			for _, n := range c.frames {
				f, err := r.Next()
				if err != nil || len(f) != n || cap(f) != n {
					t.Fatalf("a frame of %d bytes, capacity %d, %v; want %d", len(f), cap(f), err, n)
				}
			}
			if len(r.buf) < c.least || len(r.buf) > c.most {
				t.Errorf("the buffer has %d bytes, want %d to %d", len(r.buf), c.least, c.most)
			}
		})
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	r := NewReader(&endless{piece: []byte(stream(strings.Repeat("x", 100), "", "abc"))}, 0)
	allocs := testing.AllocsPerRun(10_000, func() {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("%v allocations a frame", allocs)
	}
}

func TestAppendHeaderEncodesTheLength(t *testing.T) {
	if got := AppendHeader([]byte("x"), 0x01020304); string(got) != "x\x01\x02\x03\x04" {
		t.Errorf("%q", got)
	}
	if got := AppendHeader(nil, 1<<32-1); string(got) != "\xff\xff\xff\xff" {
		t.Errorf("%q", got)
	}
	for _, n := range []int{-1, 1 << 32} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a frame of %d bytes: no panic", n)
				}
			}()
			AppendHeader(nil, n)
		}()
	}
}
