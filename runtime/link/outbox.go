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

// spareChunks is how many written chunks are kept for the next frames.
const spareChunks = 4

// maxUrgent bounds what waits ahead of the queue, in bytes: a peer that sends
// PING after PING and reads no answer gets no more.
const maxUrgent = 64 << 10

// outbox is what waits to be written, as chunks of whole frames.
type outbox struct {
	maxQueue int
	observer Observer // nil: there is none

	mu     sync.Mutex
	closed bool
	ponged bool
	// config leaves before the first PONG, urgent before everything else.
	config   []byte
	urgent   []byte
	pulse    bool     // urgent is nothing but a sign of life
	chunks   [][]byte // chunks[first:] wait, in this order
	first    int
	queued   int // bytes in chunks, the one that is being written included
	spare    [][]byte
	capacity chan struct{} // closed when there is room again; nil if nobody waits
	writes   uint64        // how often more than a sign of life has been taken
	pushed   uint64        // how many messages there have been, PONG and STATS left out

	wake chan struct{} // holds a token when there may be something to write
}

func newOutbox(maxQueue int, observer Observer) *outbox {
	return &outbox{maxQueue: maxQueue, observer: observer, wake: make(chan struct{}, 1)}
}

func (o *outbox) push(typ pb.WrapperMessage_Type, payload []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return ErrClosed
	}
	if o.observer != nil {
		o.observer.Out(typ, payload)
	}
	o.pushed++
	if typ == pb.WrapperMessage_TYPE_BACKEND_CONFIG && !o.ponged {
		o.config = appendFrame(o.config, typ, payload)
		return nil
	}
	size := frameSize(typ, payload)
	last := len(o.chunks) - 1
	if last < o.first || len(o.chunks[last])+size > chunkSize {
		o.compact()
		o.chunks = append(o.chunks, o.newChunk(size))
		last = len(o.chunks) - 1
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
	if o.closed || len(o.urgent) > maxUrgent {
		return
	}
	if !o.ponged {
		o.urgent = append(o.urgent, o.config...)
		o.config, o.ponged = nil, true
	}
	o.pulse = false
	o.urgent = appendFrame(o.urgent, pb.WrapperMessage_TYPE_PONG, nil)
	o.urgent = appendFrame(o.urgent, pb.WrapperMessage_TYPE_STATS, stats)
	o.signal()
}

// pushStats queues STATS as a sign of life ahead of everything, unless one is
// on its way.
func (o *outbox) pushStats(stats []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || !o.ponged || len(o.urgent) > 0 {
		return
	}
	o.pulse = true
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
	if o.first < len(o.chunks) && o.ponged {
		chunk = o.chunks[o.first]
		o.chunks[o.first] = nil
		if o.first++; o.first == len(o.chunks) {
			o.chunks, o.first = o.chunks[:0], 0
		}
	}
	if chunk != nil || urgent != nil && !o.pulse {
		o.writes++
	}
	return urgent, chunk, o.closed && urgent == nil && chunk == nil
}

// taken counts what has been taken, signs of life left out.
func (o *outbox) taken() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writes
}

// count counts what has been pushed, PONG and STATS left out.
func (o *outbox) count() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pushed
}

// done gives a written chunk back.
func (o *outbox) done(chunk []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queued -= len(chunk)
	if cap(chunk) <= 2*chunkSize && len(o.spare) < spareChunks {
		o.spare = append(o.spare, chunk[:0])
	}
	if o.queued <= o.maxQueue/2 {
		o.releaseRoom()
	}
}

// close lets nothing more in; what is queued is still handed out, unless
// Spectrum has never asked for it.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	if !o.ponged {
		o.drop()
	}
	o.releaseRoom()
	o.signal()
}

// abandon drops what is queued as well, after a write has failed.
func (o *outbox) abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.drop()
	o.releaseRoom()
}

func (o *outbox) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.queued >= o.maxQueue && !o.closed
}

func (o *outbox) waitCapacity(ctx context.Context) error {
	o.mu.Lock()
	if o.queued < o.maxQueue || o.closed {
		o.mu.Unlock()
		return nil
	}
	if o.capacity == nil {
		o.capacity = make(chan struct{})
	}
	capacity := o.capacity
	o.mu.Unlock()
	select {
	case <-capacity:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// The methods below are called with o.mu held.

func (o *outbox) drop() {
	o.config, o.urgent, o.chunks, o.first, o.queued, o.spare = nil, nil, nil, 0, 0, nil
}

func (o *outbox) releaseRoom() {
	if o.capacity != nil {
		close(o.capacity)
		o.capacity = nil
	}
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// compact takes back the room of the chunks that are gone, before the list
// would grow.
func (o *outbox) compact() {
	if len(o.chunks) == cap(o.chunks) && o.first > len(o.chunks)/2 {
		n := copy(o.chunks, o.chunks[o.first:])
		clear(o.chunks[n:])
		o.chunks, o.first = o.chunks[:n], 0
	}
}

// newChunk is an empty chunk for a frame of that size. Where others wait
// already, more frames will follow: it is made for as many as fit.
func (o *outbox) newChunk(size int) []byte {
	if n := len(o.spare); n > 0 && size <= max(chunkSize, cap(o.spare[n-1])) {
		chunk := o.spare[n-1]
		o.spare = o.spare[:n-1]
		return chunk
	}
	if o.first < len(o.chunks) {
		size = max(size, chunkSize)
	}
	return make([]byte, 0, size)
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
