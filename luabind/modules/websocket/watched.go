package websocket

import (
	"net"
	"sync/atomic"
	"time"
)

// stall is how long a write may make no progress.
const stall = 60 * time.Second

// watched is a connection that counts its reads. Its writes time out if the
// peer does not read.
type watched struct {
	net.Conn
	reads atomic.Int64 // reads that returned data
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.Conn.Read(p)
	if n > 0 {
		w.reads.Add(1)
	}
	return n, err
}

func (w *watched) Write(p []byte) (int, error) {
	_ = w.SetWriteDeadline(time.Now().Add(stall))
	return w.Conn.Write(p)
}
