package bench

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"time"
)

// blocking is a connection without Go's network poller: Read and Write block their thread.
// A message and its echo then cost the load generator less than half as much, and its
// scheduler does not add to the latency of the backend.
type blocking struct {
	net.Conn // the addresses of the original connection
	mu       sync.Mutex
	fd       int // -1 after free
}

// newBlocking takes over a connection. The caller must call free.
func newBlocking(conn net.Conn) (*blocking, error) {
	original, ok := conn.(syscall.Conn)
	if !ok {
		return nil, errors.New("the connection has no descriptor")
	}
	raw, err := original.SyscallConn()
	if err != nil {
		return nil, err
	}
	b := &blocking{Conn: conn, fd: -1}
	var failed error
	err = raw.Control(func(fd uintptr) {
		syscall.ForkLock.RLock()
		defer syscall.ForkLock.RUnlock()
		if b.fd, failed = syscall.Dup(int(fd)); failed == nil {
			syscall.CloseOnExec(b.fd)
			failed = syscall.SetNonblock(b.fd, false)
		}
	})
	if err = errors.Join(err, os.NewSyscallError("dup", failed), conn.Close()); err != nil {
		b.free()
		return nil, err
	}
	return b, nil
}

// Read blocks until data, the end of the stream, or Close.
func (b *blocking) Read(p []byte) (int, error) {
	for {
		n, err := syscall.Read(b.fd, p)
		switch {
		case errors.Is(err, syscall.EINTR):
		case err != nil:
			return 0, os.NewSyscallError("read", err)
		case n == 0 && len(p) > 0:
			return 0, io.EOF
		default:
			return n, nil
		}
	}
}

// Write blocks until everything is written.
func (b *blocking) Write(p []byte) (written int, err error) {
	for written < len(p) {
		n, err := syscall.Write(b.fd, p[written:])
		if errors.Is(err, syscall.EINTR) {
			continue
		}
		if err != nil {
			return written, os.NewSyscallError("write", err)
		}
		written += n
	}
	return written, nil
}

// SetReadDeadline limits the time of each Read.
func (b *blocking) SetReadDeadline(t time.Time) error {
	limit := syscall.NsecToTimeval(max(time.Until(t), time.Millisecond).Nanoseconds())
	return os.NewSyscallError("setsockopt", syscall.SetsockoptTimeval(b.fd, syscall.SOL_SOCKET, syscall.SO_RCVTIMEO, &limit))
}

// Close makes reads and writes return. It may be called from any goroutine.
func (b *blocking) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fd < 0 {
		return nil
	}
	return os.NewSyscallError("shutdown", syscall.Shutdown(b.fd, syscall.SHUT_RDWR))
}

// free releases the descriptor. No Read or Write may be running.
func (b *blocking) free() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fd >= 0 {
		_ = syscall.Close(b.fd)
		b.fd = -1
	}
}
