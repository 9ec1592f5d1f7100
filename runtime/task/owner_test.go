package task_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/task"
)

// ctl holds the objects that the cases of mailboxEnds use.
type ctl struct {
	b    *bench
	o    *task.Owner
	goOn chan struct{}
}

func dropped(items []task.Item) string { return fmt.Sprint("dropped ", len(items)) }

// mailboxEnds holds ways to end a mailbox, with the expected result and notes.
var mailboxEnds = []struct {
	name string
	end  func(c ctl) string
	want []string
}{
	{"finish", func(c ctl) string {
		c.o.Finish(c.b.noting("last"))
		close(c.goOn)
		return ""
	}, []string{"1", "1 done", "2", "3", "last"}},
	{"finish twice", func(c ctl) string {
		first, second := c.o.Finish(c.b.noting("last")), c.o.Finish(c.b.noting("never"))
		close(c.goOn)
		return fmt.Sprint(first, second)
	}, []string{"true false", "1", "1 done", "2", "3", "last"}},
	{"post after finish", func(c ctl) string {
		c.o.Finish(c.b.noting("last"))
		n := c.o.Post(c.b.noting("never"))
		close(c.goOn)
		return fmt.Sprint(n)
	}, []string{"0", "1", "1 done", "2", "3", "last"}},
	{"interrupt", func(c ctl) string {
		c.o.Finish(c.b.noting("last"))
		return dropped(c.o.Interrupt(errTest))
	}, []string{"dropped 2", "1", "1: the test says so", "last"}},
	{"interrupt twice", func(c ctl) string {
		c.o.Finish(c.b.noting("last"))
		return dropped(c.o.Interrupt(errTest)) + dropped(c.o.Interrupt(errTest))
	}, []string{"dropped 2dropped 0", "1", "1: the test says so", "last"}},
	{"interrupt before finish", func(c ctl) string {
		text := dropped(c.o.Interrupt(errTest))
		c.o.Finish(c.b.noting("last"))
		close(c.goOn)
		return text
	}, []string{"dropped 0", "1", "1 done", "2", "3", "last"}},
	{"cancel", func(c ctl) string {
		return dropped(c.o.Cancel(errTest))
	}, []string{"dropped 2", "1", "1: the test says so"}},
	{"cancel after finish", func(c ctl) string {
		c.o.Finish(c.b.noting("last"))
		return dropped(c.o.Cancel(errTest))
	}, []string{"dropped 3", "1", "1: the test says so"}},
	{"finish and interrupt after cancel", func(c ctl) string {
		c.o.Cancel(errTest)
		return fmt.Sprint(c.o.Finish(c.b.noting("never"))) + dropped(c.o.Interrupt(errTest))
	}, []string{"falsedropped 0", "1", "1: the test says so"}},
	{"drop", func(c ctl) string {
		text := dropped(c.o.Drop())
		close(c.goOn)
		return text
	}, []string{"dropped 2", "1", "1 done"}},
	{"drop after finish", func(c ctl) string {
		c.o.Finish(c.b.noting("last"))
		text := dropped(c.o.Drop())
		close(c.goOn)
		return text
	}, []string{"dropped 2", "1", "1 done", "last"}},
	{"cancel twice", func(c ctl) string {
		return dropped(c.o.Cancel(errTest)) + dropped(c.o.Cancel(task.ErrCancelled))
	}, []string{"dropped 2dropped 0", "1", "1: the test says so"}},
}

// TestMailboxEnds ends a mailbox whose first item waits while two more are queued.
func TestMailboxEnds(t *testing.T) {
	for _, c := range mailboxEnds {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, task.Options{}, func(b *bench) {
				o, goOn := b.owner("user"), make(chan struct{})
				o.Post(b.waiting("1", goOn))
				o.Post(b.noting("2"))
				o.Post(b.noting("3"))
				synctest.Wait()
				want := c.want
				if text := c.end(ctl{b, o, goOn}); text != "" {
					if text != want[0] {
						b.Errorf("got %q, want %q", text, want[0])
					}
					want = want[1:]
				}
				b.expect(want...)
				o.Cancel(errTest)
				await(b.T, o.Idle(), "the owner's end")
			})
		})
	}
}

// TestInterruptSparesTheLastItem calls Interrupt while the last item is handled.
func TestInterruptSparesTheLastItem(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		o, goOn := b.owner("user"), make(chan struct{})
		o.Finish(b.waiting("last", goOn))
		b.expect("last")
		if dropped := o.Interrupt(errTest); len(dropped) > 0 {
			b.Errorf("dropped %v", dropped)
		}
		b.expect()
		close(goOn)
		b.expect("last done")
	})
}

// TestInterruptBetweenItemsSparesTheLastOne calls Interrupt when one item has been
// handled and the next one has not started.
func TestInterruptBetweenItemsSparesTheLastOne(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		o, goOn := b.owner("user"), make(chan struct{})
		o.Post(b.noting("first"))
		b.expect("first")
		letGo := b.holdScriptLock()
		o.Post(b.noting("dropped"))
		o.Finish(b.waiting("last", goOn))
		o.Interrupt(errTest)
		letGo()
		b.expect("last")
		close(goOn)
		b.expect("last done")
	})
}

// TestItemMayBePostedTwice checks that Interrupt keeps only the last position in the
// mailbox, even if the same item also stands before it.
func TestItemMayBePostedTwice(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		o, c := b.owner("user"), &countdown{left: 3, done: make(chan struct{})}
		letGo := b.holdScriptLock()
		o.Post(c)
		o.Post(c)
		o.Finish(c)
		if n := len(o.Interrupt(errTest)); n != 2 {
			b.Errorf("dropped %d items, not 2", n)
		}
		letGo()
		if c.left != 2 {
			b.Errorf("%d items were handled, not 1", 3-c.left)
		}
	})
}

func TestHoldStopsTheHandlingOfItems(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		o := b.owner("user")
		o.Hold()
		o.Post(b.noting("1"))
		if n := o.Post(b.noting("2")); n != 2 {
			b.Errorf("%d items wait, not 2", n)
		}
		b.expect()
		o.Release()
		b.expect("1", "2")

		letGo := b.holdScriptLock()
		o.Post(b.noting("3"))
		o.Hold() // the owner stays in the scheduler's queue
		letGo()
		b.expect()
		o.Release()
		b.expect("3")

		letGo = b.holdScriptLock()
		o.Post(b.noting("4"))
		o.Hold()
		o.Release()
		o.Post(b.noting("5"))
		letGo()
		b.expect("4", "5")

		o.Post(itemFunc(func(*task.Task) { b.note("6"); o.Hold() }))
		o.Post(b.noting("7"))
		b.expect("6")
		o.Hold()
		o.Release()
		b.expect("7")
	})
}

func TestOwnerIsIdleAfterCancelAndTheEndOfItsTasks(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		o, goOn := b.owner("user"), make(chan struct{})
		idle := o.Idle()
		synctest.Wait()
		if isClosed(idle) {
			b.Fatal("idle before it was cancelled")
		}
		deaf := itemFunc(func(t *task.Task) {
			_ = t.Wait(func(ctx context.Context) error { <-goOn; return ctx.Err() })
		})
		o.Post(deaf)
		for range 3 {
			o.Spawn("same", deaf)
		}
		synctest.Wait()
		o.Cancel(errTest)
		synctest.Wait()
		if isClosed(idle) || isClosed(o.Idle()) {
			b.Fatal("idle while something waits")
		}
		o.Spawn("", func(*task.Task) { b.note("never") })
		goOn <- struct{}{}
		synctest.Wait()
		if isClosed(idle) {
			b.Fatal("idle while something waits")
		}
		goOn <- struct{}{}
		synctest.Wait()
		if !isClosed(idle) || !isClosed(o.Idle()) {
			b.Fatal("not idle after the last task has ended")
		}
		<-o.Spawn("", func(*task.Task) { b.note("never") }).Ended()
		<-o.Spawn("same", func(*task.Task) { b.note("never") }).Ended()
		b.expect()
	})
}

func TestEndOfTheParentContextEndsTasks(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		ctx, cancel := context.WithTimeoutCause(b.Context(), time.Second, errTest)
		defer cancel()
		o := b.s.NewOwner(ctx, "user")
		o.Post(b.waiting("item", nil))
		o.Spawn("", func(t *task.Task) { b.waitFor(t, "task", nil) })
		synctest.Wait()
		time.Sleep(time.Second)
		synctest.Wait()
		o.Spawn("", func(*task.Task) { b.note("never") })
		synctest.Wait()
		if len(b.log) != 4 {
			b.Errorf("got %q", b.log)
		}
		o.Cancel(nil)
		<-o.Idle()
	})
}

// TestEndOfTheParentContextReachesTheTask covers the moments at which the parent can end. An
// interpreter asks Code for each instruction, and notices the end soon.
func TestEndOfTheParentContextReachesTheTask(t *testing.T) {
	runs := map[string]func(b *bench, t *task.Task, end func()){
		"while it computes": func(_ *bench, t *task.Task, end func()) { end() },
		"after it asked for its context": func(_ *bench, t *task.Task, end func()) {
			t.Done()
			end()
		},
		"while it waits": func(b *bench, t *task.Task, end func()) {
			_ = t.Wait(func(context.Context) error { end(); return nil })
			if !isClosed(t.Code().Done()) {
				b.Error("the first instruction after the wait does not notice the end")
			}
		},
	}
	starts := map[string]func(o *task.Owner, run func(*task.Task)){
		"item":         func(o *task.Owner, run func(*task.Task)) { o.Post(itemFunc(run)) },
		"task":         func(o *task.Owner, run func(*task.Task)) { o.Spawn("", run) },
		"task of part": func(o *task.Owner, run func(*task.Task)) { part := o.Part(); part.Spawn("", run); part.Join() },
	}
	for how, start := range starts {
		for when, run := range runs {
			t.Run(how+" "+when, func(t *testing.T) {
				inBubble(t, task.Options{}, func(b *bench) {
					ctx, end := context.WithCancelCause(b.Context())
					defer end(nil)
					o := b.s.NewOwner(ctx, "user")
					start(o, func(t *task.Task) {
						run(b, t, func() { end(errTest) })
						for steps := 0; !isClosed(t.Code().Done()); steps++ {
							if steps > 1024 {
								b.Error("the code goes on")
								return
							}
						}
						t.Cancel(errors.New("too late"))
						if !isClosed(t.Done()) || t.Err() != errTest || t.Code().Err() != errTest || context.Cause(t.Context()) != errTest {
							b.Errorf("the error is %v, and that of the context %v", t.Err(), context.Cause(t.Context()))
						}
						b.note("ended")
					})
					b.expect("ended")
					o.Post(b.noting("next item"))
					b.expect("next item")
					o.Cancel(nil)
				})
			})
		}
	}
}

// TestCancelledOwnerStopsTheNextInstruction cancels the owner of the running task.
func TestCancelledOwnerStopsTheNextInstruction(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		for _, start := range []func(o *task.Owner, run func(*task.Task)){
			func(o *task.Owner, run func(*task.Task)) { o.Post(itemFunc(run)) },
			func(o *task.Owner, run func(*task.Task)) { o.Spawn("", run) },
			func(o *task.Owner, run func(*task.Task)) { part := o.Part(); part.Spawn("", run); part.Join() },
		} {
			o := b.owner("user")
			start(o, func(t *task.Task) {
				if isClosed(t.Code().Done()) {
					b.Error("the task is cancelled already")
				}
				o.Cancel(errTest)
				if !isClosed(t.Code().Done()) || t.Code().Err() != errTest {
					b.Error("the next instruction runs")
				}
				b.note("ended")
			})
			b.expect("ended")
		}
	})
}

func TestAppendWaitsForWake(t *testing.T) {
	for _, c := range []struct {
		name string
		wake func(b *bench, o *task.Owner)
		want []string
	}{
		{"without Wake", func(*bench, *task.Owner) {}, nil},
		{"Wake", func(_ *bench, o *task.Owner) { o.Wake() }, []string{"a", "b"}},
		{"Post", func(b *bench, o *task.Owner) { o.Post(b.noting("c")) }, []string{"a", "b", "c"}},
		{"Finish", func(b *bench, o *task.Owner) { o.Finish(b.noting("last")) }, []string{"a", "b", "last"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, task.Options{}, func(b *bench) {
				o := b.owner("user")
				o.Append(b.noting("a"))
				o.Append(b.noting("b"))
				synctest.Wait()
				b.expect()
				c.wake(b, o)
				synctest.Wait()
				b.expect(c.want...)
				o.Cancel(errTest)
				o.Append(b.noting("too late"))
				o.Wake()
				synctest.Wait()
				b.expect()
			})
		})
	}
}

// TestContextOfAnOwnerHasTheCauseOfItsEnd requests the context before the owner's end,
// while an item is handled, and after the end.
func TestContextOfAnOwnerHasTheCauseOfItsEnd(t *testing.T) {
	for _, when := range []string{"before", "while", "behind"} {
		t.Run(when, func(t *testing.T) {
			inBubble(t, task.Options{}, func(b *bench) {
				o := b.owner("a")
				ask := func(now string) context.Context {
					if now != when {
						return nil
					}
					return o.Context()
				}
				ctx := ask("before")
				o.Post(itemFunc(func(h *task.Task) {
					if c := ask("while"); c != nil {
						ctx = c
					}
					o.Cancel(errTest)
					if h.Err() != errTest {
						t.Errorf("the handling of the item ends with %v", h.Err())
					}
				}))
				synctest.Wait()
				o.Cancel(errors.New("another"))
				if c := ask("behind"); c != nil {
					ctx = c
				}
				if err := context.Cause(ctx); err != errTest {
					t.Errorf("the cause is %v", err)
				}
			})
		})
	}
}
