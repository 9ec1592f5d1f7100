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

// A PING stands behind what Spectrum has sent before, and a million messages
// take longer to handle than Spectrum waits for PONG. While there are so many,
// the reader looks ahead for PINGs and answers them at once. Otherwise a PONG
// says that all before its PING has been received.
const (
	// floodFrames is how many frames must have been handled since the reader last
	// had to wait for one.
	floodFrames = 4096
	// floodTime is how long they are handled before the reader looks ahead again.
	floodTime = time.Millisecond
	// checkEvery is after how many frames it looks at the clock.
	checkEvery = 256
	// floodBytes is how much it buffers.
	floodBytes = 32 << 20
)

// frames are those of a connection, in order. The reader owns it.
type frames struct {
	*wire.Reader
	conn *eagerReader
	pong func()

	handled int // frames since the reader has waited
	looked  time.Time
	early   int // PINGs that are answered and have not been returned by Next
}

// newFrames returns the frames of a connection. pong answers a PING.
func newFrames(conn net.Conn, maxFrame int, pong func()) *frames {
	f := &frames{conn: newEagerReader(conn), pong: pong}
	f.Reader = wire.NewReader(f.conn, maxFrame)
	return f
}

// Next returns the next frame that has not been answered, as wire.Reader's Next
// does.
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

// lookAhead answers the PINGs that have arrived if many frames were handled
// before them.
func (f *frames) lookAhead() {
	if f.conn.waited {
		f.conn.waited, f.handled, f.looked = false, 0, time.Now()
	}
	f.handled++
	if f.handled < floodFrames || f.handled%checkEvery != 0 || time.Since(f.looked) < floodTime {
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

// isPing reports whether a frame is a PING that begins as protobuf libraries
// write it. One that begins otherwise waits for its turn.
func isPing(frame []byte) bool {
	const typeField = 1 << 3
	if len(frame) < 2 || frame[0] != typeField || frame[1] != byte(pb.WrapperMessage_TYPE_PING) {
		return false
	}
	typ, _, err := pb.SplitWrapper(frame)
	return err == nil && typ == pb.WrapperMessage_TYPE_PING
}

// eagerReader reads from a connection. If it is a socket, it notes when it has to
// wait, and can read without that.
type eagerReader struct {
	conn net.Conn
	raw  syscall.RawConn // nil: conn is no socket
	// waited is set when nothing had arrived. Of what is no socket that is not
	// known, so nothing is read ahead.
	waited bool
	err    error // of readNow
}

func newEagerReader(conn net.Conn) *eagerReader {
	r := &eagerReader{conn: conn}
	if socket, ok := conn.(syscall.Conn); ok {
		r.raw, _ = socket.SyscallConn() // nil if there is an error, which Read meets too
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

// readNow reads what has arrived, and returns 0 if that is nothing.
func (r *eagerReader) readNow(p []byte) (n int) {
	if r.raw == nil || r.err != nil {
		return 0
	}
	n, r.err = r.read(p, false)
	return n
}

// read reads as the connection's own Read does. If it may not wait, n is 0 and err
// is nil when nothing has arrived.
func (r *eagerReader) read(p []byte, wait bool) (n int, err error) {
	empty := false
	raised := r.raw.Read(func(fd uintptr) bool {
		for {
			n, err = syscall.Read(int(fd), p)
			switch err {
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
	failed := &net.OpError{Op: "read", Net: r.conn.RemoteAddr().Network(), Source: r.conn.LocalAddr(), Addr: r.conn.RemoteAddr()}
	var op *net.OpError
	switch {
	case errors.As(raised, &op):
		failed.Err = op.Err
	case raised != nil:
		return 0, raised
	case err != nil:
		failed.Err = os.NewSyscallError("read", err)
	case n == 0 && !empty:
		return 0, io.EOF
	default:
		return n, nil
	}
	return 0, failed
}
