package logging

import (
	"fmt"
	"sync"
	"time"

	"github.com/sirupsen/logrus"
)

const (
	// maxQueued is how many bytes of entries wait for a slow writer. With
	// maxEntry it is also less than the smallest file, 1 MB.
	maxQueued = 512 << 10
	// stallWait is how long an entry waits for room before entries are dropped.
	stallWait = 100 * time.Millisecond
	// maxIdleBuffer is the largest buffer kept while there is nothing to do.
	maxIdleBuffer = 64 << 10
)

// A dest writes whole entries to where they belong, or else elsewhere. Only the
// queue's goroutine calls it.
type dest interface {
	write(entries []byte)
	close()
}

// A queue stands between those who log and a file or stream that may be slow,
// or stand still. Its methods may be called from any goroutine.
type queue struct {
	dest dest
	note func(logrus.Level, string) []byte
	wake chan struct{} // tells run that there is something to do
	done chan struct{} // closed when run has ended

	mu       sync.Mutex
	buf      []byte        // whole entries that wait
	spare    []byte        // the buffer that run wrote last, for the next turn
	busy     bool          // run is writing
	closed   bool          // no more entries
	stalled  bool          // no room within stallWait: drop without waiting
	lost     int           // entries dropped since run last took buf
	progress chan struct{} // closed when run goes a step on; nil if nobody waits
}

// newQueue starts the goroutine that writes to d until shut. note makes an
// entry's line.
func newQueue(d dest, note func(logrus.Level, string) []byte) *queue {
	q := &queue{dest: d, note: note, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go q.run()
	return q
}

// Write queues one entry. It never fails; while there is no room it waits, up
// to stallWait, and then drops the entry, and all that follow until the writer
// goes on.
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

// await waits until ready or for d. It is called with the lock held, which it
// gives up while it waits.
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

// stepped wakes those who wait. It is called with the lock held.
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

// shut takes no more entries and lets the goroutine end when those that wait
// are written. It does not wait.
func (q *queue) shut() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.stepped()
	q.signal()
}

// wait waits for the end that shut asked for, at most for d.
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
					"%d log entries are lost here: the log could not be written fast enough", lost)))
			}
			q.give(entries)
		}
	}
}

// take gives run what waits.
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

// give takes back a buffer that is written.
func (q *queue) give(entries []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if cap(entries) <= maxIdleBuffer {
		q.spare = entries[:0]
	}
	q.busy = false
	q.stepped()
}
