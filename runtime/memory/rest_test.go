package memory

import (
	"context"
	"runtime/metrics"
	"testing"
	"time"
)

// TestRestReturnsMemoryOfAnIdleProcess drops 64 MB and allocates nothing more. Go itself
// would return the memory after two minutes.
func TestRestReturnsMemoryOfAnIdleProcess(t *testing.T) {
	collected := allocated()
	const size = 64 << 20
	sink = make([]byte, size)
	for i := 0; i < size; i += 4096 {
		sink[i] = 1
	}
	before := Used()
	sink = nil
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { // not before, since filling the memory may take longer than restLook
		defer close(ended)
		rest(ctx, collected)
	}()
	for deadline := time.Now().Add(30 * time.Second); Used() > before-size/2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d MB of %d MB are still used", Used()>>20, before>>20)
		}
	}
	cancel()
	<-ended
}

// TestRestCollectsWhenTheProcessIsFirstIdle: the garbage of a small start is less than
// floorBytes.
func TestRestCollectsWhenTheProcessIsFirstIdle(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	before := forced()
	go func() {
		defer close(ended)
		rest(ctx, 0)
	}()
	for deadline := time.Now().Add(30 * time.Second); forced() == before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no collection")
		}
	}
	cancel()
	<-ended
}

// forced returns the number of collections that the program has asked for.
func forced() uint64 {
	sample := []metrics.Sample{{Name: "/gc/cycles/forced:gc-cycles"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
