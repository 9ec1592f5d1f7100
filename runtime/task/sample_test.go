package task_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/task"
)

func TestSampleIsTakenAtTheNextInstruction(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		var seen []string
		sample := func(t *task.Task) { seen = append(seen, t.Owner().Name()) }
		if b.s.Sample(sample) {
			b.Error("nothing runs")
		}
		hooked := 0
		b.s.SetHook(func(*task.Task) { hooked++ })
		b.owner("alice").Post(itemFunc(func(t *task.Task) {
			instructions(t, 1)
			if !b.s.Sample(sample) || len(seen) != 0 {
				b.Errorf("before the instruction: %q", seen)
			}
			instructions(t, 1)
			if !slices.Equal(seen, []string{"alice"}) {
				b.Errorf("after it: %q", seen)
			}
			instructions(t, 5)
		}))
		synctest.Wait()
		if len(seen) != 1 || hooked != 7 {
			b.Errorf("%q, and %d calls of the hook", seen, hooked)
		}
	})
}

// TestSampleIsTakenAtEachInstruction includes those at which a task checks the clock.
func TestSampleIsTakenAtEachInstruction(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		const many = 5000
		seen := 0
		b.owner("alice").Post(itemFunc(func(t *task.Task) {
			for range many {
				b.s.Sample(func(*task.Task) { seen++ })
				instructions(t, 1)
			}
		}))
		synctest.Wait()
		if seen != many {
			b.Errorf("%d samples of %d", seen, many)
		}
	})
}

// TestSampleIsTakenBeforeTheScriptLockIsReleased has tasks without another instruction: one
// that waits, and one that ends.
func TestSampleIsTakenBeforeTheScriptLockIsReleased(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		var seen []string
		sample := func(t *task.Task) { seen = append(seen, t.Owner().Name()) }
		b.owner("alice").Post(itemFunc(func(t *task.Task) {
			b.s.Sample(sample)
			_ = t.Wait(func(ctx context.Context) error { return t.Sleep(ctx, time.Second) })
			instructions(t, 2)
		}))
		b.owner("bob").Post(itemFunc(func(*task.Task) { b.s.Sample(sample) }))
		b.owner("carol").Post(itemFunc(func(t *task.Task) { instructions(t, 2) }))
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !slices.Equal(seen, []string{"alice", "bob"}) {
			b.Errorf("%q", seen)
		}
	})
}

// TestSampleReachesATaskThatComputes samples from another goroutine.
func TestSampleReachesATaskThatComputes(t *testing.T) {
	s := task.New(task.Options{})
	defer s.Close()
	taken := make(chan struct{})
	done := make(chan struct{})
	started := make(chan struct{})
	alice := s.NewOwner(t.Context(), "alice")
	defer alice.Cancel(errTest)
	alice.Post(itemFunc(func(t *task.Task) {
		defer close(done)
		close(started)
		for t.Err() == nil {
			select {
			case <-taken:
				return
			default:
				instructions(t, 1)
			}
		}
	}))
	await(t, started, "the task")
	if !s.Sample(func(*task.Task) { close(taken) }) {
		t.Error("no task runs")
	}
	await(t, done, "the sample")
}
