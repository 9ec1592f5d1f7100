package slowpeer

import (
	"net"
	"os"
	"syscall"
)

// Now writes to a socket without waiting. It ignores write deadlines. Nothing else may write to
// the socket at the same time. A nil Now writes nothing.
type Now struct{ raw syscall.RawConn }

// NewNow returns nil if conn is not a socket.
func NewNow(conn net.Conn) *Now {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	return &Now{raw}
}

// Write writes as much as the socket accepts and returns the rest. The system reports some
// errors only once, so the next write may return another one.
func (w *Now) Write(parts net.Buffers) (rest net.Buffers, err error) {
	rest = parts
	if w == nil {
		return rest, nil
	}
	closed := w.raw.Control(func(fd uintptr) {
		for len(rest) > 0 {
			n, failed := syscall.Write(int(fd), rest[0])
			switch {
			case failed == syscall.EINTR:
				continue
			case failed == syscall.EAGAIN:
				return
			case failed != nil:
				err = os.NewSyscallError("write", failed)
				return
			case n < len(rest[0]):
				rest[0] = rest[0][n:]
				return
			}
			rest = rest[1:]
		}
	})
	if closed != nil {
		err = closed
	}
	return rest, err
}
