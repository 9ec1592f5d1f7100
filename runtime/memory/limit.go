// Package memory limits the memory of the process and returns unused memory to the
// system. A program calls Begin when it starts, and Settle after its start. While it
// runs, Rest returns memory when the process is idle, and Limit.Watch reports when the
// memory reaches a limit.
package memory

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// lookEvery is how often Watch checks. A script that fills tables as fast as it can
// allocates about a gigabyte in a second.
const lookEvery = 50 * time.Millisecond

// nearPercent is the percentage of the limit at which Near is called.
const nearPercent = 80

// Used returns the number of bytes that the process uses: the heap, stacks, and
// what Go itself needs.
func Used() int64 {
	samples := []metrics.Sample{
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	return int64(samples[0].Value.Uint64()-samples[1].Value.Uint64()) - floorSize()
}

// Limit is a memory limit with the functions to call.
type Limit struct {
	// Bytes is the limit.
	Bytes int64
	// Near is called when the use reaches 80 % of the limit, and again only after
	// it has fallen below that.
	Near func(used int64)
	// Over is called once, when the use exceeds the limit.
	Over func(used int64)
}

// Watch checks the use until ctx is done or it has called Over. It makes Go collect
// garbage more often as the limit comes near.
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
			if !near { // it grew too fast between two checks
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
