package task_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"spectrumlua/runtime/task"
)

// In these tests a sleep stands for a running script. Unlike a script, it continues
// after the watchdog has cancelled it.

const limit = 800 * time.Millisecond

func TestTaskThatRunsTooLongIsStopped(t *testing.T) {
	for _, kind := range []string{"item", "task"} {
		t.Run(kind, func(t *testing.T) {
			inBubble(t, task.Options{Run: limit}, func(b *bench) {
				begin := time.Now()
				o := b.owner("user")
				start(o, kind, func(t *task.Task) {
					<-t.Done()
					var tooLong *task.RanTooLongError
					if ran := time.Since(begin); !errors.As(t.Err(), &tooLong) || ran < limit || ran > limit*3/2 {
						b.Errorf("stopped after %v with %v", ran, t.Err())
					}
					if err := t.Wait(func(context.Context) error { return nil }); err != t.Err() {
						b.Errorf("Wait returned %v", err)
					}
					b.note("stopped")
				})
				o.Post(b.noting("next"))
				time.Sleep(2 * limit)
				b.expect("stopped", "next")
			})
		})
	}
}

func TestWaitingDoesNotCountAsRunning(t *testing.T) {
	inBubble(t, task.Options{Run: limit}, func(b *bench) {
		b.owner("user").Post(itemFunc(func(t *task.Task) {
			for range 10 {
				time.Sleep(limit * 3 / 4)
				if err := t.Wait(func(context.Context) error { time.Sleep(3 * limit); return nil }); err != nil {
					b.Errorf("stopped: %v", err)
				}
			}
			b.note("done")
		}))
		time.Sleep(time.Minute)
		b.expect("done")
	})
}

// TestShortRunsDoNotAddUp covers many short runs of one task and of many tasks.
func TestShortRunsDoNotAddUp(t *testing.T) {
	inBubble(t, task.Options{Run: limit}, func(b *bench) {
		one, two := b.owner("one"), b.owner("two")
		for range 20 {
			for _, o := range []*task.Owner{one, one, two} {
				o.Post(itemFunc(func(t *task.Task) {
					time.Sleep(limit / 2)
					if t.Err() != nil {
						b.Error(t.Err())
					}
				}))
			}
		}
		one.Finish(b.noting("last"))
		time.Sleep(time.Minute)
		b.expect("last")
	})
}

func TestWithoutLimitNoTaskIsStopped(t *testing.T) {
	inBubble(t, task.Options{OnStuck: func(*task.Task) { t.Error("stuck") }}, func(b *bench) {
		b.owner("user").Post(itemFunc(func(t *task.Task) {
			time.Sleep(time.Hour)
			if t.Err() != nil {
				b.Error(t.Err())
			}
			b.note("done")
		}))
		time.Sleep(2 * time.Hour)
		b.expect("done")
	})
}

func TestStuckTaskIsReportedOnce(t *testing.T) {
	var stuck []string
	var after time.Duration
	var begin time.Time
	l := task.Options{Run: limit, Grace: limit, OnStuck: func(t *task.Task) {
		stuck = append(stuck, t.Owner().Name())
		after = time.Since(begin)
	}}
	inBubble(t, l, func(b *bench) {
		begin = time.Now()
		for _, name := range []string{"first", "second"} {
			b.owner(name).Post(itemFunc(func(*task.Task) { time.Sleep(5 * limit) }))
		}
		time.Sleep(11 * limit)
		b.s.Close() // ends the watchdog
		if len(stuck) != 1 || stuck[0] != "first" || after < 2*limit || after > 5*limit/2 {
			b.Errorf("reported %q after %v", stuck, after)
		}
	})
}

// TestWatchdogCancelsOnlyTheItemThatRanTooLong ends items of one owner at the time at
// which the watchdog looks. It must not cancel the next item, which the same task
// handles, nor an item that waits.
func TestWatchdogCancelsOnlyTheItemThatRanTooLong(t *testing.T) {
	const items = 20000
	random := rand.New(rand.NewPCG(1, 2))
	inBubble(t, task.Options{Run: limit}, func(b *bench) {
		o, stopped := b.owner("user"), 0
		run := func(t *task.Task) {
			ran := limit * time.Duration(6+random.IntN(3)) / 8
			time.Sleep(ran)
			switch err := t.Err(); {
			case err == nil:
			case ran < limit:
				b.Errorf("stopped after %v: %v", ran, err)
			default:
				stopped++
			}
		}
		for range items {
			o.Post(itemFunc(func(t *task.Task) {
				if t.Err() != nil {
					b.Error("the next item is stopped before it starts")
				}
				run(t)
				if t.Wait(func(context.Context) error { return nil }) == nil {
					run(t)
				}
			}))
		}
		o.Finish(b.noting("last"))
		time.Sleep(3 * items * limit)
		b.expect("last")
		if stopped == 0 {
			b.Error("no item was stopped, so the test proves nothing")
		}
	})
}
