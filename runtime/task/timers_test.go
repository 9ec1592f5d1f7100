package task_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/task"
)

// timerCases holds timers with the times at which they must run.
var timerCases = []struct {
	name string
	run  func(b *bench, o *task.Owner, ts *task.Timers, tick func(what string) func(*task.Task))
	want []string
}{
	{"after", func(_ *bench, _ *task.Owner, ts *task.Timers, tick func(string) func(*task.Task)) {
		ts.After("", time.Second, false, tick("a"))
		ts.After("", 0, false, tick("b"))
	}, []string{"0s b", "1s a"}},
	{"every", func(_ *bench, _ *task.Owner, ts *task.Timers, tick func(string) func(*task.Task)) {
		timer := ts.After("", time.Second, true, tick("a"))
		time.Sleep(3500 * time.Millisecond)
		timer.Cancel()
		timer.Cancel()
	}, []string{"1s a", "2s a", "3s a"}},
	{"every, when runs take long", func(b *bench, _ *task.Owner, ts *task.Timers, tick func(string) func(*task.Task)) {
		timer := ts.After("", time.Second, true, func(t *task.Task) {
			tick("a")(t)
			_ = t.Wait(func(context.Context) error { time.Sleep(2200 * time.Millisecond); return nil })
		})
		time.Sleep(8 * time.Second)
		timer.Cancel()
	}, []string{"1s a", "4s a", "7s a"}},
	{"the same name again", func(_ *bench, _ *task.Owner, ts *task.Timers, tick func(string) func(*task.Task)) {
		ts.After("n", time.Second, false, tick("old"))
		ts.After("n", 2*time.Second, false, tick("new"))
		ts.After("m", 3*time.Second, false, tick("other"))
	}, []string{"2s new", "3s other"}},
	{"the same name again while it runs", func(_ *bench, _ *task.Owner, ts *task.Timers, tick func(string) func(*task.Task)) {
		ts.After("n", time.Second, true, func(t *task.Task) {
			_ = t.Wait(func(context.Context) error { time.Sleep(time.Second); return nil })
			tick("old")(t)
		})
		time.Sleep(1500 * time.Millisecond)
		ts.After("n", 5*time.Second, false, tick("new"))
	}, []string{"2s old", "6.5s new"}},
	{"replaced by itself", func(_ *bench, _ *task.Owner, ts *task.Timers, tick func(string) func(*task.Task)) {
		ts.After("n", time.Second, true, func(t *task.Task) {
			tick("old")(t)
			ts.After("n", time.Second, false, tick("new"))
		})
	}, []string{"1s old", "2s new"}},
	{"the unnamed are cancelled", func(_ *bench, _ *task.Owner, ts *task.Timers, tick func(string) func(*task.Task)) {
		ts.After("", time.Second, true, tick("unnamed"))
		ts.After("", time.Second, false, tick("unnamed"))
		ts.After("n", time.Second, false, tick("named"))
		ts.CancelUnnamed()
	}, []string{"1s named"}},
	{"the owner ends", func(_ *bench, o *task.Owner, ts *task.Timers, tick func(string) func(*task.Task)) {
		ts.After("", time.Second, true, tick("a"))
		time.Sleep(1500 * time.Millisecond)
		o.Cancel(errTest)
		synctest.Wait()
		ts.After("", 0, true, tick("never")).Cancel()
		ts.After("n", 0, false, tick("never"))
	}, []string{"1s a"}},
	{"a run that is stopped", func(_ *bench, _ *task.Owner, ts *task.Timers, tick func(string) func(*task.Task)) {
		timer := ts.After("", time.Second, true, func(t *task.Task) {
			tick("a")(t)
			t.Cancel(errTest)
		})
		time.Sleep(2500 * time.Millisecond)
		timer.Cancel()
	}, []string{"1s a", "2s a"}},
}

func TestTimersRunOnTime(t *testing.T) {
	for _, c := range timerCases {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, task.Options{}, func(b *bench) {
				o, begin := b.owner("user"), time.Now()
				c.run(b, o, task.NewTimers(o), func(what string) func(*task.Task) {
					return func(*task.Task) { b.note(fmt.Sprint(time.Since(begin), " ", what)) }
				})
				time.Sleep(time.Minute)
				b.expect(c.want...)
				o.Cancel(errTest)
				<-o.Idle()
			})
		})
	}
}
