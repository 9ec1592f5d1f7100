package bind

import (
	"context"
	"errors"
	"sync"
	"testing"
)

func TestWorkerPoolLimitsConcurrency(t *testing.T) {
	const slots = 3
	p := NewWorkerPool(slots)
	var mu sync.Mutex
	running, most := 0, 0
	var all sync.WaitGroup
	for range 4 * slots {
		all.Go(func() {
			_ = p.Run(t.Context(), func(turn *Turn) error {
				for range 100 {
					mu.Lock()
					running++
					most = max(most, running)
					mu.Unlock()
					mu.Lock()
					running--
					mu.Unlock()
					if err := turn.Next(); err != nil {
						t.Error(err)
					}
				}
				return nil
			})
		})
	}
	all.Wait()
	if most == 0 || most > slots || len(p.taken) != 0 {
		t.Errorf("%d ran at the same time, want at most %d; %d slots are still taken", most, slots, len(p.taken))
	}
}

func TestNextLetsOtherComputationsRun(t *testing.T) {
	p := NewWorkerPool(1)
	short := make(chan struct{})
	err := p.Run(t.Context(), func(turn *Turn) error {
		go p.Run(t.Context(), func(*Turn) error {
			close(short)
			return nil
		})
		for {
			select {
			case <-short:
				return nil
			default:
			}
			if err := turn.Next(); err != nil {
				return err
			}
		}
	})
	if err != nil {
		t.Error(err)
	}
}

func TestCancelledComputationsReleaseTheirSlots(t *testing.T) {
	why := errors.New("because")
	ctx, cancel := context.WithCancelCause(t.Context())
	p := NewWorkerPool(1)
	err := p.Run(ctx, func(turn *Turn) error {
		waiting := make(chan error)
		go func() { waiting <- p.Run(ctx, func(*Turn) error { return nil }) }()
		cancel(why)
		if err := <-waiting; !errors.Is(err, why) {
			t.Errorf("the waiting computation got %v", err)
		}
		return turn.Next()
	})
	if !errors.Is(err, why) {
		t.Errorf("the running computation got %v", err)
	}
	if len(p.taken) != 0 {
		t.Error("a slot is still taken")
	}
}
