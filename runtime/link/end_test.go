package link

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/wire"
)

func TestRunReturnsTheReasonForItsEnd(t *testing.T) {
	cases := []struct {
		name string
		max  int
		end  func(l *trial)
		err  error // nil: a normal end
		text string
	}{
		{"EXIT", 0, func(l *trial) { l.peer.send(tExit, "") }, nil, ""},
		{"EXIT, followed by a message", 0, func(l *trial) {
			l.peer.sendBytes(appendFrame(appendFrame(nil, tExit, nil), tQuery, []byte("never")))
		}, nil, ""},
		{"the end of the stream", 0, func(l *trial) { _ = l.peer.conn.(*net.TCPConn).CloseWrite() }, nil, ""},
		{"the end of the connection", 0, func(l *trial) { _ = l.peer.conn.Close() }, nil, ""},
		{"its context", 0, func(l *trial) { l.stop() }, nil, ""},
		{"Close", 0, func(l *trial) { l.Close(context.Background()) }, nil, ""},
		{"an end within a header", 0, func(l *trial) {
			l.peer.sendBytes([]byte{0, 0})
			_ = l.peer.conn.(*net.TCPConn).CloseWrite()
		}, io.ErrUnexpectedEOF, "in the middle of a frame"},
		{"an end within a frame", 0, func(l *trial) {
			l.peer.sendBytes([]byte{0, 0, 0, 9, 8})
			_ = l.peer.conn.(*net.TCPConn).CloseWrite()
		}, io.ErrUnexpectedEOF, "in the middle of a frame"},
		{"a length over the default", 0, func(l *trial) { l.peer.sendBytes([]byte{0x7f, 0, 0, 0}) }, wire.ErrTooLong, "at most 16777216 "},
		{"a length over the cap", 100, func(l *trial) { l.peer.send(tQuery, strings.Repeat("x", 100)) }, wire.ErrTooLong, "at most 100 "},
		{"a reset", 0, func(l *trial) {
			_ = l.peer.conn.(*net.TCPConn).SetLinger(0)
			_ = l.peer.conn.Close()
		}, syscall.ECONNRESET, "reading from Spectrum"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := serve(t, Options{MaxFrame: c.max, Receive: func(_ context.Context, _ *schema.Type, payload []byte, _ task.Lender) {
				if string(payload) == "never" {
					t.Error("the message after EXIT was received")
				}
			}})
			l.peer.ping()
			c.end(l)
			switch err := l.wait(); {
			case c.err == nil && err != nil:
				t.Error(err)
			case c.err != nil && (!errors.Is(err, c.err) || !strings.Contains(err.Error(), c.text)):
				t.Errorf("%v, want %v, %q", err, c.err, c.text)
			}
		})
	}
}

// TestMessagesSentAfterExitArrive covers the messages of on.logout.
func TestMessagesSentAfterExitArrive(t *testing.T) {
	l := serve(t, Options{})
	l.peer.ping()
	l.peer.send(tExit, "")
	if err := l.wait(); err != nil {
		t.Fatal(err)
	}
	l.mustSend(tMessage, "bye")
	l.Close(t.Context())
	l.peer.expect(tMessage, "bye")
	if err := l.peer.end(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
}

// TestQueuedMessagesArriveWhileSpectrumStillSends closes a connection with unread
// input. If the connection were reset, the messages on their way would be lost.
func TestQueuedMessagesArriveWhileSpectrumStillSends(t *testing.T) {
	const messages, size = 40, 100_000
	ours, theirs := tcpPair(t)
	_ = theirs.SetReadBuffer(128 << 10) // keeps most data in our own send buffer
	l := serveOn(t, ours, theirs, Options{MaxQueue: 1 << 30})
	l.peer.ping()
	l.peer.sendBytes(append(appendFrame(nil, tExit, nil), make([]byte, 100_000)...))
	if err := l.wait(); err != nil {
		t.Fatal(err)
	}
	for range messages {
		l.mustSend(tMessage, strings.Repeat("x", size))
	}
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		l.Close(context.Background())
	}()
	for i := range messages {
		if i == messages/2 {
			l.peer.sendBytes(make([]byte, 1000))
		}
		if _, payload := l.peer.next(); len(payload) != size {
			t.Fatalf("message %d has %d bytes", i, len(payload))
		}
	}
	if err := l.peer.end(); !errors.Is(err, io.EOF) {
		t.Errorf("the connection ends with %v", err)
	}
	<-closed
}

func TestCloseGivesUpInTime(t *testing.T) {
	block := func(ctx context.Context, _ *schema.Type, _ []byte, _ task.Lender) { <-ctx.Done() }
	hang := make(chan struct{})
	cases := []struct {
		name    string
		receive func(context.Context, *schema.Type, []byte, task.Lender)
	}{
		{"a peer that does not read", nil},
		{"a busy Receive", block},
		{"a Receive that ignores its context", func(context.Context, *schema.Type, []byte, task.Lender) { <-hang }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			ours, theirs := tcpPair(t)
			_ = ours.SetWriteBuffer(64 << 10)
			_ = theirs.SetReadBuffer(64 << 10)
			l := serveOn(t, ours, theirs, Options{Receive: c.receive})
			l.peer.ping()
			if c.receive != nil {
				l.peer.send(tQuery, "")
			}
			for range 4 {
				l.mustSend(tMessage, strings.Repeat("x", 1<<20))
			}
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			defer cancel()
			start := time.Now()
			l.Close(ctx)
			if took := time.Since(start); took > patience/2 {
				t.Errorf("Close took %v", took)
			}
			if c.name == "a Receive that ignores its context" {
				close(hang)
			}
			if err := l.wait(); err != nil {
				t.Errorf("Run: %v", err)
			}
		})
	}
}

func TestCloseWithoutConnectionRejectsSendAndRun(t *testing.T) {
	l := New(Options{})
	if err := l.Send(tMessage, nil); err != nil {
		t.Error(err)
	}
	l.Close(t.Context())
	l.Close(t.Context())
	if err := l.Send(tMessage, nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Send: %v", err)
	}
	ours, theirs := tcpPair(t)
	if err := l.Run(t.Context(), ours); !errors.Is(err, ErrClosed) {
		t.Errorf("Run: %v", err)
	}
	if n, err := theirs.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("the connection is not closed: %d, %v", n, err)
	}
}

// TestCloseBeforeTheFirstPingSendsNothing: without a PING, the peer may not be
// Spectrum.
func TestCloseBeforeTheFirstPingSendsNothing(t *testing.T) {
	l := serve(t, Options{})
	l.mustSend(tConfig, "muc=1")
	l.mustSend(tMessage, "hello")
	l.Close(t.Context())
	if n, err := l.peer.conn.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("%d bytes arrived, %v", n, err)
	}
}

func TestCloseIsSafeForConcurrentUse(t *testing.T) {
	l := serve(t, Options{})
	l.peer.ping()
	done := make(chan struct{})
	for range 10 {
		go func() {
			l.Close(context.Background())
			if err := l.Send(tMessage, nil); !errors.Is(err, ErrClosed) {
				t.Errorf("Send: %v", err)
			}
			done <- struct{}{}
		}()
	}
	for range 10 {
		<-done
	}
	if l.Full() {
		t.Error("the closed link is full")
	}
	if err := l.WaitCapacity(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCloseMayRunWhileRunStarts(t *testing.T) {
	for range 50 {
		ours, theirs := tcpPair(t)
		l := serveOn(t, ours, theirs, Options{})
		l.Close(t.Context())
		if err := l.wait(); err != nil && !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
		if err := l.peer.end(); !errors.Is(err, io.EOF) {
			t.Error(err)
		}
	}
}

// TestClosedConnectionIsNoticedWhileReadingIsPaused lets Spectrum close the connection
// while Receive blocks. The STATS of the pulse then fail. The end is normal if EXIT was
// sent before it, read or unread.
func TestClosedConnectionIsNoticedWhileReadingIsPaused(t *testing.T) {
	for _, c := range []struct {
		name         string
		with, behind []byte
	}{
		{"without EXIT", nil, nil},
		{"after EXIT that is already read", appendFrame(nil, tExit, nil), nil},
		{"after EXIT that is still unread", nil, appendFrame(nil, tExit, nil)},
	} {
		t.Run(c.name, func(t *testing.T) {
			inside := make(chan struct{})
			l := serve(t, Options{
				Pulse: time.Millisecond,
				Receive: func(ctx context.Context, _ *schema.Type, _ []byte, _ task.Lender) {
					close(inside)
					<-ctx.Done() // until a write has failed
				},
			})
			l.peer.ping()
			l.peer.sendBytes(append(appendFrame(nil, tQuery, nil), c.with...))
			<-inside
			l.peer.expectStats()
			l.peer.sendBytes(c.behind)
			_ = l.peer.conn.Close()
			err := l.wait()
			gone := errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.ECONNRESET)
			if exit := c.with != nil || c.behind != nil; err != nil && (exit || !gone) || exit != (l.log.count("EXIT") == 1) {
				t.Errorf("%v", err)
			}
			if err := l.Send(tMessage, nil); !errors.Is(err, ErrClosed) {
				t.Errorf("Send: %v", err)
			}
		})
	}
}
