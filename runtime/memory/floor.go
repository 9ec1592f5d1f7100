package memory

import (
	"os"
	"runtime/debug"
	"sync/atomic"
)

// floorBytes is the minimum amount of garbage for a collection. Go decides by the
// size of the heap, and would collect a small heap dozens of times in a second
// under load. A larger value does not make scripts faster.
const floorBytes = 16 << 20

// startPercent allows twice as much garbage while the heap is nearly empty.
// Compiling a large script needs that much.
const startPercent = 800

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

// Settle collects the garbage of the start. After that, Go collects only when
// floorBytes of garbage exist: Settle reserves a part of the heap of that size and
// never touches it, so that it uses addresses but no memory. Used does not count it.
// Settle may be called once.
func Settle() {
	if os.Getenv("GOGC") == "" {
		f := make([]byte, floorBytes)
		floor.Store(&f)
		debug.SetGCPercent(100)
	}
	debug.FreeOSMemory()
}
