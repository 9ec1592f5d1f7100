package link

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

// closeLater calls Close, which must return within patience although Spectrum keeps its
// side open for longer.
func (l *trial) closeLater(t *testing.T) (closed <-chan struct{}) {
	t.Helper()
	l.linger = time.Hour
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer cancel()
		l.Close(ctx)
		if ctx.Err() != nil {
			t.Error("Close waits although nothing is pending")
		}
	}()
	return done
}

// TestCloseReturnsAtOnceWhenNothingIsPending keeps the peer's side open. The data that
// was sent has arrived, but the peer has not read it.
func TestCloseReturnsAtOnceWhenNothingIsPending(t *testing.T) {
	l := serve(t, Options{})
	l.peer.ping()
	l.peer.send(tExit, "")
	if err := l.wait(); err != nil {
		t.Fatal(err)
	}
	l.mustSend(tMessage, "bye")
	<-l.closeLater(t)
	l.peer.expect(tMessage, "bye")
	if err := l.peer.end(); !errors.Is(err, io.EOF) {
		t.Errorf("the connection ends with %v", err)
	}
}

// TestCloseWaitsForASlowPeer closes a connection whose data does not fit into the buffers
// of the peer. The peer then sends more, which would reset a connection that is closed.
func TestCloseWaitsForASlowPeer(t *testing.T) {
	const size = 600_000
	ours, theirs := tcpPair(t)
	_ = ours.SetWriteBuffer(1 << 20)
	_ = theirs.SetReadBuffer(32 << 10)
	l := serveOn(t, ours, theirs, Options{})
	l.peer.ping()
	l.peer.send(tExit, "")
	if err := l.wait(); err != nil {
		t.Fatal(err)
	}
	l.mustSend(tMessage, strings.Repeat("x", size))
	closed := l.closeLater(t)
	if n, err := io.ReadFull(theirs, make([]byte, size/3)); err != nil {
		t.Fatalf("%v after %d bytes", err, n)
	}
	select {
	case <-closed:
		t.Error("Close has returned although data is unsent")
	default:
	}
	l.peer.send(tQuery, "Spectrum still writes")
	rest, err := io.ReadAll(theirs)
	if err != nil || len(rest) < size*2/3 {
		t.Errorf("%d bytes arrived behind a third: %v", len(rest), err)
	}
	_ = theirs.Close()
	<-closed
}
