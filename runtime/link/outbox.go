package link

import (
	"context"
	"sync"

	"spectrumlua/pb"
	"spectrumlua/runtime/wire"
)

// chunkSize is how many bytes go into one write, unless a single frame has
// more. PONG waits for no more than the chunk that is being written.
const chunkSize = 64 << 10

// outbox is what waits to be written, as chunks of whole frames.
type outbox struct {
	maxQueue int

	mu     sync.Mutex
	closed bool
	ponged bool
	// config leaves before the first PONG, urgent before everything else.
	config []byte
	urgent []byte
	chunks [][]byte
	queued int // bytes in chunks
	spare  [][]byte
	room   chan struct{} // closed when there is room again; nil if nobody waits

	wake chan struct{} // holds a token when there may be something to write
}

func newOutbox(maxQueue int) *outbox {
	return &outbox{maxQueue: maxQueue, wake: make(chan struct{}, 1)}
}

func (o *outbox) push(typ pb.WrapperMessage_Type, payload []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return ErrClosed
	}
	if typ == pb.WrapperMessage_TYPE_BACKEND_CONFIG && !o.ponged {
		o.config = appendFrame(o.config, typ, payload)
		return nil
	}
	size := frameSize(typ, payload)
	last := len(o.chunks) - 1
	if last < 0 || len(o.chunks[last])+size > chunkSize {
		o.chunks = append(o.chunks, o.newChunk())
		last++
	}
	o.chunks[last] = appendFrame(o.chunks[last], typ, payload)
	o.queued += size
	if o.ponged {
		o.signal()
	}
	return nil
}

// pushPong queues PONG and STATS ahead of everything, the first time behind
// the configuration.
func (o *outbox) pushPong(stats []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.ponged {
		o.urgent = append(o.urgent, o.config...)
		o.config, o.ponged = nil, true
	}
	o.urgent = appendFrame(o.urgent, pb.WrapperMessage_TYPE_PONG, nil)
	o.urgent = appendFrame(o.urgent, pb.WrapperMessage_TYPE_STATS, stats)
	o.signal()
}

// pushStats queues STATS as a sign of life ahead of everything.
func (o *outbox) pushStats(stats []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.urgent = appendFrame(o.urgent, pb.WrapperMessage_TYPE_STATS, stats)
	o.signal()
}

// take hands over what is urgent and the next chunk, either of which may be
// nil, and whether this is the end. Without anything to write both are nil.
func (o *outbox) take() (urgent, chunk []byte, end bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.urgent) > 0 {
		urgent, o.urgent = o.urgent, nil
	}
	if len(o.chunks) > 0 && (o.ponged || o.closed) {
		chunk = o.chunks[0]
		o.chunks[0] = nil
		o.chunks = o.chunks[1:]
	}
	return urgent, chunk, o.closed && urgent == nil && chunk == nil
}

// done gives a written chunk back.
func (o *outbox) done(chunk []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queued -= len(chunk)
	if cap(chunk) <= 2*chunkSize && len(o.spare) < 4 {
		o.spare = append(o.spare, chunk[:0])
	}
	if o.room != nil && o.queued < o.maxQueue {
		close(o.room)
		o.room = nil
	}
}

// close lets nothing more in; what is queued is still handed out.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.releaseRoom()
	o.signal()
}

// abandon drops what is queued as well, after a write has failed.
func (o *outbox) abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.urgent, o.chunks, o.queued = nil, nil, 0
	o.releaseRoom()
}

func (o *outbox) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queued >= o.maxQueue && !o.closed
}

func (o *outbox) waitRoom(ctx context.Context) error {
	o.mu.Lock()
	if o.queued < o.maxQueue || o.closed {
		o.mu.Unlock()
		return nil
	}
	if o.room == nil {
		o.room = make(chan struct{})
	}
	room := o.room
	o.mu.Unlock()
	select {
	case <-room:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// The methods below are called with o.mu held.

func (o *outbox) releaseRoom() {
	if o.room != nil {
		close(o.room)
		o.room = nil
	}
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *outbox) newChunk() []byte {
	if n := len(o.spare); n > 0 {
		chunk := o.spare[n-1]
		o.spare = o.spare[:n-1]
		return chunk
	}
	return nil
}

func frameSize(typ pb.WrapperMessage_Type, payload []byte) int {
	n := len(payload)
	if payload == nil {
		n = -1
	}
	return wire.HeaderSize + pb.SizeWrapper(typ, n)
}

func appendFrame(dst []byte, typ pb.WrapperMessage_Type, payload []byte) []byte {
	dst = wire.AppendHeader(dst, frameSize(typ, payload)-wire.HeaderSize)
	return pb.AppendWrapper(dst, typ, payload)
}
