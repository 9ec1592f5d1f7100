package task_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"spectrumlua/runtime/task"
)

func TestAwaitTellsWhyATaskNeverRan(t *testing.T) {
	errLate := errors.New("too late")
	waits := func(t *task.Task) { _ = t.Wait(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }) }
	for name, c := range map[string]struct {
		body    func(t *task.Task)
		before  func(o *task.Owner) // before Spawn
		queued  func(t *task.Task)  // while another one has the script lock
		late    bool                // ctx is done
		want    error
		stopped error // Err at the end
	}{
		"it ran":                       {body: func(*task.Task) {}, stopped: task.ErrCancelled},
		"it ran until ctx was done":    {body: waits, late: true, stopped: errLate},
		"its owner ended":              {before: func(o *task.Owner) { o.Cancel(errTest) }, want: errTest, stopped: errTest},
		"cancelled in the queue":       {queued: cancel, want: errTest, stopped: errTest},
		"its waits ended in the queue": {queued: endWaits, want: errTest, stopped: errTest},
		"ctx was done in the queue":    {queued: func(*task.Task) {}, late: true, want: errLate, stopped: errLate},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, task.Options{}, func(b *bench) {
				ctx, late := context.WithCancelCause(b.Context())
				defer late(nil)
				o := b.owner("dan")
				if c.before != nil {
					c.before(o)
				}
				letGo := b.holdScriptLock()
				running := o.Spawn("", func(t *task.Task) {
					if c.body == nil {
						b.Error("it ran")
						return
					}
					c.body(t)
				})
				if c.queued != nil {
					c.queued(running)
				}
				awaited := make(chan error)
				go func() { awaited <- running.Await(ctx, running.Cancel) }()
				if c.body == nil && c.late {
					late(errLate)
				}
				synctest.Wait()
				letGo()
				if c.body != nil && c.late {
					late(errLate)
				}
				if err := <-awaited; err != c.want {
					b.Errorf("Await returned %v, not %v", err, c.want)
				}
				if err := running.NeverRan(); err != c.want {
					b.Errorf("NeverRan returned %v, not %v", err, c.want)
				}
				if err := running.Err(); err != c.stopped {
					b.Errorf("its Err is %v, not %v", err, c.stopped)
				}
			})
		})
	}
}
