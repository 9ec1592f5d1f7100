package memory

import (
	"os"
	"runtime/debug"
	"sync/atomic"
)

// floorBytes is how much garbage may come together before it is collected,
// however little else is in use: Go goes by the size of the heap, and with a
// small one it would collect dozens of times in a second under load. More than
// this does not make a script faster.
const floorBytes = 16 << 20

// startPercent lets twice as much come together while the heap is nearly empty:
// what a large script takes to compile.
const startPercent = 800

// floor is what Settle has taken.
var floor atomic.Pointer[[]byte]

// floorSize is how many bytes that are.
func floorSize() int64 {
	if f := floor.Load(); f != nil {
		return int64(len(*f))
	}
	return 0
}

// Begin is called first in a program that calls Settle when its start is over:
// garbage of the start is left until then. A GOGC in the environment turns both
// off.
func Begin() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(startPercent)
	}
}

// Settle collects the garbage of the start, and from then on none before
// floorBytes have come together. For that it takes as much, which counts as part
// of the heap, and never touches it: it takes up addresses and no memory, and
// Used does not count it. It is called once.
func Settle() {
	if os.Getenv("GOGC") == "" {
		f := make([]byte, floorBytes)
		floor.Store(&f)
		debug.SetGCPercent(100)
	}
	debug.FreeOSMemory()
}
