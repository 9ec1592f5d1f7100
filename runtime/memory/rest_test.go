package memory

import (
	"context"
	"testing"
	"time"
)

// TestRestReturnsMemoryOfAnIdleProcess drops 64 MB and allocates nothing more. Go itself
// would return the memory after two minutes.
func TestRestReturnsMemoryOfAnIdleProcess(t *testing.T) {
	collected := allocated()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		rest(ctx, collected)
	}()
	const size = 64 << 20
	sink = make([]byte, size)
	for i := 0; i < size; i += 4096 {
		sink[i] = 1
	}
	before := Used()
	sink = nil
	for deadline := time.Now().Add(30 * time.Second); Used() > before-size/2; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d MB of %d MB are still used", Used()>>20, before>>20)
		}
	}
	cancel()
	<-ended
}
