package link

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
	"spectrumlua/runtime/wire"
)

func TestPingIsAnswered(t *testing.T) {
	l := serve(t, Options{})
	for range 3 {
		l.peer.ping()
	}
	l.peer.sendBytes(appendFrame(appendFrame(nil, tPing, nil), tPing, []byte("with a payload")))
	l.peer.expectPong()
	l.peer.expectPong()
}

func TestConfigurationGoesBeforeTheFirstPong(t *testing.T) {
	received := make(chan string)
	l := serve(t, Options{Receive: func(_ context.Context, _ *schema.Type, payload []byte, _ task.Lender) { received <- string(payload) }})
	l.mustSend(tMessage, "first")
	l.mustSend(tConfig, "muc=1")
	l.mustSend(tMessage, "second")
	l.mustSend(tConfig, "rawxml=1")
	l.peer.send(tQuery, "before any PING") // the link receives it, but sends nothing
	if got := <-received; got != "before any PING" {
		t.Fatal(got)
	}
	l.mustSend(tMessage, "third")
	l.peer.send(tPing, "")
	l.peer.expect(tConfig, "muc=1")
	l.peer.expect(tConfig, "rawxml=1")
	l.peer.expectPong()
	l.peer.expect(tMessage, "first")
	l.peer.expect(tMessage, "second")
	l.peer.expect(tMessage, "third")
	l.peer.ping()
	l.mustSend(tMessage, "fourth")
	l.mustSend(tConfig, "late=1")
	l.mustSend(tMessage, "fifth")
	l.peer.expect(tMessage, "fourth")
	l.peer.expect(tConfig, "late=1")
	l.peer.expect(tMessage, "fifth")
}

func TestPayloadsOfAnyLengthAreSent(t *testing.T) {
	l := serve(t, Options{})
	l.peer.ping()
	cases := []struct {
		name    string
		payload []byte
	}{
		{"none", nil},
		{"empty", []byte{}},
		{"short", []byte("x")},
		{"as long as a chunk", make([]byte, chunkSize)},
		{"longer than a chunk", []byte(strings.Repeat("x", chunkSize+1))},
		{"a megabyte", []byte(strings.Repeat("y", 1<<20))},
		{"short again", []byte("z")},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			mine := bytes.Clone(c.payload)
			if err := l.Send(tMessage, mine); err != nil {
				t.Fatal(err)
			}
			clear(mine) // Send has copied it
			frame, err := l.peer.frames.Next()
			if err != nil {
				t.Fatal(err)
			}
			if want := pb.AppendWrapper(nil, tMessage, c.payload); string(frame) != string(want) {
				t.Errorf("a frame of %d bytes arrived, want %d", len(frame), len(want))
			}
		})
	}
}

func TestMessagesAreReceivedInOrder(t *testing.T) {
	type message struct{ typ, payload string }
	received := make(chan message, 100)
	l := serve(t, Options{Receive: func(_ context.Context, typ *schema.Type, payload []byte, _ task.Lender) {
		received <- message{typ.Name, string(payload)}
	}})
	var sent []byte
	for n := range pb.WrapperMessage_Type_name {
		if typ := pb.WrapperMessage_Type(n); typ != tPing && typ != tExit {
			sent = appendFrame(sent, typ, fmt.Appendf(nil, "payload %d", n))
			sent = appendFrame(sent, typ, nil)
		}
	}
	// The pieces do not match the frames.
	for i := 0; i < len(sent); i += 7 {
		l.peer.sendBytes(sent[i:min(i+7, len(sent))])
	}
	for len(sent) > 0 {
		frame, err := wire.NewReader(strings.NewReader(string(sent)), 0).Next()
		if err != nil {
			t.Fatal(err)
		}
		sent = sent[wire.HeaderSize+len(frame):]
		typ, payload, _ := pb.SplitWrapper(frame)
		want := message{schema.TypeByNumber(typ).Name, string(payload)}
		if got := <-received; got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestInvalidFramesAreLoggedAndIgnored(t *testing.T) {
	cases := []struct {
		name, frame string
		log         string
	}{
		{"an empty frame", "", "an empty frame"},
		{"text", "no WrapperMessage", "not a WrapperMessage"},
		{"no type", "\x12\x01x", "it has no type"},
		{"an unknown type", "\x08\x63", "unknown type 99"},
		{"another one", "\x08\x64\x12\x01x", "unknown type 100"},
		{"a negative type", "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "unknown type -1"},
	}
	l := serve(t, Options{Receive: func(_ context.Context, typ *schema.Type, payload []byte, _ task.Lender) {
		t.Errorf("%s %q arrived", typ.Name, payload)
	}})
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			frame := append(wire.AppendHeader(nil, len(c.frame)), c.frame...)
			for range 3 {
				l.peer.sendBytes(frame)
			}
			l.peer.ping()
			if n := l.log.count(c.log); n != 1 {
				t.Errorf("%q was logged %d times", c.log, n)
			}
		})
	}
}

// TestMessagesOfEachSenderKeepTheirOrder sends from many goroutines at the same time.
func TestMessagesOfEachSenderKeepTheirOrder(t *testing.T) {
	const senders, each = 20, 250
	l := serve(t, Options{MaxQueue: 64 << 10})
	l.peer.ping()
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for i := range each {
				text := fmt.Appendf(nil, "%d %d ", s, i)
				if i%50 == 49 { // a frame that fills a chunk
					text = append(text, make([]byte, chunkSize)...)
				}
				if err := l.Send(tMessage, text); err != nil {
					t.Error(err)
				}
				for l.Full() {
					if err := l.WaitCapacity(t.Context()); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	pinged := make(chan struct{})
	go func() {
		defer close(pinged)
		for range 10 {
			l.peer.send(tPing, "")
		}
	}()
	next := make([]int, senders)
	for messages, pongs := 0, 0; messages < senders*each || pongs < 10; {
		switch typ, payload := l.peer.next(); typ {
		case tPong:
			l.peer.expectStats()
			pongs++
		case tMessage:
			var s, i int
			if _, err := fmt.Sscan(payload, &s, &i); err != nil {
				t.Fatal(err)
			}
			if i != next[s] {
				t.Fatalf("sender %d: message %d, want %d", s, i, next[s])
			}
			next[s]++
			messages++
		default:
			t.Fatalf("%v", typ)
		}
	}
	wg.Wait()
	<-pinged
}

func TestContextOfReceiveEndsWithRun(t *testing.T) {
	cases := []struct {
		name string
		end  func(l *trial)
	}{
		{"its own context", func(l *trial) { l.stop() }},
		{"Close", func(l *trial) { l.Close(context.Background()) }},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			inside := make(chan struct{})
			l := serve(t, Options{Receive: func(ctx context.Context, _ *schema.Type, _ []byte, _ task.Lender) {
				close(inside)
				<-ctx.Done()
			}})
			l.peer.send(tQuery, "")
			<-inside
			c.end(l)
			if err := l.wait(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSecondRunPanics(t *testing.T) {
	l := serve(t, Options{})
	l.peer.ping()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	err := l.Run(t.Context(), l.peer.conn)
	t.Error(errors.Join(errors.New("Run returns"), err))
}

// TestSentCountsMessagesOfSend counts messages before and after the first PONG, but not
// the link's own PONG and STATS.
func TestSentCountsMessagesOfSend(t *testing.T) {
	l := serve(t, Options{})
	for _, typ := range []pb.WrapperMessage_Type{tMessage, tMessage} {
		if err := l.Send(typ, []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	l.peer.ping()
	if err := l.Send(tMessage, nil); err != nil {
		t.Fatal(err)
	}
	if n := l.Sent(); n != 3 {
		t.Errorf("%d are counted, want 3", n)
	}
}

// observer lists the messages that it sees.
type observer struct {
	mu     sync.Mutex
	passed []string
}

func (p *observer) add(dir string, typ pb.WrapperMessage_Type, payload []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.passed = append(p.passed, fmt.Sprintf("%s %d %q %v", dir, typ, payload, payload == nil))
}

func (p *observer) In(typ pb.WrapperMessage_Type, payload []byte)  { p.add("in", typ, payload) }
func (p *observer) Out(typ pb.WrapperMessage_Type, payload []byte) { p.add("out", typ, payload) }

func TestObserverSeesMessagesInOrder(t *testing.T) {
	seen := &observer{}
	l := serve(t, Options{Observer: seen, Receive: func(context.Context, *schema.Type, []byte, task.Lender) {}})
	l.mustSend(tConfig, "muc=1")
	l.peer.send(tPing, "")
	l.peer.expect(tConfig, "muc=1")
	l.peer.expectPong()
	l.peer.sendBytes(appendFrame(appendFrame(nil, tQuery, []byte("q")), 99, []byte("newer")))
	l.peer.sendBytes([]byte{0, 0, 0, 1, 0xff}) // not a message
	l.peer.ping()
	l.mustSend(tMessage, "m")
	l.peer.expect(tMessage, "m")
	l.peer.sendBytes(appendFrame(nil, tExit, nil))
	if err := l.wait(); err != nil {
		t.Fatal(err)
	}
	l.Close(t.Context())
	if err := l.Send(tMessage, []byte("too late")); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	want := []string{`out 30 "muc=1" false`, `in 31 "q" false`, `in 99 "newer" false`, `out 8 "m" false`, `in 29 "" true`}
	if got := strings.Join(seen.passed, "\n"); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}
