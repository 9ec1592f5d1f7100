package link

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"time"
)

const (
	// lingerTime is how long Close waits for Spectrum to close its side.
	lingerTime = 200 * time.Millisecond
	// lingerLook is how often Close checks whether it still has to wait.
	lingerLook = 2 * time.Millisecond
)

// Close ends Run, writes the queued messages until ctx is done, and closes the
// connection. Further calls wait for the first one to return.
func (l *Link) Close(ctx context.Context) {
	l.closeOnce.Do(func() { l.close(ctx) })
}

func (l *Link) close(ctx context.Context) {
	l.mu.Lock()
	l.closed = true
	conn := l.conn
	l.mu.Unlock()
	l.out.close()
	if conn == nil {
		return
	}
	l.interrupt()
	// Closing the connection ends a blocked read or write.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	<-l.writerDone
	l.hangUp(ctx, conn)
	_ = conn.Close()
}

// hangUp closes the sending side. If data is still on its way in either direction, it
// discards input until Spectrum closes its side too, the sent data has arrived, or
// lingerTime is over. A connection that is closed with unread input is reset, and data on
// its way to Spectrum would be lost.
func (l *Link) hangUp(ctx context.Context, conn net.Conn) {
	half, ok := conn.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	select {
	case <-l.readerDone:
	case <-ctx.Done(): // Receive does not return
		return
	}
	unread, unsent := pending(conn)
	end := time.Now().Add(l.linger)
	for now := time.Now(); (unread || unsent) && now.Before(end); now = time.Now() {
		look := now.Add(lingerLook)
		if unread || look.After(end) { // a peer that still sends closes its side later
			look = end
		}
		_ = conn.SetReadDeadline(look)
		n, err := io.Copy(io.Discard, conn)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return // Spectrum has closed its side
		}
		more, left := pending(conn)
		unread, unsent = unread || more || n > 0, left
	}
}
