package memory

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
)

const (
	// floorBytes is how much garbage a collection needs besides as much as the live data.
	// Go alone decides by the size of the heap, and would collect a small heap dozens of
	// times in a second under load.
	floorBytes = 6 << 20
	// firstBytes is the amount of new data before the first collection after the start.
	firstBytes = 4 << 20
	// startPercent allows much garbage while the heap is nearly empty. Compiling a large
	// script needs that much.
	startPercent = 800
	// usualPercent is Go's own default.
	usualPercent = 100
	// heapMinimum is the heap from which Go collects, for each 100 percent.
	heapMinimum = 4 << 20
)

// floor is the memory that Settle has reserved.
var floor atomic.Pointer[[]byte]

// floorSize returns the size of floor in bytes.
func floorSize() int64 {
	if f := floor.Load(); f != nil {
		return int64(len(*f))
	}
	return 0
}

// Begin delays the collection of garbage until Settle. A program that calls Settle
// should call it first. A GOGC in the environment disables both.
func Begin() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(startPercent)
	}
}

// Settle ends the start. The first collection follows after firstBytes of new data, or
// when Rest finds the process idle, and so does not delay what follows the start. After
// that, Go collects only when there is floorBytes more garbage than live data: Settle
// reserves a part of the heap of that size and never touches it, so that it uses
// addresses but no memory. Used does not count it. Settle may be called once.
func Settle() {
	if os.Getenv("GOGC") != "" {
		return
	}
	f := make([]byte, floorBytes)
	floor.Store(&f)
	debug.SetGCPercent(percentFor(heap()))
	runtime.AddCleanup(&sentinel{}, func(percent int) {
		debug.SetGCPercent(percent)
		_ = Forget() // the pages return when they are needed
	}, usualPercent)
}

// sentinel is an object without references. The first collection cleans it up.
type sentinel struct{ _ *sentinel }

// percentFor returns the percentage at which Go collects after firstBytes of new data.
// live is the live data at the last collection, or 0 before the first one.
func percentFor(used, live uint64) int {
	goal := used + firstBytes
	if live == 0 {
		return int(goal * 100 / heapMinimum)
	}
	return max(usualPercent, int((goal-live)*100/live))
}

// heap returns the size of the heap's objects in bytes, and of those that were live at
// the last collection.
func heap() (used, live uint64) {
	samples := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/gc/heap/live:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64(), samples[1].Value.Uint64()
}
