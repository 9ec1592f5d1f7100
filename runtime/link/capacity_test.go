package link

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestQueueStaysWithinItsLimitIfSendersWait uses a peer that reads nothing at first.
func TestQueueStaysWithinItsLimitIfSendersWait(t *testing.T) {
	const limit, senders, each, size = 1 << 20, 10, 100, 10_000
	bubble(t, Options{MaxQueue: limit}, func(t *testing.T, l *trial) {
		l.peer.ping()
		most := 0
		for s := range senders {
			go func() {
				for i := range each {
					l.mustSend(tMessage, fmt.Sprintf("%d %d %s", s, i, strings.Repeat("x", size)))
					l.out.mu.Lock()
					most = max(most, int(l.out.queued.Load()))
					l.out.mu.Unlock()
					for l.Full() {
						if err := l.WaitCapacity(t.Context()); err != nil {
							t.Error(err)
							return
						}
					}
				}
			}()
		}
		time.Sleep(30 * time.Second) // now all senders wait
		if n := l.Queued(); !l.Full() || n < limit {
			t.Errorf("the queue is not full: %d bytes", n)
		}
		next := [senders]int{}
		for range senders * each {
			var s, i int
			_, payload := l.peer.next()
			if _, err := fmt.Sscan(payload, &s, &i); err != nil {
				t.Fatal(err)
			}
			if i != next[s] {
				t.Fatalf("sender %d: message %d, want %d", s, i, next[s])
			}
			next[s]++
		}
		synctest.Wait() // the senders have ended
		if allowed := limit + senders*(size+100); most > allowed {
			t.Errorf("%d bytes were queued, over %d", most, allowed)
		}
		if l.Full() || l.Queued() != 0 {
			t.Errorf("%d bytes are still counted", l.Queued())
		}
	})
}

func TestWaitCapacityEnds(t *testing.T) {
	why := errors.New("logged out")
	cases := []struct {
		name string
		end  func(l *trial, cancel context.CancelCauseFunc)
		err  error
	}{
		{"its context is done", func(_ *trial, cancel context.CancelCauseFunc) { cancel(why) }, why},
		{"the link is closed", func(l *trial, _ context.CancelCauseFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			l.Close(ctx)
		}, nil},
		{"a write fails", func(l *trial, _ context.CancelCauseFunc) { _ = l.peer.conn.Close() }, nil},
		{"the queue has capacity", func(l *trial, _ context.CancelCauseFunc) {
			for range 2 * 10 {
				l.peer.expect(tMessage, strings.Repeat("x", chunkSize))
			}
		}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, Options{MaxQueue: 10 * chunkSize}, func(t *testing.T, l *trial) {
				l.peer.ping()
				if err := l.WaitCapacity(t.Context()); err != nil || l.Full() {
					t.Fatalf("an empty queue is full: %v", err)
				}
				for range 2 * 10 {
					l.mustSend(tMessage, strings.Repeat("x", chunkSize))
				}
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				done := make(chan error, 3)
				for range cap(done) {
					go func() { done <- l.WaitCapacity(ctx) }()
				}
				synctest.Wait()
				if len(done) > 0 || !l.Full() {
					t.Fatal("WaitCapacity returns although the queue is full")
				}
				c.end(l, cancel)
				for range cap(done) {
					if err := <-done; !errors.Is(err, c.err) {
						t.Errorf("%v, want %v", err, c.err)
					}
				}
			})
		})
	}
}

func TestSendersWaitUntilHalfOfTheQueueIsFree(t *testing.T) {
	const frame = 10_000
	bubble(t, Options{MaxQueue: 100 * frame}, func(t *testing.T, l *trial) {
		l.peer.ping()
		for range 110 {
			l.mustSend(tMessage, strings.Repeat("x", frame))
		}
		room := make(chan error)
		go func() { room <- l.WaitCapacity(t.Context()) }()
		read := 0
		for ; ; read++ {
			l.peer.next()
			synctest.Wait()
			select {
			case err := <-room:
				if err != nil {
					t.Error(err)
				}
				if most := chunkSize/frame + 1; read < 60-most || read > 60+most {
					t.Errorf("the sender continued after %d of 110 frames", read)
				}
				return
			default:
			}
		}
	})
}

// TestListOfChunksDoesNotGrow uses a queue that is never empty.
func TestListOfChunksDoesNotGrow(t *testing.T) {
	o := newOutbox(1<<30, nil)
	o.pushPong(nil)
	payload := make([]byte, chunkSize)
	push := func() {
		if err := o.push(tMessage, payload); err != nil {
			t.Fatal(err)
		}
	}
	for range 10 {
		push()
	}
	for range 500 {
		push()
		o.take()
		o.wrote(nil)
	}
	if n := cap(o.chunks); n > 100 {
		t.Errorf("the list has a capacity of %d chunks", n)
	}
	if len(o.spare) > spareChunks {
		t.Errorf("%d spare chunks", len(o.spare))
	}
	for i := range 10 {
		if parts, end := o.take(); len(parts) != 1 || len(parts[0]) < chunkSize || end {
			t.Errorf("chunk %d: %d parts, end %v", i, len(parts), end)
		}
		o.wrote(nil)
	}
}
