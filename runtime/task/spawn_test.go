package task_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"spectrumlua/runtime/task"
)

// spawning starts a task that makes a note, waits, and makes another note.
func (b *bench) spawning(o *task.Owner, name, what string, until <-chan struct{}) *task.Task {
	return o.Spawn(name, func(t *task.Task) { b.waitFor(t, what, until) })
}

const replaced = ": the task was replaced by another task with the same name"

// replacings holds tasks that replace each other, with the expected notes.
var replacings = []struct {
	name string
	run  func(b *bench, o *task.Owner)
	want []string
}{
	{"once", func(b *bench, o *task.Owner) {
		b.spawning(o, "n", "a", nil)
		b.expect("a")
		b.spawning(o, "n", "b", nil)
	}, []string{"a" + replaced, "b"}},
	{"three in a row", func(b *bench, o *task.Owner) {
		b.spawning(o, "n", "a", nil)
		b.expect("a")
		letGo := b.holdScriptLock() // so that none of the tasks can start
		for _, what := range []string{"b", "c", "d"} {
			b.spawning(o, "n", what, nil)
		}
		letGo()
	}, []string{"a" + replaced, "d"}},
	{"before it started", func(b *bench, o *task.Owner) {
		letGo := b.holdScriptLock()
		a := b.spawning(o, "n", "a", nil)
		b.spawning(o, "n", "b", nil)
		letGo()
		if !isClosed(a.Ended()) {
			b.Error("the replaced task, which never started, has not ended")
		}
	}, []string{"b"}},
	{"after it ended", func(b *bench, o *task.Owner) {
		o.Spawn("n", func(*task.Task) { b.note("a") })
		b.expect("a")
		b.spawning(o, "n", "b", nil)
	}, []string{"b"}},
	{"by a task of the same name", func(b *bench, o *task.Owner) {
		o.Spawn("n", func(t *task.Task) {
			b.spawning(o, "n", "b", nil)
			b.waitFor(t, "a", nil)
		})
	}, []string{"a", "a" + replaced, "b"}},
	{"another name, and no name", func(b *bench, o *task.Owner) {
		b.spawning(o, "n", "a", nil)
		b.spawning(o, "m", "b", nil)
		b.spawning(o, "", "c", nil)
		b.spawning(o, "", "d", nil)
	}, []string{"a", "b", "c", "d"}},
	{"another owner", func(b *bench, o *task.Owner) {
		b.spawning(o, "n", "a", nil)
		other := b.owner("other")
		b.spawning(other, "n", "b", nil)
		b.expect("a", "b")
		other.Cancel(errTest)
	}, []string{"b: the test says so"}},
	{"then its owner cancelled", func(b *bench, o *task.Owner) {
		letGo := b.holdScriptLock()
		b.spawning(o, "n", "a", nil)
		b.spawning(o, "n", "b", nil)
		b.spawning(o, "", "c", nil)
		o.Cancel(errTest)
		letGo()
		if !isClosed(o.Idle()) {
			b.Error("tasks that never started keep the owner busy")
		}
	}, nil},
	{"one that is busy", func(b *bench, o *task.Owner) {
		free := make(chan struct{})
		o.Spawn("n", func(t *task.Task) {
			_ = t.Wait(func(context.Context) error { <-free; return nil }) // ignores its context
			b.note("a has its result")
		})
		synctest.Wait()
		b.spawning(o, "n", "b", nil)
		b.expect()
		close(free)
	}, []string{"a has its result", "b"}},
}

func TestNamedTaskReplacesAnOlderOne(t *testing.T) {
	for _, c := range replacings {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, task.Options{}, func(b *bench) {
				o := b.owner("user")
				c.run(b, o)
				b.expect(c.want...)
				o.Cancel(errTest)
				<-o.Idle()
			})
		})
	}
}

func TestTaskReturnsTheNewestOfAName(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		o := b.owner("user")
		check := func(want *task.Task) {
			b.Helper()
			synctest.Wait()
			if got := o.Task("n"); got != want {
				b.Errorf("got %p, want %p", got, want)
			}
		}
		check(nil)
		first := b.spawning(o, "n", "a", nil)
		check(first)
		goOn := make(chan struct{})
		second := b.spawning(o, "n", "b", goOn)
		if o.Task("n") != second {
			b.Error("Task does not return the newest task")
		}
		check(second)
		close(goOn)
		check(nil)
	})
}

// TestReplacedReaderLosesNoLine replaces a reader many times. Each line must be handled
// once, and in order.
func TestReplacedReaderLosesNoLine(t *testing.T) {
	const lines, batch = 5000, 5
	s := task.New(task.Options{})
	defer s.Close()
	o := s.NewOwner(t.Context(), "user")
	feed, done := make(chan int), make(chan struct{})
	handled := 0
	read := func(t2 *task.Task) {
		for {
			var line int
			err := t2.Wait(func(ctx context.Context) error {
				select {
				case line = <-feed:
					return nil
				case <-ctx.Done():
					return ctx.Err()
				}
			})
			switch {
			case err != nil:
				return
			case t2.Err() != nil:
				t.Error("the task is stopped although it has read a line")
			case line != handled:
				t.Errorf("line %d was handled at position %d", line, handled)
			}
			if handled = line + 1; handled == lines {
				close(done)
			}
		}
	}
	go func() {
		for i := range lines {
			if i%batch == 0 {
				o.Spawn("reader", read)
			}
			feed <- i
		}
	}()
	await(t, done, fmt.Sprintf("the handling of %d lines", lines))
	o.Cancel(errTest)
	await(t, o.Idle(), "the end of the readers")
}
