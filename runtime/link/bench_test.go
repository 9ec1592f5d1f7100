package link

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
)

// BenchmarkSend measures a message from Send to the other end of the socket.
func BenchmarkSend(b *testing.B) {
	for _, size := range []struct {
		name string
		n    int
	}{{"64 B", 64}, {"4 kB", 4 << 10}, {"64 kB", 64 << 10}, {"256 kB", 256 << 10}} {
		b.Run(size.name, func(b *testing.B) {
			ours, theirs := tcpPair(b)
			l := serveOn(b, ours, theirs, Options{})
			l.peer.ping()
			var drained sync.WaitGroup
			drained.Go(func() { _, _ = io.Copy(io.Discard, theirs) })
			payload := []byte(strings.Repeat("x", size.n))
			b.SetBytes(int64(size.n))
			b.ReportAllocs()
			for b.Loop() {
				if err := l.Send(tMessage, payload); err != nil {
					b.Fatal(err)
				}
				for l.Full() {
					if err := l.WaitCapacity(context.Background()); err != nil {
						b.Fatal(err)
					}
				}
			}
			go l.peer.conn.Close()
			l.Close(context.Background())
			drained.Wait()
		})
	}
}

// BenchmarkReceive measures a message from the socket to Receive.
func BenchmarkReceive(b *testing.B) {
	const batch = 1000
	received := make(chan struct{}, 1)
	n := 0
	ours, theirs := tcpPair(b)
	l := serveOn(b, ours, theirs, Options{Receive: func(context.Context, *schema.Type, []byte, task.Lender) {
		if n++; n%batch == 0 {
			received <- struct{}{}
		}
	}})
	var frames []byte
	for range batch {
		frames = appendFrame(frames, tMessage, make([]byte, 64))
	}
	b.ReportAllocs()
	for b.Loop() {
		l.peer.sendBytes(frames)
		<-received
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/batch, "ns/frame")
	go l.peer.conn.Close()
	l.Close(context.Background())
}

// BenchmarkEcho measures messages that are sent back, with 256 of them on their way.
func BenchmarkEcho(b *testing.B) {
	const inFlight = 256
	ours, theirs := tcpPair(b)
	var l *trial
	l = serveOn(b, ours, theirs, Options{Receive: func(_ context.Context, typ *schema.Type, payload []byte, _ task.Lender) {
		_ = l.Send(typ.Number, payload)
	}})
	l.peer.ping()
	var batch []byte
	for range inFlight {
		batch = appendFrame(batch, tMessage, make([]byte, 64))
	}
	b.ReportAllocs()
	for b.Loop() {
		l.peer.sendBytes(batch)
		for range inFlight {
			if _, err := l.peer.frames.Next(); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/inFlight, "ns/message")
	go l.peer.conn.Close()
	l.Close(context.Background())
}

// BenchmarkPing measures the time between PING and PONG.
func BenchmarkPing(b *testing.B) {
	ours, theirs := tcpPair(b)
	l := serveOn(b, ours, theirs, Options{})
	b.ReportAllocs()
	for b.Loop() {
		l.peer.ping()
	}
	go l.peer.conn.Close()
	l.Close(context.Background())
}
