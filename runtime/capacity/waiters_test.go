package capacity_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"

	"spectrumlua/runtime/capacity"
)

func TestWaitReturnsAtOnceIfTheQueueIsNotFull(t *testing.T) {
	var (
		mu sync.Mutex
		w  capacity.Waiters
	)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Wait(ctx, &mu, func() bool { return false }); err != nil {
		t.Error(err)
	}
	w.Release()
}

// TestReleaseEndsAllWaits has goroutines that wait, and others that wait after a Release.
func TestReleaseEndsAllWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			mu sync.Mutex
			w  capacity.Waiters
		)
		for range 2 {
			done := make(chan error, 3)
			for range cap(done) {
				go func() { done <- w.Wait(t.Context(), &mu, func() bool { return true }) }()
			}
			synctest.Wait()
			if len(done) > 0 {
				t.Fatal("Wait returns although the queue is full")
			}
			mu.Lock()
			w.Release()
			mu.Unlock()
			for range cap(done) {
				if err := <-done; err != nil {
					t.Error(err)
				}
			}
		}
	})
}

func TestWaitReturnsTheCauseOfItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var (
			mu sync.Mutex
			w  capacity.Waiters
		)
		ctx, cancel := context.WithCancelCause(t.Context())
		done := make(chan error)
		go func() { done <- w.Wait(ctx, &mu, func() bool { return true }) }()
		synctest.Wait()
		why := errors.New("logged out")
		cancel(why)
		if err := <-done; !errors.Is(err, why) {
			t.Errorf("%v, want %v", err, why)
		}
	})
}
