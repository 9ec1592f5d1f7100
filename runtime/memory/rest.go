package memory

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// restLook is how often Rest looks, and quietBytes what may be allocated
	// from one look to the next by a process that is at rest.
	restLook   = 300 * time.Millisecond
	quietBytes = 256 << 10
)

// Rest collects the garbage and gives memory back to the system whenever the
// process has come to rest with enough of it, until ctx is done. Go by itself
// collects when there is as much garbage as there is anything else, such as
// sessions, which is never while nobody makes more. It is to be called after
// Settle. A GOGC in the environment turns it off.
func Rest(ctx context.Context) {
	if os.Getenv("GOGC") == "" {
		rest(ctx, allocated())
	}
}

// rest is Rest for one who has collected when so many bytes had been allocated.
func rest(ctx context.Context, collected uint64) {
	look := time.NewTicker(restLook)
	defer look.Stop()
	before := collected
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
		now := allocated()
		if now-before < quietBytes && now-collected >= floorBytes {
			debug.FreeOSMemory()
			collected = now
		}
		before = now
	}
}

// allocated is how many bytes have been allocated since the process began.
func allocated() uint64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
