// Package memory watches how much memory the process uses, and gives back what it
// does not need.
package memory

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// lookEvery is how often Watch looks: a script that fills tables as fast as it
// can makes about a gigabyte a second.
const lookEvery = 50 * time.Millisecond

// nearPercent of the limit are near it.
const nearPercent = 80

// Used is how many bytes the process has from the system and uses: the heap,
// stacks, and what Go itself needs.
func Used() int64 {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64()-samples[1].Value.Uint64()) - floorSize()
}

// Limit says what to do as memory comes near a limit.
type Limit struct {
	// Bytes is the limit.
	Bytes int64
	// Near is called when the use comes near it, and again only after it has
	// been away from it.
	Near func(used int64)
	// Over is called once, when the use is over it.
	Over func(used int64)
}

// Watch watches until ctx is done or Over has been called, on the caller's
// goroutine. It has Go collect its garbage harder as the limit comes near.
func (l Limit) Watch(ctx context.Context) {
	before := debug.SetMemoryLimit(l.Bytes/100*nearPercent + floorBytes)
	defer debug.SetMemoryLimit(before)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	near := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		switch used := Used(); {
		case used > l.Bytes:
			if !near { // it came too fast to be seen near
				l.Near(used)
			}
			l.Over(used)
			return
		case used > l.Bytes/100*nearPercent:
			if !near {
				l.Near(used)
			}
			near = true
		case used < l.Bytes/100*(nearPercent-10):
			near = false
		}
	}
}
