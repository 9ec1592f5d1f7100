package link

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// looksPerTimeout is how often within WriteTimeout the writer checks for progress.
const looksPerTimeout = 8

// write is the writer. It returns nil when the link is closed and the queue empty,
// or the error of a write.
func (l *Link) write(conn net.Conn) error {
	w := writer{conn: conn, timeout: l.opts.WriteTimeout}
	for {
		urgent, chunk, end := l.out.take()
		switch {
		case end:
			return nil
		case urgent == nil && chunk == nil:
			<-l.out.wake
			continue
		}
		if err := w.write(urgent, chunk); err != nil {
			l.out.abandon()
			if errors.Is(err, net.ErrClosed) {
				return nil // the context of Close has ended, and the rest is lost
			}
			return err
		}
		if chunk != nil {
			l.out.done(chunk)
		}
	}
}

// writer writes to a peer that may be slow. It fails only if the peer accepts no
// data for the timeout.
type writer struct {
	conn    net.Conn
	timeout time.Duration
	parts   [2][]byte
	rest    net.Buffers
}

// write writes both parts, in one system call if possible.
func (w *writer) write(urgent, chunk []byte) error {
	w.rest = w.parts[:0]
	for _, part := range [...][]byte{urgent, chunk} {
		if len(part) > 0 {
			w.rest = append(w.rest, part)
		}
	}
	defer clear(w.parts[:]) // release the buffers
	progress := time.Now()
	for len(w.rest) > 0 {
		_ = w.conn.SetWriteDeadline(time.Now().Add(w.timeout / looksPerTimeout))
		n, err := w.rest.WriteTo(w.conn)
		switch {
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return fmt.Errorf("writing to Spectrum: %w", err)
		case n > 0:
			progress = time.Now()
		case time.Since(progress) >= w.timeout:
			return fmt.Errorf("Spectrum has accepted no data for %v: %w", w.timeout, err)
		}
	}
	return nil
}
