package link

import (
	"context"
	"io"
	"net"
	"time"
)

// lingerTime is how long Spectrum may take to hang up after us.
const lingerTime = 200 * time.Millisecond

// Close ends Run, writes what is queued for as long as ctx lasts, and closes
// the connection. Further calls wait for the first to return.
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
	// A closed connection ends whoever is still busy with it.
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	<-l.writerDone
	l.hangUp(ctx, conn)
	_ = conn.Close()
}

// hangUp tells Spectrum that nothing more will come, and takes what it still
// sends until it hangs up too: a connection that is closed with bytes unread
// is reset, and what is on its way to Spectrum is lost.
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
