package link

import (
	"context"
	"net"
	"sync"
	"sync/atomic"

	"spectrumlua/pb"
	"spectrumlua/runtime/capacity"
	"spectrumlua/runtime/wire"
)

// chunkSize is the number of bytes in one write, unless a single frame is longer. A
// PONG waits for at most the chunk that is being written.
const chunkSize = 64 << 10

// spareChunks is the number of written chunks that are kept for reuse.
const spareChunks = 4

// maxUrgent limits the bytes in urgent. A peer that sends PINGs without reading the
// answers receives no more of them.
const maxUrgent = 64 << 10

// outbox holds the data that waits to be written, in chunks of whole frames. The writer
// and the leader write it, one at a time.
type outbox struct {
	maxQueue int
	observer Observer // nil: no observer

	mu     sync.Mutex
	closed bool
	ponged bool
	// config is sent before the first PONG, urgent before everything else.
	config  []byte
	urgent  []byte
	pulse   bool     // urgent holds only STATS that pushStats has queued
	chunks  [][]byte // chunks[first:] wait to be written, in order
	first   int
	writing bool         // take has returned data, and wrote has not been called
	parts   [2][]byte    // memory of the list that take returns
	current []byte       // the chunk that is being written, or that rest ends with
	rest    net.Buffers  // what a write has left
	queued  atomic.Int64 // bytes in chunks, including current; changed with mu
	spare   [][]byte
	waiters capacity.Waiters
	writes  uint64 // calls of take that returned more than STATS of pushStats
	pushed  uint64 // calls of push that succeeded

	wake chan struct{} // holds a token if the writer may have something to write
	// quiet is set while the leader handles a message, because it writes by itself what
	// the handler sends. push then wakes up the writer only for a full chunk.
	quiet atomic.Bool
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
	queued := o.queued.Add(int64(size))
	if o.ponged && (queued >= chunkSize || !o.quiet.Load()) {
		o.signal()
	}
	return nil
}

// pushPong queues PONG and STATS before everything else. The first PONG follows config.
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

// pushStats queues STATS before everything else, unless urgent data waits already.
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

// take removes and returns the data to write next: what an earlier write has left, or the
// urgent data and a chunk. The caller has to call wrote or abandon, unless parts is nil:
// then there is nothing to write, or another goroutine is writing. end is true if the
// outbox is closed and empty.
func (o *outbox) take() (parts net.Buffers, end bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.writing {
		return nil, false
	}
	if len(o.rest) > 0 {
		o.writing = true
		return o.rest, false
	}
	parts = o.parts[:0]
	urgent := len(o.urgent) > 0 && !o.pulse
	if len(o.urgent) > 0 {
		parts = append(parts, o.urgent)
		o.urgent = nil
	}
	if o.first < len(o.chunks) && o.ponged {
		o.current = o.chunks[o.first]
		parts = append(parts, o.current)
		o.chunks[o.first] = nil
		if o.first++; o.first == len(o.chunks) {
			o.chunks, o.first = o.chunks[:0], 0
		}
	}
	if len(parts) == 0 {
		return nil, o.closed
	}
	if o.current != nil || urgent {
		o.writes++
	}
	o.writing = true
	return parts, false
}

// wrote records that what take has returned was written, except for the rest.
func (o *outbox) wrote(rest net.Buffers) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.writing = false
	if o.rest = rest; len(rest) == 0 {
		o.rest, o.parts = nil, [2][]byte{} // releases the buffers
		o.reuse()
	}
	if len(o.rest) > 0 || len(o.urgent) > 0 || o.first < len(o.chunks) || o.closed {
		o.signal()
	}
}

// taken returns the number of calls of take that returned more than STATS of
// pushStats.
func (o *outbox) taken() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.writes
}

// count returns the number of messages that push has queued.
func (o *outbox) count() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pushed
}

// close makes push fail. take still returns the queued data, unless Spectrum has
// never sent a PING.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	if !o.ponged {
		o.drop()
	}
	o.waiters.Release()
	o.signal()
}

// abandon closes the outbox and drops the queued data, after a failed write.
func (o *outbox) abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.drop()
	o.waiters.Release()
}

func (o *outbox) full() bool {
	if o.queued.Load() < int64(o.maxQueue) {
		return false // without the lock, because senders ask after each message
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.isFull()
}

func (o *outbox) waitCapacity(ctx context.Context) error {
	return o.waiters.Wait(ctx, &o.mu, o.isFull)
}

// The methods below are called with o.mu held.

func (o *outbox) drop() {
	o.config, o.urgent, o.chunks, o.first, o.spare = nil, nil, nil, 0, nil
	o.rest, o.current = nil, nil
	o.queued.Store(0)
}

// reuse keeps the written chunk for later frames.
func (o *outbox) reuse() {
	if o.current == nil {
		return
	}
	queued := o.queued.Add(-int64(len(o.current)))
	if cap(o.current) <= 2*chunkSize && len(o.spare) < spareChunks {
		o.spare = append(o.spare, o.current[:0])
	}
	o.current = nil
	if queued <= int64(o.maxQueue/2) {
		o.waiters.Release()
	}
}

func (o *outbox) isFull() bool { return o.queued.Load() >= int64(o.maxQueue) && !o.closed }

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// compact moves the chunks to the start of the list if the list is full and mostly
// unused.
func (o *outbox) compact() {
	if len(o.chunks) == cap(o.chunks) && o.first > len(o.chunks)/2 {
		n := copy(o.chunks, o.chunks[o.first:])
		clear(o.chunks[n:])
		o.chunks, o.first = o.chunks[:n], 0
	}
}

// newChunk returns an empty chunk for a frame of that size. If other chunks already
// wait, the chunk has capacity for further frames.
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
