package link

import (
	"bytes"
	"testing"

	"spectrumlua/pb"
)

// TestTakenDataDoesNotChange queues more data while the taken data is being written.
func TestTakenDataDoesNotChange(t *testing.T) {
	o := newOutbox(DefaultMaxQueue, nil)
	queue := func(what string) {
		o.pushPong([]byte(what))
		if err := o.push(pb.WrapperMessage_TYPE_CONV_MESSAGE, []byte(what)); err != nil {
			t.Fatal(err)
		}
	}
	queue("first")
	urgent, chunk, _ := o.take()
	urgentBefore, chunkBefore := bytes.Clone(urgent), bytes.Clone(chunk)
	queue("other")
	if !bytes.Equal(urgent, urgentBefore) || !bytes.Equal(chunk, chunkBefore) {
		t.Errorf("the taken data became %q and %q", urgent, chunk)
	}
	o.done(chunk)
	next, nextChunk, _ := o.take()
	if !bytes.Contains(next, []byte("other")) || !bytes.Contains(nextChunk, []byte("other")) {
		t.Errorf("then %q and %q are taken", next, nextChunk)
	}
}
