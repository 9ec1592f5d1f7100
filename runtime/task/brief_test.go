package task_test

import (
	"context"
	"testing"
	"time"

	"spectrumlua/runtime/task"
)

// briefs returns how often Brief allows something, at most `most` times.
func briefs(t *task.Task, most int) (n int) {
	for n < most && t.Brief() {
		n++
	}
	return n
}

func TestBriefIsLimitedBetweenWaits(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		o := b.owner("dan")
		o.Post(itemFunc(func(t *task.Task) {
			first := briefs(t, 1000)
			if first < 10 || first > 100 {
				b.Errorf("%d times without a wait", first)
			}
			if err := t.Wait(func(context.Context) error { return nil }); err != nil {
				b.Error(err)
			}
			if again := briefs(t, 1000); again != first {
				b.Errorf("%d times, and %d after a wait", first, again)
			}
		}))
		o.Post(itemFunc(func(t *task.Task) {
			if !t.Brief() {
				b.Error("not in the next item")
			}
			b.note("done")
		}))
		b.expect("done")
	})
}

// TestBriefIsFalseAfterComputing has tasks that compute before the first call, outside of a
// bubble because time has to pass.
func TestBriefIsFalseAfterComputing(t *testing.T) {
	b := &bench{T: t, s: task.New(task.Options{})}
	defer b.s.Close()
	o, l := b.owner("dan"), b.lender()
	computes := func(until func() bool) itemFunc {
		return func(running *task.Task) {
			for end := time.Now().Add(patience); !until(); {
				if time.Now().After(end) {
					t.Error("it computes without end")
					return
				}
			}
			if running.Brief() {
				t.Error("Brief is true after the task has computed")
			}
		}
	}
	o.Handle(computes(func() bool { return isClosed(l.kept) }), l)
	begin, done := time.Now(), make(chan struct{})
	o.Post(computes(func() bool { return time.Since(begin) > 10*time.Millisecond }))
	o.Post(itemFunc(func(*task.Task) { close(done) }))
	await(t, done, "the items")
}

func TestBriefIsFalseIfWaitWouldFail(t *testing.T) {
	for name, end := range map[string]func(t *task.Task){
		"cancelled":       cancel,
		"its waits ended": endWaits,
		"its owner":       func(t *task.Task) { t.Owner().Cancel(errTest) },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, task.Options{}, func(b *bench) {
				b.owner("dan").Post(itemFunc(func(t *task.Task) {
					end(t)
					if t.Brief() {
						b.Error("Brief is true")
					}
					b.note("done")
				}))
				b.expect("done")
			})
		})
	}
}
