package link

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"
)

// pieceSize is how much one call hands to the socket; the deadline is set anew
// for each, so that a slow peer is not taken for a dead one.
const pieceSize = 256 << 10

// write is the writer: it ends when the link is closed and the queue empty, or
// with the error of a write.
func (l *Link) write(conn net.Conn) error {
	for {
		urgent, chunk, end := l.out.take()
		switch {
		case end:
			return nil
		case urgent == nil && chunk == nil:
			<-l.out.wake
			continue
		}
		if err := l.writeAll(conn, urgent, chunk); err != nil {
			l.out.abandon()
			select {
			case <-l.closing:
				return nil // time was up; what is left cannot be helped
			default:
			}
			return err
		}
		if chunk != nil {
			l.out.done(chunk)
		}
	}
}

func (l *Link) writeAll(conn net.Conn, parts ...[]byte) error {
	buffers := make(net.Buffers, 0, len(parts))
	for _, part := range parts {
		for len(part) > pieceSize {
			buffers = append(buffers, part[:pieceSize])
			part = part[pieceSize:]
		}
		if len(part) > 0 {
			buffers = append(buffers, part)
		}
	}
	for len(buffers) > 0 {
		l.setWriteDeadline(conn)
		next := buffers[:min(2, len(buffers))]
		buffers = buffers[len(next):]
		if _, err := next.WriteTo(conn); err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return fmt.Errorf("Spectrum has taken no data for %v: %w", l.opts.WriteTimeout, err)
			}
			return fmt.Errorf("writing to Spectrum: %w", err)
		}
	}
	return nil
}

// setWriteDeadline gives the next write its time, unless the link is closing
// and has a deadline of its own.
func (l *Link) setWriteDeadline(conn net.Conn) {
	_ = conn.SetWriteDeadline(time.Now().Add(l.opts.WriteTimeout))
	select {
	case <-l.closing:
		_ = conn.SetWriteDeadline(time.Now())
	default:
	}
}
