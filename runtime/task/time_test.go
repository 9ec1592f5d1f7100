package task_test

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/task"
)

// TestAdvancedClockRunsEveryTimer advances the clock by an hour at once. All timers of
// that hour must run.
func TestAdvancedClockRunsEveryTimer(t *testing.T) {
	cases := []struct {
		name string
		run  func(o *task.Owner, tick func())
	}{
		{"a period", func(o *task.Owner, tick func()) {
			task.NewTimers(o).After("", time.Minute, true, func(*task.Task) { tick() })
		}},
		{"a loop that sleeps", func(o *task.Owner, tick func()) {
			o.Spawn("", func(t *task.Task) {
				for t.Wait(func(ctx context.Context) error { return t.Sleep(ctx, time.Minute) }) == nil {
					tick()
				}
			})
		}},
		{"a loop of timeouts", func(o *task.Owner, tick func()) {
			o.Spawn("", func(t *task.Task) {
				for t.Err() == nil {
					_ = t.Wait(func(ctx context.Context) error {
						limited, cancel := t.WithTimeout(ctx, time.Minute, errTest)
						defer cancel()
						<-limited.Done()
						return ctx.Err()
					})
					if t.Err() == nil {
						tick()
					}
				}
			})
		}},
		{"a task that wakes another one", func(o *task.Owner, tick func()) {
			work := make(chan struct{}, 1)
			task.NewTimers(o).After("", time.Minute, true, func(*task.Task) { work <- struct{}{} })
			o.Spawn("", func(t *task.Task) {
				for t.Wait(func(ctx context.Context) error { return receive(ctx, work) }) == nil {
					tick()
				}
			})
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var s *task.Scheduler
			m := clock.NewMovable(func(ctx context.Context) { task.Settle(ctx, s) })
			s = task.New(task.Options{Clock: m})
			defer s.Close()
			o := s.NewOwner(t.Context(), "user")
			began := m.Now()
			var ticks []string
			c.run(o, func() { ticks = append(ticks, fmt.Sprint(clock.Since(m, began).Round(time.Second))) })
			task.Settle(t.Context(), s)
			if err := m.Advance(t.Context(), time.Hour); err != nil {
				t.Fatal(err)
			}
			s.Do(func() {
				if len(ticks) != 60 || ticks[0] != "1m0s" || ticks[59] != "1h0m0s" {
					t.Errorf("%d turns: %v", len(ticks), ticks)
				}
			})
			o.Cancel(errTest)
			await(t, o.Idle(), "the end of the owner")
		})
	}
}

// TestSettleWaitsForWork waits for work of this process, but not for data that others
// may send.
func TestSettleWaitsForWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := task.New(task.Options{})
		defer s.Close()
		o := s.NewOwner(t.Context(), "user")
		var answers int
		o.Spawn("database", func(t *task.Task) {
			for range 3 {
				_ = t.Wait(func(context.Context) error {
					t.Soon()
					time.Sleep(20 * time.Millisecond)
					return nil
				})
				answers++
			}
			_ = t.Wait(func(ctx context.Context) error { return receive(ctx, nil) })
		})
		began := time.Now()
		task.Settle(t.Context(), s)
		s.Do(func() {
			if answers != 3 {
				t.Errorf("%d answers have come after %v", answers, time.Since(began))
			}
		})
		o.Cancel(errTest)
		<-o.Idle()
	})
}

// TestSettleWaitsForGoroutinesThatRun has a wait that computes, which no task counts.
func TestSettleWaitsForGoroutinesThatRun(t *testing.T) {
	s := task.New(task.Options{Clock: clock.NewMovable(func(context.Context) {})})
	defer s.Close()
	o := s.NewOwner(t.Context(), "user")
	var computed bool
	o.Spawn("", func(t *task.Task) {
		_ = t.Wait(func(context.Context) error {
			for began := time.Now(); time.Since(began) < 20*time.Millisecond; {
			}
			return nil
		})
		computed = true
		_ = t.Wait(func(ctx context.Context) error { return receive(ctx, nil) })
	})
	task.Settle(t.Context(), s)
	s.Do(func() {
		if !computed {
			t.Error("Settle did not wait for the goroutine")
		}
	})
	o.Cancel(errTest)
	await(t, o.Idle(), "the end of the owner")
}

// TestSettleGivesUpOnBusyTasks uses tasks that never become idle.
func TestSettleGivesUpOnBusyTasks(t *testing.T) {
	s := task.New(task.Options{})
	defer s.Close()
	o := s.NewOwner(t.Context(), "user")
	o.Spawn("", func(t *task.Task) {
		for t.Wait(func(context.Context) error { return nil }) == nil {
		}
	})
	settled := make(chan struct{})
	go func() {
		task.Settle(t.Context(), s)
		close(settled)
	}()
	await(t, settled, "the end of Settle")
	o.Cancel(errTest)
	await(t, o.Idle(), "the end of the owner")
}

// TestSettleWaitsForInputThatHasArrived has a task that takes its input long after it has
// arrived, as if the processors were busy. The collector is off, because Settle waits for its
// goroutines, too.
func TestSettleWaitsForInputThatHasArrived(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	synctest.Test(t, func(t *testing.T) {
		s := task.New(task.Options{Clock: clock.NewMovable(func(context.Context) {})})
		defer s.Close()
		o := s.NewOwner(t.Context(), "user")
		var arrived atomic.Bool
		arrival, taken := make(chan struct{}), false
		o.Spawn("reader", func(t *task.Task) {
			_ = t.Wait(func(context.Context) error {
				defer t.Input(arrived.Load)()
				<-arrival
				time.Sleep(20 * time.Millisecond)
				return nil
			})
			taken = true
			_ = t.Wait(func(ctx context.Context) error { return receive(ctx, nil) })
		})
		settled := func() (is bool) {
			task.Settle(t.Context(), s)
			s.Do(func() { is = taken })
			return is
		}
		if settled() {
			t.Error("the task did not wait for its input")
		}
		arrived.Store(true)
		close(arrival)
		if !settled() {
			t.Error("Settle did not wait for input that has arrived")
		}
		began := time.Now()
		if settled(); time.Since(began) >= 100*time.Millisecond { // it did not give up
			t.Errorf("Settle took %v after the task had its input", time.Since(began))
		}
		o.Cancel(errTest)
		<-o.Idle()
	})
}
