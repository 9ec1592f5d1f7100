package memory

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// restLook is the interval of Rest's checks. An idle process allocates at most
	// quietBytes between two checks.
	restLook   = 300 * time.Millisecond
	quietBytes = 256 << 10
)

// Rest collects the garbage and returns memory to the system whenever the process
// has become idle: the first time, and then whenever it has enough of it, until ctx is
// done. Go itself collects only when there is as much garbage as live data, which an
// idle process never reaches. Call Rest after Settle. A GOGC in the environment disables
// it.
func Rest(ctx context.Context) {
	if os.Getenv("GOGC") == "" {
		rest(ctx, 0)
	}
}

// rest implements Rest. collected is the number of allocated bytes at the last
// collection, or 0 before the first one.
func rest(ctx context.Context, collected uint64) {
	look := time.NewTicker(restLook)
	defer look.Stop()
	before := allocated()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		now := allocated()
		if now-before < quietBytes && (collected == 0 || now-collected >= floorBytes) {
			debug.FreeOSMemory()
			_ = Forget() // the pages return when they are needed
			collected = now
		}
		before = now
	}
}

// allocated returns the number of bytes that have been allocated since the process
// began.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
