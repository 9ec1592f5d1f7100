package link

import (
	"context"
	"io"
	"net"
	"time"
)

// lingerTime is how long Close waits for Spectrum to close its side.
const lingerTime = 200 * time.Millisecond

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

// hangUp closes the sending side and discards input until Spectrum closes its side
// too. A connection that is closed with unread input is reset, and data on its way
// to Spectrum would be lost.
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
	_ = conn.SetReadDeadline(time.Now().Add(lingerTime))
	_, _ = io.Copy(io.Discard, conn)
}
