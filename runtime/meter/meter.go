// Package meter measures how long things take, if somebody is interested. While its switch
// is off, a meter costs one atomic load.
package meter

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// Bounds are the upper bounds of the buckets of a Histogram, in ascending order. One more
// bucket has everything above.
var Bounds = [...]time.Duration{
	50 * time.Microsecond, 100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond,
	time.Millisecond, 2500 * time.Microsecond, 5 * time.Millisecond, 10 * time.Millisecond,
	25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond, 250 * time.Millisecond,
	500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second, 30 * time.Second,
}

// buckets is the number of buckets of a Histogram.
const buckets = len(Bounds) + 1

// Switch turns the measuring on. The zero value is off. It is safe for concurrent use.
type Switch struct{ on atomic.Bool }

// TurnOn starts the measuring. It never ends.
func (s *Switch) TurnOn() {
	if !s.on.Load() {
		s.on.Store(true)
	}
}

// Begin returns the time, or the zero time while the switch is off or nil.
func (s *Switch) Begin() time.Time {
	if s == nil || !s.on.Load() {
		return time.Time{}
	}
	return time.Now()
}

// Histogram counts durations. The zero value is empty. It is safe for concurrent use.
type Histogram struct {
	counts [buckets]atomic.Uint64
	sum    atomic.Int64 // nanoseconds
}

// Since counts the time since Switch.Begin returned began. It does nothing for the zero time.
func (h *Histogram) Since(began time.Time) {
	if !began.IsZero() {
		h.Add(time.Since(began))
	}
}

// Add counts a duration.
func (h *Histogram) Add(d time.Duration) {
	i := 0
	for i < len(Bounds) && d > Bounds[i] {
		i++
	}
	h.counts[i].Add(1)
	h.sum.Add(int64(d))
}

// Distribution is the content of a Histogram.
type Distribution struct {
	Count uint64
	Sum   time.Duration
	// Below has the number of durations up to each of Bounds.
	Below []uint64
}

// Read returns the durations so far.
func (h *Histogram) Read() Distribution {
	d := Distribution{Sum: time.Duration(h.sum.Load()), Below: make([]uint64, len(Bounds))}
	for i := range h.counts {
		d.Count += h.counts[i].Load()
		if i < len(Bounds) {
			d.Below[i] = d.Count
		}
	}
	return d
}

// Backend has the meters of a backend. The zero value measures nothing yet. A nil Backend
// never does.
type Backend struct {
	Switch
	handlers [maxHandler]atomic.Pointer[Histogram]
	// Queries and Writes are for statements of the database that read and that write, and
	// Failures counts those that fail, also those that are repeated after a conflict.
	Queries, Writes Histogram
	Failures        atomic.Uint64
}

// maxHandler is more than the number of each message type.
const maxHandler = 1100

// Begin is Switch.Begin. It accepts a nil Backend.
func (b *Backend) Begin() time.Time {
	if b == nil {
		return time.Time{}
	}
	return b.Switch.Begin()
}

// Handled counts the call of a handler that began at a time of Begin. number is that of its
// message type.
func (b *Backend) Handled(number int, began time.Time) {
	if began.IsZero() || number < 0 || number >= maxHandler {
		return
	}
	h := b.handlers[number].Load()
	if h == nil {
		h = new(Histogram)
		if !b.handlers[number].CompareAndSwap(nil, h) {
			h = b.handlers[number].Load()
		}
	}
	h.Since(began)
}

// Handlers returns the durations of handlers by the numbers of their message types.
func (b *Backend) Handlers() map[int]Distribution {
	all := map[int]Distribution{}
	for number := range b.handlers {
		if h := b.handlers[number].Load(); h != nil {
			all[number] = h.Read()
		}
	}
	return all
}

// Queried counts a statement that reads and began at a time of Begin, with its error.
func (b *Backend) Queried(began time.Time, err error) {
	if b != nil {
		b.Queries.Since(began)
		b.failed(err)
	}
}

// Written counts a statement that writes and began at a time of Begin, with its error.
func (b *Backend) Written(began time.Time, err error) {
	if b != nil {
		b.Writes.Since(began)
		b.failed(err)
	}
}

// failed counts an error, unless the caller has given up.
func (b *Backend) failed(err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		b.Failures.Add(1)
	}
}
