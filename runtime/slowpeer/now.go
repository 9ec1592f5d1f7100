package slowpeer

import (
	"net"
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

// Write writes as much as the socket accepts and returns the rest. After an error it
// returns the rest too; the next write returns the error again.
func (w *Now) Write(parts net.Buffers) (rest net.Buffers) {
	rest = parts
	if w == nil {
		return rest
	}
	_ = w.raw.Control(func(fd uintptr) {
		for len(rest) > 0 {
			n, err := syscall.Write(int(fd), rest[0])
			switch {
			case err == syscall.EINTR:
				continue
			case err != nil:
				return
			case n < len(rest[0]):
				rest[0] = rest[0][n:]
				return
			}
			rest = rest[1:]
		}
	})
	return rest
}
