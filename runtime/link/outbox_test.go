package link

import (
	"bytes"
	"net"
	"testing"

	"spectrumlua/pb"
)

// outboxWith returns an outbox with urgent data and a message, both with that text.
func outboxWith(t *testing.T, what string) (o *outbox, queue func(what string)) {
	t.Helper()
	o = newOutbox(DefaultMaxQueue, nil)
	queue = func(what string) {
		o.pushPong([]byte(what))
		if err := o.push(pb.WrapperMessage_TYPE_CONV_MESSAGE, []byte(what)); err != nil {
			t.Fatal(err)
		}
	}
	queue(what)
	return o, queue
}

func text(parts net.Buffers) string { return string(bytes.Join(parts, nil)) }

// TestTakenDataDoesNotChange queues more data while the taken data is being written.
func TestTakenDataDoesNotChange(t *testing.T) {
	o, queue := outboxWith(t, "first")
	parts, _ := o.take()
	before := text(parts)
	queue("other")
	if got := text(parts); got != before {
		t.Errorf("the taken data became %q", got)
	}
	if again, end := o.take(); again != nil || end {
		t.Errorf("%q was taken, end %v, while other data is being written", again, end)
	}
	o.wrote(nil)
	parts, _ = o.take()
	if len(parts) != 2 || !bytes.Contains(parts[0], []byte("other")) || !bytes.Contains(parts[1], []byte("other")) {
		t.Errorf("then %q is taken", parts)
	}
}

// TestRestIsWrittenFirst writes only a part at every possible place, while urgent data
// and messages arrive.
func TestRestIsWrittenFirst(t *testing.T) {
	o, _ := outboxWith(t, "first")
	parts, _ := o.take()
	whole := text(parts)
	for written := range len(whole) {
		o, queue := outboxWith(t, "first")
		parts, _ := o.take()
		queue("other")
		got := whole[:written]
		rest := parts
		for n := written; n > 0; {
			step := min(n, len(rest[0]))
			rest[0] = rest[0][step:]
			if n -= step; len(rest[0]) == 0 {
				rest = rest[1:]
			}
		}
		queued := o.queued.Load()
		o.wrote(rest)
		if o.queued.Load() != queued {
			t.Fatalf("after %d bytes, %d are queued instead of %d", written, o.queued.Load(), queued)
		}
		parts, _ = o.take()
		if got += text(parts); got != whole {
			t.Fatalf("after %d bytes: %q, want %q", written, got, whole)
		}
		o.wrote(nil)
		parts, _ = o.take()
		if len(parts) != 2 || !bytes.Contains(parts[0], []byte("other")) || !bytes.Contains(parts[1], []byte("other")) {
			t.Fatalf("after %d bytes, then %q is taken", written, parts)
		}
		o.wrote(nil)
		if o.queued.Load() != 0 {
			t.Fatalf("%d bytes are queued at the end", o.queued.Load())
		}
	}
}
