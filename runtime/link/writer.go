package link

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"

	"spectrumlua/runtime/slowpeer"
)

// write is the writer. It returns nil when the link is closed and the queue empty,
// or the error of a write.
func (l *Link) write(conn net.Conn) error {
	w := slowpeer.NewWriter(conn, l.opts.WriteTimeout)
	for {
		parts, end := l.out.take()
		switch {
		case end:
			return nil
		case parts == nil:
			<-l.out.wake
			continue
		}
		if err := w.Write(parts); err != nil {
			l.out.abandon()
			switch {
			case errors.Is(err, net.ErrClosed):
				return nil // the context of Close has ended, and the rest is lost
			case errors.Is(err, os.ErrDeadlineExceeded):
				return fmt.Errorf("Spectrum has accepted no data for %v: %w", l.opts.WriteTimeout, err)
			}
			return fmt.Errorf("writing to Spectrum: %w", err)
		}
		l.out.wrote(nil)
	}
}

// nowWriter writes to a socket without waiting. It ignores the deadlines of the writer.
type nowWriter struct{ raw syscall.RawConn }

// newNowWriter returns nil if conn is not a socket.
func newNowWriter(conn net.Conn) *nowWriter {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil
	}
	return &nowWriter{raw}
}

// write writes as much as the socket accepts and returns the rest. After an error it
// returns the rest too; the next write returns the error again.
func (w *nowWriter) write(parts net.Buffers) (rest net.Buffers) {
	rest = parts
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
