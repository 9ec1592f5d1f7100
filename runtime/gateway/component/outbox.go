package component

import (
	"context"
	"sync"
	"time"

	"spectrumlua/runtime/capacity"
)

const (
	// chunkSize is the number of bytes in one write, unless a single stanza is longer.
	chunkSize = 64 << 10
	// spareChunks is the number of chunks that are kept for reuse.
	spareChunks = 4
	// suspectTries is the number of failed connections after which the stanzas of a
	// chunk are sent one by one, to find the one that ends the connections.
	suspectTries = 2
	// maxUnconfirmed is the age from which a stanza is considered delivered.
	maxUnconfirmed = 5 * time.Minute
)

// chunk holds complete stanzas.
type chunk struct {
	data    []byte
	start   int       // data before it has been moved to other chunks
	ends    []int     // of the stanzas in data
	tries   int       // connections that failed before the chunk was confirmed
	written time.Time // zero until all of it is written
	shared  bool      // data belongs to another chunk
}

func (c *chunk) bytes() []byte { return c.data[c.start:] }

func (c *chunk) size() int { return len(c.data) - c.start }

func (c *chunk) suspect() bool { return c.tries >= suspectTries }

// first moves the first stanza to a chunk of its own.
func (c *chunk) first() *chunk {
	end := c.ends[0]
	one := &chunk{data: c.data[c.start:end:end], ends: []int{end - c.start}, tries: c.tries, shared: true}
	c.start, c.ends, c.shared = end, c.ends[1:], true
	return one
}

type limits struct {
	queue   int // bytes to write from which the outbox is full
	backlog int // bytes that wait at most
}

// outbox holds the stanzas that wait to be written, and those that the server has not
// confirmed.
type outbox struct {
	limits limits
	pings  pings

	mu      sync.Mutex
	closed  bool
	online  bool
	queue   []*chunk // wait to be written, in order
	waiting int      // bytes in queue
	window  []*chunk // taken to be written and not confirmed, in order
	pending int      // bytes in window
	writing int      // bytes in window that are not written yet
	spare   []*chunk
	pushed  uint64 // stanzas that push has queued
	dropped int    // stanzas since the last report
	again   int    // stanzas that are sent again since the last report
	poison  int    // stanzas that failed too many connections since the last report
	lost    uint64 // stanzas that have been dropped for either reason

	waiters capacity.Waiters
	wake    chan struct{} // holds a token if there may be data to write
}

func newOutbox(l limits, jid string) *outbox {
	return &outbox{limits: l, pings: newPings(jid), wake: make(chan struct{}, 1)}
}

// push appends a stanza. overflow reports whether it has dropped others although there is a
// connection.
func (o *outbox) push(stanza string) (overflow bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return false, ErrClosed
	}
	o.pushed++
	last := len(o.queue) - 1
	if last < 0 || o.queue[last].shared || o.queue[last].tries > 0 || len(o.queue[last].data)+len(stanza) > chunkSize {
		o.queue = append(o.queue, o.newChunk(len(stanza)))
		last = len(o.queue) - 1
	}
	c := o.queue[last]
	c.data = append(c.data, stanza...)
	c.ends = append(c.ends, len(c.data))
	o.waiting += len(stanza)
	before := o.dropped
	o.trim()
	if o.online {
		o.signal()
	}
	return o.online && o.dropped > before, nil
}

// setOnline begins or ends the time with a connection. The end releases waiting senders.
func (o *outbox) setOnline(online bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.online = online
	if !online {
		o.waiters.Release()
	}
	o.signal()
}

func (o *outbox) isOnline() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.online
}

func (o *outbox) count() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pushed
}

func (o *outbox) countLost() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.lost
}

func (o *outbox) full() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.isFull()
}

func (o *outbox) waitCapacity(ctx context.Context) error {
	return o.waiters.Wait(ctx, &o.mu, o.isFull)
}

// close makes push fail. take still returns the queued stanzas.
func (o *outbox) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.waiters.Release()
	o.signal()
}

// unsent returns the number of stanzas that have not been written.
func (o *outbox) unsent() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, c := range o.queue {
		n += len(c.ends)
	}
	for _, c := range o.window {
		if c.written.IsZero() {
			n += len(c.ends)
		}
	}
	return n
}

// size returns the number of bytes that are not written.
func (o *outbox) size() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return int64(o.waiting + o.writing)
}

// losses are what a failed connection and a full backlog have done to stanzas.
type losses struct {
	again   int // sent again
	dropped int // because too many waited
	poison  int // because they failed too many connections
}

// report returns and resets the losses.
func (o *outbox) report() losses {
	o.mu.Lock()
	defer o.mu.Unlock()
	l := losses{again: o.again, dropped: o.dropped, poison: o.poison}
	o.again, o.dropped, o.poison = 0, 0, 0
	return l
}

// reportDropped returns and resets the number of dropped stanzas.
func (o *outbox) reportDropped() (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, o.dropped = o.dropped, 0
	return n
}

// The methods below are called with o.mu held.

func (o *outbox) isFull() bool {
	return o.online && !o.closed && o.waiting+o.writing >= o.limits.queue
}

// trim drops the oldest stanzas if too many bytes wait.
func (o *outbox) trim() {
	for o.waiting+o.pending > o.limits.backlog && len(o.queue) > 1 {
		c := o.shift()
		o.dropped += len(c.ends)
		o.lost += uint64(len(c.ends))
		o.recycle(c)
	}
}

// shift removes the first chunk of the queue.
func (o *outbox) shift() *chunk {
	c := o.queue[0]
	o.queue[0] = nil
	o.queue = o.queue[1:]
	o.waiting -= c.size()
	return c
}

func (o *outbox) signal() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// newChunk returns an empty chunk for a stanza of that size. If other chunks already
// wait, the chunk has capacity for further stanzas.
func (o *outbox) newChunk(size int) *chunk {
	if n := len(o.spare); n > 0 && size <= cap(o.spare[n-1].data) {
		c := o.spare[n-1]
		o.spare = o.spare[:n-1]
		return c
	}
	if len(o.queue) > 0 {
		size = max(size, chunkSize)
	}
	return &chunk{data: make([]byte, 0, size)}
}

// recycle keeps a chunk that nobody uses for reuse.
func (o *outbox) recycle(c *chunk) {
	if c.shared || cap(c.data) > 2*chunkSize || len(o.spare) >= spareChunks {
		return
	}
	*c = chunk{data: c.data[:0], ends: c.ends[:0]}
	o.spare = append(o.spare, c)
}
