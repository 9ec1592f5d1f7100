package memory

import (
	"context"
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestWatchCallsNearAndOver(t *testing.T) {
	debug.FreeOSMemory() // otherwise garbage of earlier tests could be freed during this one
	start := Used()
	if start <= 0 {
		t.Fatalf("%d bytes are used", start)
	}
	near, over := make(chan int64, 10), make(chan int64, 10)
	limit := Limit{
		Bytes: start + 200<<20,
		Near:  func(used int64) { near <- used },
		Over:  func(used int64) { over <- used },
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		limit.Watch(ctx)
	}()
	var held [][]byte
	hold := func(bytes int) { held = append(held, make([]byte, bytes)) } // also counts while untouched
	hold(int(limit.Bytes/100*85 - start))
	if used := wait(t, ctx, near); used < limit.Bytes/100*nearPercent {
		t.Errorf("near at %d of %d", used, limit.Bytes)
	}
	hold(150 << 20)
	if used := wait(t, ctx, over); used <= limit.Bytes {
		t.Errorf("over at %d of %d", used, limit.Bytes)
	}
	<-done
	if len(near) != 0 {
		t.Error("Near was called twice")
	}
	runtime.KeepAlive(held)
}

func wait(t *testing.T, ctx context.Context, told chan int64) int64 {
	t.Helper()
	select {
	case used := <-told:
		return used
	case <-ctx.Done():
		t.Fatal("timeout: neither Near nor Over was called")
		return 0
	}
}
