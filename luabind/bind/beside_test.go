package bind

import (
	"context"
	"errors"
	"sync"
	"testing"
)

func TestPlacesBoundHowManyRun(t *testing.T) {
	const places = 3
	p := NewPlaces(places)
	var mu sync.Mutex
	running, most := 0, 0
	var all sync.WaitGroup
	for range 4 * places {
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
	if most == 0 || most > places || len(p.free) != 0 {
		t.Errorf("%d ran at the same time, and %d places are still taken", most, len(p.free))
	}
}

func TestNextLetsOthersFirst(t *testing.T) {
	p := NewPlaces(1)
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

func TestPlacesAreGivenBack(t *testing.T) {
	why := errors.New("because")
	ctx, cancel := context.WithCancelCause(t.Context())
	p := NewPlaces(1)
	err := p.Run(ctx, func(turn *Turn) error {
		waiting := make(chan error)
		go func() { waiting <- p.Run(ctx, func(*Turn) error { return nil }) }()
		cancel(why)
		if err := <-waiting; !errors.Is(err, why) {
			t.Errorf("who waits for a place was told %v", err)
		}
		return turn.Next()
	})
	if !errors.Is(err, why) {
		t.Errorf("who had a place was told %v", err)
	}
	if len(p.free) != 0 {
		t.Error("the place was kept")
	}
}
