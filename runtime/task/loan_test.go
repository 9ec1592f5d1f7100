package task_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/task"
)

// lender notes the calls of its methods in a bench. Only link uses Blocks.
type lender struct {
	task.Lender
	b       *bench
	kept    chan struct{} // closed by Keep
	flushed atomic.Bool
}

func (b *bench) lender() *lender { return &lender{b: b, kept: make(chan struct{})} }

func (l *lender) Lend()  { l.b.note("lend") }
func (l *lender) Keep()  { close(l.kept) }
func (l *lender) Flush() { l.flushed.Store(true) }
func (l *lender) Waits() { l.b.note("waits") }

func TestHandleRunsOnTheCallersGoroutine(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		o, l, returned := b.owner("user"), b.lender(), false
		handled := o.Handle(itemFunc(func(*task.Task) {
			b.note("item")
			if returned {
				b.Error("Handle has returned before the item")
			}
			o.Post(b.noting("posted meanwhile"))
		}), l)
		returned = true
		if !handled || isClosed(l.kept) {
			b.Errorf("handled %v, kept %v", handled, isClosed(l.kept))
		}
		b.expect("lend", "item", "posted meanwhile")
		if !o.Handle(b.noting("next"), b.lender()) {
			b.Error("the next item is not handled")
		}
		b.expect("lend", "next")
	})
}

// TestHandleDoesNotOvertake covers all reasons why an item must go through the mailbox.
func TestHandleDoesNotOvertake(t *testing.T) {
	cases := map[string]func(b *bench, o *task.Owner) (undo func()){
		"the script lock is held": func(b *bench, _ *task.Owner) func() { return b.holdScriptLock() },
		"an item is handled": func(b *bench, o *task.Owner) func() {
			until := make(chan struct{})
			o.Post(b.waiting("before", until))
			b.expect("before")
			return func() { close(until); b.expect("before done") }
		},
		"an item waits": func(b *bench, o *task.Owner) func() {
			o.Append(b.noting("appended"))
			return func() { o.Wake(); b.expect("appended") }
		},
		"the owner is held": func(_ *bench, o *task.Owner) func() { o.Hold(); return o.Release },
		"the mailbox is closed": func(b *bench, o *task.Owner) func() {
			o.Finish(b.noting("last"))
			b.expect("last")
			return func() {}
		},
		"the owner has ended": func(_ *bench, o *task.Owner) func() { o.Cancel(errTest); return func() {} },
		"another item borrows the caller": func(b *bench, o *task.Owner) func() {
			until, other := make(chan struct{}), b.owner("other")
			go other.Handle(itemFunc(func(*task.Task) { <-until }), b.lender())
			synctest.Wait()
			return func() { close(until); b.expect("lend") }
		},
	}
	for name, begin := range cases {
		t.Run(name, func(t *testing.T) {
			inBubble(t, task.Options{}, func(b *bench) {
				o := b.owner("user")
				undo := begin(b, o)
				if o.Handle(b.noting("overtakes"), b.lender()) {
					b.Error("Handle has handled the item")
				}
				undo()
				b.expect()
			})
		})
	}
}

func TestWaitKeepsTheGoroutine(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		o, l, until := b.owner("user"), b.lender(), make(chan struct{})
		returned := make(chan bool, 1)
		go func() {
			returned <- o.Handle(itemFunc(func(t *task.Task) {
				if isClosed(l.kept) {
					b.Error("kept before the wait")
				}
				b.waitFor(t, "first", until)
				b.waitFor(t, "second", until) // Keep panics if it is called again
			}), l)
		}()
		b.expect("lend", "first", "waits")
		if !isClosed(l.kept) {
			b.Error("the item waits and has not kept the goroutine")
		}
		other := b.owner("other")
		if !other.Handle(b.noting("meanwhile"), b.lender()) || len(returned) > 0 {
			b.Error("nothing can be handled during the wait")
		}
		o.Post(b.noting("after"))
		until <- struct{}{}
		until <- struct{}{}
		b.expect("lend", "meanwhile", "first done", "second", "second done", "after")
		if !<-returned {
			b.Error("Handle returned false")
		}
	})
}

// untilKept returns an item that runs step until the goroutine is kept.
func (l *lender) untilKept(t *testing.T, step func(*task.Task)) task.Item {
	return itemFunc(func(running *task.Task) {
		for end := time.Now().Add(patience); !isClosed(l.kept); {
			if step(running); time.Now().After(end) {
				t.Errorf("not kept after %v", patience)
				return
			}
		}
	})
}

// TestComputingKeepsTheGoroutine runs code that never waits, with and without instructions
// of the interpreter, outside of a bubble because time has to pass.
func TestComputingKeepsTheGoroutine(t *testing.T) {
	for name, step := range map[string]func(*task.Task){
		"instructions":    func(running *task.Task) { instructions(running, 1) },
		"no instructions": func(*task.Task) {},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bench{T: t, s: task.New(task.Options{Run: time.Hour})}
			defer b.s.Close()
			l := b.lender()
			begin := time.Now()
			if !b.owner("user").Handle(l.untilKept(t, step), l) {
				t.Error("Handle returned false")
			}
			if took := time.Since(begin); took < time.Millisecond {
				t.Errorf("kept after %v", took)
			}
			b.owner("user").Handle(b.noting("next"), b.lender())
			if got := fmt.Sprint(b.log); got != "[lend lend next]" {
				t.Error(got)
			}
		})
	}
}

// instructions calls Done as an interpreter does.
func instructions(running *task.Task, n int) {
	for range n {
		select {
		case <-running.Code().Done():
		default:
		}
	}
}

// TestFlushFollowsKeep covers an item that computes, waits and computes again.
func TestFlushFollowsKeep(t *testing.T) {
	b := &bench{T: t, s: task.New(task.Options{})}
	defer b.s.Close()
	l := b.lender()
	compute := l.untilKept(t, func(*task.Task) {})
	b.owner("user").Handle(itemFunc(func(running *task.Task) {
		if compute.Handle(running); l.flushed.Load() {
			t.Error("flushed before it computes further")
		}
		for end := time.Now().Add(patience); !l.flushed.Load(); {
			if time.Now().After(end) {
				t.Error("not flushed while it computes")
				return
			}
		}
		_ = running.Wait(func(context.Context) error { return nil })
	}), l)
	if got := fmt.Sprint(b.log); got != "[lend waits]" {
		t.Error(got)
	}
}
