package link

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
)

// lending returns options with a handler that runs on the leader's goroutine.
func lending(handle func(payload string, keep func())) Options {
	return Options{Receive: func(_ context.Context, _ *schema.Type, payload []byte, lender task.Lender) {
		text := string(payload)
		if lender == nil { // the machine is too slow
			handle(text, func() {})
			return
		}
		lender.Lend()
		handle(text, lender.Keep)
	}}
}

// TestLeaderWritesWhatHandlersSend checks that no message stays in the queue, although
// nothing wakes up the writer.
func TestLeaderWritesWhatHandlersSend(t *testing.T) {
	for _, size := range []int{1, 1000, chunkSize, 3 * chunkSize} {
		for _, messages := range []int{1, 2, 100} {
			t.Run(fmt.Sprintf("%d times %d bytes", messages, size), func(t *testing.T) {
				var l *trial
				ready := make(chan struct{})
				l = serve(t, lending(func(payload string, _ func()) {
					<-ready
					l.mustSend(tMessage, payload+strings.Repeat("x", size))
				}))
				close(ready)
				l.peer.ping()
				var batch []byte
				for i := range messages {
					batch = appendFrame(batch, tQuery, fmt.Append(nil, i))
				}
				l.peer.sendBytes(batch)
				for i := range messages {
					if _, got := l.peer.next(); got != fmt.Sprint(i)+strings.Repeat("x", size) {
						t.Fatalf("message %d is %.20q, of %d bytes", i, got, len(got))
					}
				}
				l.peer.ping()
			})
		}
	}
}

// TestLeaderDoesNotWaitForASlowPeer fills the socket's buffers. The writer then goes on,
// and the leader reads.
func TestLeaderDoesNotWaitForASlowPeer(t *testing.T) {
	const messages, size = 400, 100_000
	handled := make(chan struct{}, messages)
	var l *trial
	ready := make(chan struct{})
	l = serve(t, lending(func(payload string, _ func()) {
		<-ready
		l.mustSend(tMessage, payload+strings.Repeat("x", size))
		handled <- struct{}{}
	}))
	close(ready)
	l.peer.ping()
	for i := range messages {
		l.peer.send(tQuery, fmt.Sprint(i))
		<-handled // the peer has read nothing
	}
	for i := range messages {
		if _, got := l.peer.next(); got != fmt.Sprint(i)+strings.Repeat("x", size) {
			t.Fatalf("message %d is %.20q, of %d bytes", i, got, len(got))
		}
	}
	l.peer.ping()
}

// TestAnotherGoroutineLeadsForAKeptOne has handlers that wait, more than there are spare
// goroutines. Meanwhile all else works.
func TestAnotherGoroutineLeadsForAKeptOne(t *testing.T) {
	const handlers = 2*maxSpare + 1
	goOn, entered := make(chan struct{}), make(chan string, handlers)
	var l *trial
	ready := make(chan struct{})
	l = serve(t, lending(func(payload string, keep func()) {
		<-ready
		l.mustSend(tMessage, payload+" begins")
		keep()
		entered <- payload
		<-goOn
		l.mustSend(tMessage, payload+" ends")
	}))
	close(ready)
	l.peer.ping()
	for round := range 3 {
		for i := range handlers {
			l.peer.send(tQuery, fmt.Sprint(i))
			l.peer.expect(tMessage, fmt.Sprint(i)+" begins")
			if got := <-entered; got != fmt.Sprint(i) {
				t.Fatalf("round %d: %q was received, want %d", round, got, i)
			}
			l.peer.ping()
		}
		for range handlers {
			goOn <- struct{}{}
			if _, got := l.peer.next(); !strings.HasSuffix(got, " ends") {
				t.Fatalf("round %d: %q", round, got)
			}
		}
	}
}

// TestExitEndsRunDuringAKeptHandler covers all ends that another goroutine reads.
func TestExitEndsRunDuringAKeptHandler(t *testing.T) {
	ends := map[string]func(l *trial){
		"EXIT":              func(l *trial) { l.peer.send(tExit, "") },
		"the end of stream": func(l *trial) { _ = l.peer.conn.Close() },
		"its context":       func(l *trial) { l.stop() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			goOn, kept, returned := make(chan struct{}), make(chan struct{}), make(chan struct{})
			l := serve(t, lending(func(_ string, keep func()) {
				defer close(returned)
				keep()
				close(kept)
				<-goOn
			}))
			l.peer.ping()
			l.peer.send(tQuery, "")
			<-kept
			end(l)
			if err := l.wait(); err != nil {
				t.Error(err)
			}
			close(goOn)
			<-returned
		})
	}
}

// TestSlowHandlersDoNotDelayAPing computes for longer than a burst may take. The link
// then stops to lend its goroutine, so that it reaches the PING.
func TestSlowHandlersDoNotDelayAPing(t *testing.T) {
	lent, all := make(chan int, 1), 0
	count := 0
	l := serve(t, Options{Receive: func(_ context.Context, _ *schema.Type, payload []byte, lender task.Lender) {
		all++
		if lender != nil {
			count++
			lender.Lend()
			for begin := time.Now(); time.Since(begin) < floodTime/2; {
			}
		}
		if string(payload) == "last" {
			lent <- count
		}
	}})
	l.peer.ping()
	const messages = 5000
	var batch []byte
	for range messages - 1 {
		batch = appendFrame(batch, tQuery, nil)
	}
	l.peer.sendBytes(appendFrame(appendFrame(batch, tQuery, []byte("last")), tPing, nil))
	l.peer.expectPong()
	// The batch may arrive in pieces, and each begins a burst.
	if n := <-lent; n > messages/10 || all != messages {
		t.Errorf("%d of %d messages were handled by the reader", n, all)
	}
}

// TestPipeIsWrittenByTheWriter uses a connection that cannot be written without waiting.
func TestPipeIsWrittenByTheWriter(t *testing.T) {
	var l *trial
	ready := make(chan struct{})
	bubble(t, lending(func(payload string, _ func()) {
		<-ready
		l.mustSend(tMessage, payload)
	}), func(t *testing.T, made *trial) {
		l = made
		close(ready)
		l.peer.ping()
		l.peer.send(tQuery, "hello")
		l.peer.expect(tMessage, "hello")
		synctest.Wait()
	})
}

// TestKeptHandlerIsFlushed has a handler that computes for long and then waits. It goes on
// only when the peer has read what it has sent.
func TestKeptHandlerIsFlushed(t *testing.T) {
	var l *trial
	ready, read, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	l = serve(t, Options{Receive: func(_ context.Context, _ *schema.Type, _ []byte, lender task.Lender) {
		defer close(done)
		<-ready
		lender.Lend()
		lender.Keep()
		l.mustSend(tMessage, "computes")
		lender.Flush()
		<-read
		l.mustSend(tMessage, "before it waits")
		lender.Waits()
		<-read
		l.mustSend(tMessage, "waits")
		<-read
	}})
	close(ready)
	l.peer.ping()
	l.peer.send(tQuery, "")
	for _, want := range []string{"computes", "before it waits", "waits"} {
		l.peer.expect(tMessage, want)
		read <- struct{}{}
	}
	<-done
	l.peer.ping()
}

// TestNothingWaitsWhileReceiveBlocks has two messages in one batch. The first one is handled
// and answered; Receive blocks for the second one until the peer has read the answer.
func TestNothingWaitsWhileReceiveBlocks(t *testing.T) {
	var l *trial
	ready, read, received := make(chan struct{}), make(chan struct{}), 0
	l = serve(t, Options{Receive: func(_ context.Context, _ *schema.Type, _ []byte, lender task.Lender) {
		<-ready
		switch received++; {
		case received == 1 && lender != nil:
			lender.Lend()
			l.mustSend(tMessage, "answer")
		case received == 1: // the machine is too slow
			l.mustSend(tMessage, "answer")
		default:
			if lender != nil {
				lender.Blocks()
			}
			<-read
		}
	}})
	close(ready)
	l.peer.ping()
	l.peer.sendBytes(appendFrame(appendFrame(nil, tQuery, nil), tQuery, nil))
	l.peer.expect(tMessage, "answer")
	close(read)
	l.peer.ping()
}
