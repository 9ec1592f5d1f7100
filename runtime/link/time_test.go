package link

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/slowpeer"
	"spectrumlua/runtime/task"
)

// In these tests, time passes only while all goroutines wait. The connection has no
// buffer: a write returns when the peer has read the data.

// bubble runs a test with a link on a pipe, and closes the link.
func bubble(t *testing.T, o Options, test func(t *testing.T, l *trial)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		_ = theirs.SetDeadline(time.Now().Add(100 * time.Hour)) // ends a test that hangs: its time passes at once
		l := serveOn(t, ours, theirs, o)
		defer func() {
			_ = theirs.Close()
			l.stop()
			l.Close(t.Context())
			<-l.done
		}()
		test(t, l)
	})
}

// within makes the next read fail if nothing arrives within d.
func (p *peer) within(d time.Duration) {
	_ = p.conn.SetReadDeadline(time.Now().Add(d))
}

// silent fails if anything arrives within d.
func (p *peer) silent(d time.Duration) {
	p.t.Helper()
	p.within(d)
	if frame, err := p.frames.Next(); !errors.Is(err, os.ErrDeadlineExceeded) {
		p.t.Fatalf("%q, %v arrived", frame, err)
	}
	p.within(100 * time.Hour)
}

func busy(ctx context.Context, _ *schema.Type, _ []byte, _ task.Lender) { <-ctx.Done() }

func TestPulseWhileReceiveIsBusy(t *testing.T) {
	bubble(t, Options{Receive: busy}, func(t *testing.T, l *trial) {
		l.peer.ping()
		l.peer.silent(time.Minute) // not busy yet
		l.peer.send(tQuery, "")
		for range 10 {
			l.peer.within(DefaultPulse + time.Millisecond)
			l.peer.expectStats()
		}
		l.mustSend(tMessage, "a message")
		l.peer.expect(tMessage, "a message")
		l.peer.silent(DefaultPulse + time.Second)
		l.peer.within(DefaultPulse)
		l.peer.expectStats()
	})
}

func TestNoPulseBeforeTheFirstPong(t *testing.T) {
	bubble(t, Options{Receive: busy}, func(t *testing.T, l *trial) {
		l.peer.send(tQuery, "")
		l.peer.silent(time.Minute)
	})
}

// TestPulseWhileManyMessagesAreHandled sends a PING behind messages that together take
// longer than Spectrum waits.
func TestPulseWhileManyMessagesAreHandled(t *testing.T) {
	slow := func(context.Context, *schema.Type, []byte, task.Lender) {
		time.Sleep(DefaultPulse*2/3 + time.Millisecond)
	}
	bubble(t, Options{Receive: slow}, func(t *testing.T, l *trial) {
		l.peer.ping()
		var flood []byte
		for range 30 {
			flood = appendFrame(flood, tQuery, nil)
		}
		l.peer.sendBytes(appendFrame(flood, tPing, nil))
		start := time.Now()
		for pulses := 0; ; pulses++ {
			l.peer.within(4 * DefaultPulse) // Spectrum asks every 20 s
			typ, _ := l.peer.next()
			if typ == tPong {
				if pulses < 5 {
					t.Errorf("%d STATS in %v", pulses, time.Since(start))
				}
				return
			}
			if typ != tStats {
				t.Fatalf("%v", typ)
			}
		}
	})
}

func TestPeerThatReadsNothingTimesOut(t *testing.T) {
	for _, timeout := range []time.Duration{0, 10 * time.Second} {
		bubble(t, Options{WriteTimeout: timeout}, func(t *testing.T, l *trial) {
			l.peer.ping()
			l.mustSend(tMessage, "hello")
			start := time.Now()
			<-l.done
			want := DefaultWriteTimeout
			if timeout > 0 {
				want = timeout
			}
			if took := time.Since(start); took < want || took > want+want/slowpeer.LooksPerTimeout {
				t.Errorf("the link ended after %v, want %v", took, want)
			}
			if errno := Errno(l.err); errno != syscall.ETIMEDOUT || !strings.Contains(l.err.Error(), "no data for "+want.String()) {
				t.Errorf("%v (%v)", l.err, errno)
			}
		})
	}
}

// TestSlowPeerDoesNotTimeOut uses a peer that needs hours to read the queue.
func TestSlowPeerDoesNotTimeOut(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *trial) {
		l.peer.ping()
		for range 3 {
			l.mustSend(tMessage, strings.Repeat("x", 1000))
		}
		l.peer.frames = nil // bytes, not frames
		var got []byte
		for start := time.Now(); len(got) < 3*(4+2+3+1000); {
			time.Sleep(DefaultWriteTimeout - time.Second)
			piece := make([]byte, 7)
			n, err := l.peer.conn.Read(piece)
			if err != nil {
				t.Fatalf("after %v: %v, %v", time.Since(start), err, l.err)
			}
			got = append(got, piece[:n]...)
		}
		if n := strings.Count(string(got), "x"); n != 3000 {
			t.Errorf("%d bytes of text arrived", n)
		}
	})
}

// TestPongWaitsOnlyForTheCurrentChunk sends a PING while many chunks are queued.
func TestPongWaitsOnlyForTheCurrentChunk(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *trial) {
		l.peer.ping()
		const messages, size = 1000, 5000
		for range messages {
			l.mustSend(tMessage, strings.Repeat("x", size))
		}
		synctest.Wait() // the first chunk is being written
		l.peer.send(tPing, "")
		synctest.Wait()
		before, seen := 0, false
		for got := 0; got < messages; {
			switch typ, payload := l.peer.next(); typ {
			case tMessage:
				got++
				if !seen {
					before += len(payload)
				}
			case tPong:
				l.peer.expectStats()
				seen = true
			}
		}
		if !seen || before > chunkSize {
			t.Errorf("PONG (%v) arrived after %d bytes", seen, before)
		}
	})
}

// TestUnreadPongsDoNotFillTheMemory uses a peer that sends PINGs and reads nothing.
func TestUnreadPongsDoNotFillTheMemory(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *trial) {
		l.peer.ping()
		l.mustSend(tMessage, "hello")
		synctest.Wait()
		for range 10_000 {
			l.peer.send(tPing, "")
		}
		synctest.Wait()
		l.out.mu.Lock()
		waiting := len(l.out.urgent)
		l.out.mu.Unlock()
		if waiting > maxUrgent+1000 {
			t.Errorf("%d bytes wait", waiting)
		}
		l.peer.expect(tMessage, "hello")
		for read := 0; read < waiting; {
			typ, payload := l.peer.next()
			if typ == tPong {
				read += len(appendFrame(nil, tPong, nil))
				continue
			}
			read += len(appendFrame(nil, typ, []byte(payload)))
		}
		l.peer.silent(time.Second)
		l.peer.ping()
	})
}

func TestCloseWaitsUntilItsContextEnds(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *trial) {
		l.peer.ping()
		l.mustSend(tMessage, "hello")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		start := time.Now()
		l.Close(ctx)
		if took := time.Since(start); took != 3*time.Second {
			t.Errorf("it took %v", took)
		}
		<-l.done
		if l.err != nil {
			t.Error(l.err)
		}
	})
}

func TestCloseReturnsEarlyIfAllIsWritten(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, l *trial) {
		l.peer.ping()
		l.mustSend(tMessage, "hello")
		go func() {
			time.Sleep(time.Second)
			l.peer.expect(tMessage, "hello")
		}()
		start := time.Now()
		l.Close(context.Background())
		if took := time.Since(start); took != time.Second {
			t.Errorf("it took %v", took)
		}
	})
}
