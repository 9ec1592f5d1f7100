package task_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"spectrumlua/runtime/task"
)

func TestWaitReturnsTheReasonForItsEnd(t *testing.T) {
	errOwn := errors.New("of its own")
	forCtx := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	haveAnyway := func(ctx context.Context) error { <-ctx.Done(); return nil }
	for _, c := range []struct {
		name     string
		before   func(t *task.Task)
		f        func(ctx context.Context) error
		during   func(t *task.Task)
		want     error
		wantNext error // the error of the next Wait
		notAsked bool  // f must not be called
	}{
		{name: "nothing", f: func(context.Context) error { return nil }},
		{name: "an error of its own", f: func(context.Context) error { return errOwn }, want: errOwn},
		{name: "cancelled before", before: cancel, f: forCtx, want: errTest, wantNext: errTest, notAsked: true},
		{name: "cancelled meanwhile", f: forCtx, during: cancel, want: errTest, wantNext: errTest},
		{name: "cancelled with a result", f: haveAnyway, during: cancel, wantNext: errTest},
		{name: "its waits ended before", before: endWaits, f: forCtx, want: errTest, wantNext: errTest, notAsked: true},
		{name: "its waits ended meanwhile", f: forCtx, during: endWaits, want: errTest, wantNext: errTest},
		{name: "its waits ended with a result", f: haveAnyway, during: endWaits, wantNext: errTest},
		{name: "its waits ended twice", f: forCtx, during: func(t *task.Task) { endWaits(t); t.EndWaits(errOwn) }, want: errTest, wantNext: errTest},
		{name: "its owner cancelled", f: forCtx, during: func(t *task.Task) { t.Owner().Cancel(errTest) }, want: errTest, wantNext: errTest},
		{name: "its owner cancelled before", before: func(t *task.Task) { t.Owner().Cancel(errTest) }, f: forCtx, want: errTest, wantNext: errTest, notAsked: true},
	} {
		for _, kind := range []string{"item", "task"} {
			t.Run(c.name+"/"+kind, func(t *testing.T) {
				inBubble(t, task.Options{}, func(b *bench) {
					var running *task.Task
					body := func(t *task.Task) {
						running = t
						if c.before != nil {
							c.before(t)
						}
						asked := false
						err := t.Wait(func(ctx context.Context) error { asked = true; return c.f(ctx) })
						if !errors.Is(err, c.want) {
							b.Errorf("Wait returned %v, not %v", err, c.want)
						}
						if asked == c.notAsked {
							b.Errorf("f was called: %v", asked)
						}
						if c.want == errTest && t.Err() != errTest {
							b.Errorf("Wait returned an error, but the task's Err is %v", t.Err())
						}
						err = t.Wait(func(context.Context) error { return nil })
						if !errors.Is(err, c.wantNext) {
							b.Errorf("the next Wait returned %v, not %v", err, c.wantNext)
						}
					}
					start(b.owner("user"), kind, body)
					synctest.Wait()
					if c.during != nil {
						c.during(running)
						synctest.Wait()
					}
				})
			})
		}
	}
}

func cancel(t *task.Task)   { t.Cancel(errTest) }
func endWaits(t *task.Task) { t.EndWaits(errTest) }

// start runs body as the handling of an item or as a spawned task.
func start(o *task.Owner, kind string, body func(*task.Task)) {
	if kind == "item" {
		o.Post(itemFunc(body))
	} else {
		o.Spawn("", body)
	}
}

func TestEndWaitsDoesNotCancelARunningTask(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		b.owner("user").Post(itemFunc(func(t *task.Task) {
			t.EndWaits(errTest)
			if err := t.Err(); err != nil {
				b.Errorf("while it runs, Err is %v", err)
			}
			if isClosed(t.Done()) || t.Context().Err() != nil {
				b.Error("the task is cancelled while it runs")
			}
		}))
		synctest.Wait()
	})
}

// TestCancelledItemDoesNotCancelTheNext covers items that share one task.
func TestCancelledItemDoesNotCancelTheNext(t *testing.T) {
	for name, end := range map[string]func(*task.Task){"cancel": cancel, "end waits": endWaits} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, task.Options{}, func(b *bench) {
				o, none := b.owner("user"), make(chan struct{})
				o.Post(itemFunc(end))
				o.Post(b.waiting("next", none))
				b.expect("next")
				none <- struct{}{}
				b.expect("next done")
			})
		})
	}
}

func TestWaitTakesTheScriptLockBackAfterAPanic(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		o := b.owner("user")
		o.Post(itemFunc(func(t *task.Task) {
			defer func() {
				b.note(fmt.Sprint(recover()))
				_ = t.Wait(func(context.Context) error { return nil }) // panics without the script lock
			}()
			_ = t.Wait(func(context.Context) error { panic("while waiting") })
		}))
		o.Post(b.noting("next"))
		b.expect("while waiting", "next")
	})
}

func TestWaitWithoutTheScriptLockPanics(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		stray := b.owner("user").Spawn("", func(*task.Task) {})
		synctest.Wait()
		for name, run := range map[string]func(){
			"nobody holds it": func() { _ = stray.Wait(func(context.Context) error { return nil }) },
			"another task holds it": func() {
				b.s.Do(func() { _ = stray.Wait(func(context.Context) error { return nil }) })
			},
		} {
			func() {
				defer func() {
					if recover() == nil {
						b.Errorf("Wait does not panic when %s", name)
					}
				}()
				run()
			}()
		}
	})
}

// TestTaskIsAContext checks the methods that an interpreter and its libraries use.
func TestTaskIsAContext(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		b.owner("user").Spawn("name", func(t *task.Task) {
			derived, stop := context.WithCancel(t)
			defer stop()
			if derived.Value(task.Key) != t || t.Value("other") != nil {
				b.Error("Value does not return the task, or returns it for another key")
			}
			if _, ok := t.Deadline(); ok || t.Err() != nil || t.Name() != "name" || t.Owner().Name() != "user" {
				b.Error("a new task has an error, a deadline or a closed Done")
			}
			t.Cancel(errTest)
			<-derived.Done()
			if t.Err() != errTest || t.Context().Err() != context.Canceled || context.Cause(t.Context()) != errTest {
				b.Errorf("the errors are %v and %v", t.Err(), t.Context().Err())
			}
			b.note("checked")
		})
		b.expect("checked")
	})
}
