package logging

import (
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	// maxQueued is the number of bytes that may wait for a slow writer. Together
	// with maxEntry it is less than the smallest file, 1 MB.
	maxQueued = 512 << 10
	// stallWait is how long Write waits before it drops entries.
	stallWait = 100 * time.Millisecond
	// maxIdleBuffer is the largest buffer that an idle queue keeps.
	maxIdleBuffer = 64 << 10
)

// dest writes whole entries to its destination or to a fallback. Only the queue's
// goroutine calls it.
type dest interface {
	write(entries []byte)
	close()
}

// queue separates the callers of the log from a file or stream that may block. It
// is safe for concurrent use.
type queue struct {
	dest dest
	note func(logrus.Level, string) []byte
	wake chan struct{} // holds a token if run has work
	done chan struct{} // closed when run has ended

	mu       sync.Mutex
	buf      []byte        // whole entries that wait
	spare    []byte        // a written buffer, for reuse
	busy     bool          // run is writing
	closed   bool          // no more entries are accepted
	stalled  bool          // Write has waited for stallWait without progress, and now drops at once
	lost     int           // entries dropped since run last took buf
	progress chan struct{} // closed when run makes progress; nil if nothing waits
}

// newQueue returns a queue, and starts its goroutine, which writes to d until shut.
// note formats an entry of the queue itself.
func newQueue(d dest, note func(logrus.Level, string) []byte) *queue {
	q := &queue{dest: d, note: note, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go q.run()
	return q
}

// Write queues one entry. It never fails. While the queue is full it waits up to
// stallWait; then it drops this entry and all further ones until the writer makes
// progress.
func (q *queue) Write(entry []byte) (int, error) {
	if len(entry) == 0 {
		return 0, nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed && !q.fits(entry) && !q.stalled {
		q.await(stallWait, func() bool { return q.closed || q.stalled || q.fits(entry) })
		q.stalled = !q.fits(entry)
	}
	switch {
	case q.closed:
	case q.fits(entry):
		q.buf = append(q.buf, entry...)
		q.signal()
	default:
		q.lost++
	}
	return len(entry), nil
}

func (q *queue) fits(entry []byte) bool {
	return len(q.buf) == 0 || len(q.buf)+len(entry) <= maxQueued
}

func (q *queue) signal() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// await waits until ready returns true, at most for d. q.mu is held, and released
// while await waits.
func (q *queue) await(d time.Duration, ready func() bool) bool {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	for !ready() {
		if q.progress == nil {
			q.progress = make(chan struct{})
		}
		progress := q.progress
		q.mu.Unlock()
		select {
		case <-progress:
			q.mu.Lock()
		case <-timer.C:
			q.mu.Lock()
			return ready()
		}
	}
	return true
}

// stepped wakes the goroutines in await. q.mu is held.
func (q *queue) stepped() {
	if q.progress != nil {
		close(q.progress)
		q.progress = nil
	}
}

// flush waits until all entries are written, at most for d.
func (q *queue) flush(d time.Duration) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.await(d, func() bool { return !q.busy && len(q.buf) == 0 })
}

// shut closes the queue. The goroutine ends when it has written the entries that
// wait. shut does not wait for that.
func (q *queue) shut() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.stepped()
	q.signal()
}

// wait waits for the goroutine to end after shut, at most for d.
func (q *queue) wait(d time.Duration) bool {
	timer := time.NewTimer(max(d, 0))
	defer timer.Stop()
	select {
	case <-q.done:
		return true
	case <-timer.C:
	}
	select {
	case <-q.done:
		return true
	default:
		return false
	}
}

func (q *queue) run() {
	defer close(q.done)
	defer q.dest.close()
	for range q.wake {
		for {
			entries, lost, closed := q.take()
			if len(entries) == 0 {
				if closed {
					return
				}
				break
			}
			q.dest.write(entries)
			if lost > 0 {
				q.dest.write(q.note(logrus.WarnLevel, fmt.Sprintf(
					"%d log entries were dropped here: the log could not be written fast enough", lost)))
			}
			q.give(entries)
		}
	}
}

// take removes and returns the waiting entries.
func (q *queue) take() (entries []byte, lost int, closed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.buf) > 0 {
		entries, lost = q.buf, q.lost
		q.buf, q.spare = q.spare[:0], nil
		q.busy, q.stalled, q.lost = true, false, 0
		q.stepped()
	}
	return entries, lost, q.closed
}

// give returns a written buffer for reuse.
func (q *queue) give(entries []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if cap(entries) <= maxIdleBuffer {
		q.spare = entries[:0]
	}
	q.busy = false
	q.stepped()
}
