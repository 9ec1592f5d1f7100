package component

import (
	"net"
	"time"
)

// batch is what the writer writes next.
type batch struct {
	chunk *chunk // nil: no stanzas
	ping  string // "": no ping
	// wait is when take has to be called again at the latest; 0 means when there is
	// something new.
	wait time.Duration
	end  bool // the outbox is closed and empty
}

func (b batch) parts() net.Buffers {
	var parts net.Buffers
	if b.chunk != nil {
		parts = append(parts, b.chunk.bytes())
	}
	if b.ping != "" {
		parts = append(parts, []byte(b.ping))
	}
	return parts
}

func (b batch) empty() bool { return b.chunk == nil && b.ping == "" }

// suspectWait limits the time for which a suspect stanza holds back the others.
const suspectWait = 5 * time.Second

// take returns the next stanzas, with a ping if one is due.
func (o *outbox) take(now time.Time) batch {
	o.mu.Lock()
	defer o.mu.Unlock()
	var b batch
	if hold := o.hold(now); hold > 0 {
		b.wait = hold
	} else if len(o.queue) > 0 {
		b.chunk = o.next()
	}
	b.end = o.closed && b.chunk == nil && len(o.queue) == 0
	wait := o.pings.due(now, o.pending, b.chunk != nil && b.chunk.suspect())
	switch {
	case wait == 0:
		b.ping = o.pings.next(len(o.window))
	case wait > 0 && (b.wait == 0 || wait < b.wait):
		b.wait = wait
	}
	return b
}

// next moves the next chunk, or one suspect stanza, from the queue to the window.
func (o *outbox) next() *chunk {
	c := o.queue[0]
	if c.suspect() && len(c.ends) > 1 {
		c = c.first()
		o.waiting -= c.size()
	} else {
		o.shift()
	}
	o.window = append(o.window, c)
	o.pending += c.size()
	o.writing += c.size()
	o.forget()
	return c
}

// forget considers the oldest stanzas delivered if too many bytes wait for confirmation.
func (o *outbox) forget() {
	n, size := 0, 0
	for o.pending-size > o.limits.queue && n < len(o.window) && !o.window[n].written.IsZero() {
		size += o.window[n].size()
		n++
	}
	o.confirmed(n)
}

// hold returns how long the queue waits for the confirmation of a suspect stanza.
func (o *outbox) hold(now time.Time) time.Duration {
	if n := len(o.window); n == 0 || !o.window[n-1].suspect() || o.window[n-1].written.IsZero() {
		return 0
	}
	return max(0, suspectWait-now.Sub(o.window[len(o.window)-1].written))
}

// wrote records that a batch has been written.
func (o *outbox) wrote(b batch, now time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if b.ping != "" {
		o.pings.wrote(b.ping, now)
	}
	if b.chunk == nil {
		return
	}
	b.chunk.written = now
	o.writing -= b.chunk.size()
	if o.pings.off {
		o.confirmWritten()
	}
	if o.waiting+o.writing <= o.limits.queue/2 {
		o.waiters.Release()
	}
}

// answered records the answer to a ping. It reports whether the id is that of a ping.
func (o *outbox) answered(id string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.pings.ours(id) {
		return false
	}
	if n, ok := o.pings.answered(id); ok {
		o.confirmed(n)
		o.signal() // the next ping may be due
	}
	return true
}

// confirmed removes the first n chunks of the window.
func (o *outbox) confirmed(n int) {
	for i, c := range o.window[:n] {
		o.window[i] = nil
		o.pending -= c.size()
		if !c.written.IsZero() { // otherwise the writer still uses it
			o.recycle(c)
		}
	}
	if o.window = o.window[n:]; len(o.window) == 0 {
		o.window = nil
	}
	o.pings.shift(n)
}

// ping makes a ping due at once, unless one waits for its answer.
func (o *outbox) ping() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.pings.id == "" {
		o.pings.wanted = true
		o.signal()
	}
}

// pingAge returns when the ping was written that waits for its answer, or zero.
func (o *outbox) pingAge() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.pings.writtenAt
}

// pingAgain repeats the ping that waits for its answer. It returns false if the server has not
// answered maxPings of them: it then considers all stanzas delivered, and later ones as soon as
// they are written.
func (o *outbox) pingAgain() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.pings.repeat() {
		o.signal()
		return true
	}
	o.pings.forget()
	o.pings.off = true
	o.confirmWritten()
	return false
}

// confirmWritten considers delivered what is written. What is being written may still be lost.
func (o *outbox) confirmWritten() {
	n := 0
	for n < len(o.window) && !o.window[n].written.IsZero() {
		n++
	}
	o.confirmed(n)
}

// verdict says what the end of a connection means for the stanzas that are not confirmed.
type verdict int

const (
	unknown verdict = iota // one of them may be the cause
	stalled                // none of them is the cause
	blamed                 // the server has found fault with one of them
)

// reconnect puts the stanzas that are not confirmed back into the queue, after a
// connection has ended. The writer must have ended.
func (o *outbox) reconnect(now time.Time, v verdict) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var again []*chunk
	for _, c := range o.window {
		switch written := !c.written.IsZero(); {
		case written && now.Sub(c.written) > maxUnconfirmed:
			continue
		case c.suspect() && v != stalled:
			o.poison += len(c.ends)
			o.lost += uint64(len(c.ends))
			continue
		case written:
			o.again += len(c.ends)
		}
		switch v {
		case unknown:
			c.tries++
		case blamed:
			c.tries = suspectTries
		}
		c.written = time.Time{}
		again = append(again, c)
		o.waiting += c.size()
	}
	o.queue = append(again, o.queue...)
	o.window, o.pending, o.writing = nil, 0, 0
	o.pings.reset()
	o.trim()
}
