package link

import (
	"errors"
	"fmt"
	"net"
	"os"

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
