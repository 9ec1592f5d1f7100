package task

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

type itemFunc func(t *Task)

func (f itemFunc) Handle(t *Task) { f(t) }

func TestSlowHandlingIsToldOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		told := 0
		s := New(Limits{Slow: 30 * time.Second, OnSlow: func(o *Owner, waited time.Duration, queued int) {
			told++
			if o.Name() != "alice" || waited != 40*time.Second || queued != 2 {
				t.Errorf("told of %s, %v, %d", o.Name(), waited, queued)
			}
		}})
		defer s.Close()
		o := s.NewOwner(t.Context(), "alice")
		sleep := func(d time.Duration) Item {
			return itemFunc(func(task *Task) {
				_ = task.Wait(func(context.Context) error { time.Sleep(d); return nil })
			})
		}
		o.Post(sleep(time.Minute)) // nothing behind it: nobody is held up
		time.Sleep(2 * time.Minute)
		o.Post(sleep(50 * time.Second))
		time.Sleep(20 * time.Second)
		o.Post(sleep(0))
		synctest.Wait()
		if told != 0 {
			t.Error("told too early")
		}
		time.Sleep(20 * time.Second)
		o.Post(sleep(time.Minute))
		time.Sleep(35 * time.Second)
		o.Post(sleep(0))
		time.Sleep(time.Hour)
		if told != 1 {
			t.Errorf("told %d times", told)
		}
		o.Cancel(ErrCancelled)
		<-o.Idle()
	})
}
