package task

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

type itemFunc func(t *Task)

func (f itemFunc) Handle(t *Task) { f(t) }

func TestSlowHandlingIsReportedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told atomic.Int32
		s := New(Options{Slow: 30 * time.Second, OnSlow: func(o *Owner, waited time.Duration, queued int) {
			told.Add(1)
			if o.Name() != "alice" || waited != 30*time.Second || queued != 2 {
				t.Errorf("reported: %s, %v, %d", o.Name(), waited, queued)
			}
		}})
		defer s.Close()
		o := s.NewOwner(t.Context(), "alice")
		sleep := func(d time.Duration) Item {
			return itemFunc(func(task *Task) {
				_ = task.Wait(func(context.Context) error { time.Sleep(d); return nil })
			})
		}
		o.Post(sleep(time.Minute)) // no item waits behind it
		time.Sleep(2 * time.Minute)
		o.Post(sleep(29 * time.Second)) // less than Slow
		o.Post(sleep(0))
		time.Sleep(time.Minute)
		if told.Load() != 0 {
			t.Error("an item is reported that is not slow")
		}
		o.Post(sleep(time.Hour))
		time.Sleep(10 * time.Second)
		o.Post(sleep(0))
		o.Post(sleep(time.Hour)) // reported only once for each owner
		time.Sleep(19 * time.Second)
		synctest.Wait()
		if told.Load() != 0 {
			t.Error("reported too early")
		}
		time.Sleep(3 * time.Hour)
		if told.Load() != 1 {
			t.Errorf("reported %d times", told.Load())
		}
		o.Cancel(ErrCancelled)
		<-o.Idle()
	})
}
