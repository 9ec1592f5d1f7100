package task_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/task"
)

func TestHookIsCalledBeforeEachInstruction(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		var seen []string
		hook := func(name string) {
			b.s.SetHook(func(t *task.Task) { seen = append(seen, name+t.Owner().Name()) })
		}
		run := func() []string {
			seen = nil
			b.owner("user").Spawn("", func(t *task.Task) { instructions(t, 2) })
			synctest.Wait()
			return seen
		}
		if got := run(); len(got) != 0 {
			b.Errorf("without a hook: %q", got)
		}
		hook("1 ")
		if got := run(); len(got) != 2 || got[0] != "1 user" {
			b.Errorf("with a hook: %q", got)
		}
		hook("2 ")
		if got := run(); len(got) != 2 || got[0] != "2 user" {
			b.Errorf("with another hook: %q", got)
		}
		b.s.SetHook(nil)
		if got := run(); len(got) != 0 {
			b.Errorf("after the hook was removed: %q", got)
		}
	})
}

// TestHookReachesATaskThatComputes adds and removes a hook while a task has the script lock.
func TestHookReachesATaskThatComputes(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		const many = 1024
		b.owner("user").Spawn("", func(t *task.Task) {
			count := 0
			b.s.SetHook(func(*task.Task) { count++ })
			instructions(t, many+1)
			if count == 0 {
				b.Errorf("the hook was not called within %d instructions", many+1)
			}
			b.s.SetHook(nil)
			instructions(t, many)
			count = 0
			instructions(t, many)
			if count > 0 {
				b.Errorf("the hook was called %d times after it was removed", count)
			}
			b.note("done")
		})
		b.expect("done")
	})
}

// suspended starts a task that is in Suspend until its context is done or until is closed.
func (b *bench) suspended(o *task.Owner, until <-chan struct{}) (t *task.Task) {
	t = o.Spawn("name", func(t *task.Task) {
		ok := t.Suspend(func(ctx context.Context) {
			select {
			case <-until:
			case <-ctx.Done():
			}
		})
		switch {
		case !ok:
			b.note("not suspended")
		case t.Err() != nil:
			b.note("resumed, cancelled")
		default:
			b.note("resumed")
		}
	})
	synctest.Wait()
	return t
}

func TestSuspendedTaskDoesNotStopOthers(t *testing.T) {
	slow := func(*task.Owner, time.Duration, int) { t.Error("a suspended handler counts as slow") }
	inBubble(t, task.Options{Run: limit, Slow: limit, OnSlow: slow}, func(b *bench) {
		o, until := b.owner("user"), make(chan struct{})
		o.Post(itemFunc(func(t *task.Task) {
			if !t.Suspend(func(context.Context) { <-until }) || t.Err() != nil {
				b.Error("the task was cancelled", t.Err())
			}
			b.note("resumed")
		}))
		o.Post(b.noting("next"))
		b.owner("other").Post(b.noting("other"))
		time.Sleep(10 * limit)
		b.expect("other")
		if !o.Suspended() || b.owner("third").Suspended() {
			b.Error("Suspended is wrong")
		}
		close(until)
		b.expect("resumed", "next")
		if o.Suspended() {
			b.Error("the owner is suspended after the end")
		}
	})
}

func TestEndOfATaskResumesIt(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(o *task.Owner, t *task.Task)
		want string
	}{
		{"cancelled", func(_ *task.Owner, t *task.Task) { t.Cancel(errTest) }, "resumed, cancelled"},
		{"its waits end", func(_ *task.Owner, t *task.Task) { t.EndWaits(errTest) }, "resumed"},
		{"replaced", func(o *task.Owner, _ *task.Task) { o.Spawn("name", func(*task.Task) {}) }, "resumed"},
		{"the mailbox is closed", func(o *task.Owner, _ *task.Task) { o.Finish(itemFunc(func(*task.Task) {})) }, "resumed"},
		{"the owner ends", func(o *task.Owner, _ *task.Task) { o.Cancel(errTest) }, "resumed, cancelled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, task.Options{}, func(b *bench) {
				o := b.owner("user")
				other := b.owner("other")
				running := b.suspended(o, nil)
				until := make(chan struct{})
				b.suspended(other, until)
				c.end(o, running)
				b.expect(c.want)
				close(until)
				b.expect("resumed")
			})
		})
	}
}

func TestEndingTaskIsNotSuspended(t *testing.T) {
	for name, end := range map[string]func(*task.Task){"cancelled": cancel, "its waits have ended": endWaits} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, task.Options{}, func(b *bench) {
				b.owner("user").Post(itemFunc(func(t *task.Task) {
					end(t)
					if t.Suspend(func(context.Context) { b.Error("suspended") }) {
						b.Error("Suspend returns true")
					}
				}))
				synctest.Wait()
			})
		})
	}
}

func TestSuspendWithoutTheScriptLockPanics(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		stray := b.owner("user").Spawn("", func(*task.Task) {})
		synctest.Wait()
		defer func() {
			if recover() == nil {
				b.Error("Suspend does not panic")
			}
		}()
		stray.Suspend(func(context.Context) {})
	})
}

func TestTimeLimitBeginsAgainWhileSuspended(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		o, until := b.owner("user"), make(chan struct{})
		b.suspended(o.Part(), until) // a part counts for the whole
		began := time.Now()
		fired := make(chan time.Duration, 1)
		o.AfterFunc(time.Second, func() { fired <- time.Since(began) })
		stopped := o.AfterFunc(time.Second, func() { b.Error("a limit fires after Stop") })
		time.Sleep(2500 * time.Millisecond)
		if !stopped.Stop() || stopped.Stop() {
			b.Error("Stop does not report whether the limit was pending")
		}
		close(until)
		if after := <-fired; after != 3*time.Second {
			b.Errorf("fired after %v", after)
		}
		b.expect("resumed")
		again := o.AfterFunc(time.Hour, func() { fired <- 0 })
		again.Reset(time.Second)
		<-fired
		o.Cancel(errTest)
	})
}

func TestSettleWaitsForASuspendedTask(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		o, until := b.owner("user"), make(chan struct{})
		b.suspended(o, until)
		time.AfterFunc(time.Minute, func() { close(until) })
		began := time.Now()
		task.Settle(b.Context(), b.s)
		if after := time.Since(began); after < time.Minute {
			b.Errorf("settled after %v", after)
		}
		b.expect("resumed")
	})
}
