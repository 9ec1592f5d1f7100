package link

import (
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"time"

	"spectrumlua/pb"
	"spectrumlua/runtime/wire"
)

// Spectrum's PING arrives behind all earlier messages, and a million of them take
// longer to handle than Spectrum waits for PONG. During such a flood the reader
// looks ahead for PINGs and answers them at once. Otherwise a PONG means that all
// messages before its PING have been received.
const (
	// floodFrames is the number of frames that must have been handled since the
	// reader last waited for data.
	floodFrames = 4096
	// floodTime is the minimum time between two calls of ReadAhead.
	floodTime = time.Millisecond
	// checkEvery is the number of frames after which the reader checks the clock.
	checkEvery = 8
	// fastFrames is the number of frames that the reader has to handle within floodTime
	// while it handles messages itself. Otherwise it only fills mailboxes until it waits
	// for data, so that it reaches a PING or EXIT soon.
	fastFrames = 64
	// floodBytes is the number of bytes to buffer.
	floodBytes = 32 << 20
)

// frames returns the frames of a connection in order. Only the reader uses it.
type frames struct {
	*wire.Reader
	conn *eagerReader
	pong func()

	handled int // frames since the reader last waited
	checked int // handled, when the clock was last checked
	slow    bool
	looked  time.Time
	early   int // answered PINGs that Next has not skipped yet
}

// newFrames returns the frames of conn. pong is called to answer a PING.
func newFrames(conn net.Conn, maxFrame int, pong func()) *frames {
	f := &frames{conn: newEagerReader(conn), pong: pong}
	f.Reader = wire.NewReader(f.conn, maxFrame)
	return f
}

// Next returns the next frame, without the PINGs that lookAhead has answered; see
// wire.Reader.Next.
func (f *frames) Next() ([]byte, error) {
	for {
		f.lookAhead()
		frame, err := f.Reader.Next()
		if err != nil || f.early == 0 || !isPing(frame) {
			return frame, err
		}
		f.early--
	}
}

// keepsUp reports whether the reader is fast enough to handle messages itself.
func (f *frames) keepsUp() bool { return !f.slow }

// lookAhead measures the speed of the reader. In a flood, it answers the PINGs that have
// arrived.
func (f *frames) lookAhead() {
	if f.conn.waited {
		f.conn.waited, f.handled, f.checked, f.slow, f.looked = false, 0, 0, false, time.Now()
	}
	f.handled++
	if f.handled%checkEvery != 0 {
		return
	}
	now := time.Now()
	if now.Sub(f.looked) < floodTime {
		return
	}
	f.slow = f.slow || f.handled-f.checked < fastFrames
	f.checked, f.looked = f.handled, now
	if f.handled < floodFrames {
		return
	}
	f.ReadAhead(floodBytes, f.conn.readNow, func(frame []byte) {
		if isPing(frame) {
			f.early++
			f.pong()
		}
	})
	f.looked = time.Now()
}

// isPing reports whether a frame is a PING with the type as its first field, as
// protobuf libraries encode it. A PING in another encoding is answered in order.
func isPing(frame []byte) bool {
	const typeField = 1 << 3
	if len(frame) < 2 || frame[0] != typeField || frame[1] != byte(pb.WrapperMessage_TYPE_PING) {
		return false
	}
	typ, _, err := pb.SplitWrapper(frame)
	return err == nil && typ == pb.WrapperMessage_TYPE_PING
}

// eagerReader reads from a connection. If the connection is a socket, eagerReader
// records when it has to wait, and can read without waiting.
type eagerReader struct {
	conn net.Conn
	raw  syscall.RawConn // nil: conn is not a socket
	// waited is true if Read had to wait for data. It is always true for a
	// connection that is not a socket, so that nothing is read ahead.
	waited bool
	err    error // error of readNow, which the next Read returns
}

func newEagerReader(conn net.Conn) *eagerReader {
	r := &eagerReader{conn: conn}
	if socket, ok := conn.(syscall.Conn); ok {
		r.raw, _ = socket.SyscallConn() // nil after an error, which Read reports
	}
	return r
}

// Read implements io.Reader.
func (r *eagerReader) Read(p []byte) (int, error) {
	switch {
	case r.err != nil:
		return 0, r.err
	case r.raw == nil:
		r.waited = true
		return r.conn.Read(p)
	}
	return r.read(p, true)
}

// readNow reads the data that has arrived. It returns 0 if there is no data.
func (r *eagerReader) readNow(p []byte) (n int) {
	if r.raw == nil || r.err != nil {
		return 0
	}
	n, r.err = r.read(p, false)
	return n
}

// read reads like the connection's own Read if wait is true. Otherwise it returns 0
// and nil if no data has arrived.
func (r *eagerReader) read(p []byte, wait bool) (n int, err error) {
	empty := false
	raised := r.raw.Read(func(fd uintptr) bool {
		for {
			n, err = syscall.Read(int(fd), p)
			switch err { //nolint:errorlint // a system call returns these errors themselves
			case syscall.EINTR:
			case syscall.EAGAIN:
				n, err, empty = 0, nil, !wait
				r.waited = r.waited || wait
				return empty
			default:
				return true
			}
		}
	})
	var op *net.OpError
	switch {
	case raised == nil && err == nil && (n > 0 || empty):
		return n, nil
	case errors.As(raised, &op):
		err = op.Err
	case raised != nil:
		return 0, raised
	case err != nil:
		err = os.NewSyscallError("read", err)
	default:
		return 0, io.EOF
	}
	return 0, &net.OpError{Op: "read", Net: r.conn.RemoteAddr().Network(), Source: r.conn.LocalAddr(), Addr: r.conn.RemoteAddr(), Err: err}
}
