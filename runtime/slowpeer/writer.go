// Package slowpeer writes to a peer that may be slow.
package slowpeer

import (
	"errors"
	"net"
	"os"
	"time"
)

// LooksPerTimeout is how often within the timeout a Writer checks for progress. It fails
// at most that part of the timeout too late.
const LooksPerTimeout = 8

// Writer writes to a connection. It fails only if the peer accepts no data for the
// timeout, however long a write takes. It is for one goroutine.
type Writer struct {
	conn    net.Conn
	timeout time.Duration
}

// NewWriter returns a writer to conn, whose write deadlines it sets.
func NewWriter(conn net.Conn, timeout time.Duration) *Writer {
	return &Writer{conn: conn, timeout: timeout}
}

// Write writes all parts, in one system call if possible, and consumes the list. It
// returns the error of the connection, which wraps os.ErrDeadlineExceeded after the
// timeout.
func (w *Writer) Write(parts net.Buffers) error {
	progress := time.Now()
	for len(parts) > 0 {
		_ = w.conn.SetWriteDeadline(time.Now().Add(w.timeout / LooksPerTimeout))
		n, err := parts.WriteTo(w.conn)
		switch {
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		case n > 0:
			progress = time.Now()
		case time.Since(progress) >= w.timeout:
			return err
		}
	}
	return nil
}
