package component

import (
	"errors"
	"net"
	"os"
	"time"
)

// writesPerTimeout is how often within the timeout the writer checks for progress.
const writesPerTimeout = 8

// writer writes to a peer that may be slow. It fails only if the peer accepts no data
// for the timeout.
type writer struct {
	conn    net.Conn
	timeout time.Duration
	parts   [2][]byte
	rest    net.Buffers
}

// write writes both parts, in one system call if possible.
func (w *writer) write(first, second []byte) error {
	w.rest = w.parts[:0]
	for _, part := range [...][]byte{first, second} {
		if len(part) > 0 {
			w.rest = append(w.rest, part)
		}
	}
	defer clear(w.parts[:]) // release the buffers
	progress := time.Now()
	for len(w.rest) > 0 {
		_ = w.conn.SetWriteDeadline(time.Now().Add(w.timeout / writesPerTimeout))
		n, err := w.rest.WriteTo(w.conn)
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
