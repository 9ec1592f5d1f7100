package task_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

func TestOwnersAlternate(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		letGo := b.holdScriptLock()
		busy, other := b.owner("busy"), b.owner("other")
		handled := 0
		for range 10000 {
			busy.Post(itemFunc(func(*task.Task) { handled++ }))
		}
		other.Post(itemFunc(func(*task.Task) { b.note(fmt.Sprint("first after ", handled)) }))
		other.Post(itemFunc(func(*task.Task) { b.note(fmt.Sprint("second after ", handled)) }))
		letGo()
		b.expect("first after 1", "second after 2")
		b.s.Do(func() {
			if handled != 10000 {
				b.Errorf("%d items were handled, not 10000", handled)
			}
		})
	})
}

// TestScriptLockPassesInTheOrderOfRequests queues jobs, tasks that have finished
// waiting, and calls of Do.
func TestScriptLockPassesInTheOrderOfRequests(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		a, c := b.owner("a"), b.owner("c")
		goOn := make(chan struct{})
		for _, name := range []string{"w1", "w2"} {
			b.owner(name).Post(b.waiting(name, goOn))
		}
		b.expect("w1", "w2")
		letGo := b.holdScriptLock()
		a.Post(b.noting("a1"))
		a.Post(b.noting("a2"))
		goOn <- struct{}{}
		synctest.Wait()
		c.Post(b.noting("c1"))
		go b.s.Do(func() { b.note("do") })
		synctest.Wait()
		a.Spawn("", func(*task.Task) { b.note("spawned") })
		goOn <- struct{}{}
		synctest.Wait()
		letGo()
		for i, done := range b.log {
			b.log[i] = strings.NewReplacer("w1 done", "w", "w2 done", "w").Replace(done)
		}
		b.expect("a1", "w", "c1", "do", "spawned", "w", "a2")
	})
}

// TestOnlyOneTaskHoldsTheScriptLock runs many tasks that share data without another
// lock. The race detector finds the errors that the test does not.
func TestOnlyOneTaskHoldsTheScriptLock(t *testing.T) {
	const tasks, rounds = 300, 50
	s := task.New(task.Options{})
	defer s.Close()
	o := s.NewOwner(t.Context(), "user")
	running, count := 0, 0
	var all []*task.Task
	for range tasks {
		all = append(all, o.Spawn("", func(t *task.Task) {
			for range rounds {
				running++
				if running != 1 {
					panic("two tasks have the script lock")
				}
				count++
				running--
				_ = t.Wait(func(context.Context) error { return nil })
			}
		}))
	}
	var others sync.WaitGroup
	for range 4 {
		others.Go(func() {
			for range rounds {
				s.Do(func() { count++ })
			}
		})
	}
	for _, t2 := range all {
		await(t, t2.Ended(), "the end of a task")
	}
	others.Wait()
	s.Do(func() {
		if want := tasks*rounds + 4*rounds; count != want {
			t.Errorf("counted to %d, not %d", count, want)
		}
	})
}

func TestManyTasksWaitAtTheSameTime(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		goOn := make(chan struct{})
		const users = 1000
		awake := 0
		for i := range users {
			b.owner(fmt.Sprint(i)).Post(itemFunc(func(t *task.Task) {
				_ = t.Wait(func(ctx context.Context) error { return receive(ctx, goOn) })
				awake++
			}))
		}
		synctest.Wait()
		b.owner("late").Post(b.noting("late"))
		b.expect("late")
		close(goOn)
		synctest.Wait()
		b.s.Do(func() {
			if awake != users {
				b.Errorf("%d of %d woke up", awake, users)
			}
		})
	})
}

func TestJobsRunAfterClose(t *testing.T) {
	inBubble(t, task.Options{Run: 1e9}, func(b *bench) {
		o, goOn := b.owner("user"), make(chan struct{})
		o.Post(b.waiting("item", goOn))
		b.expect("item")
		b.s.Close()
		b.s.Close()
		close(goOn)
		b.expect("item done")
		o.Post(b.noting("later"))
		o.Spawn("", func(*task.Task) { b.note("spawned") })
		synctest.Wait()
		b.expect("later", "spawned")
	})
}

func TestDoReleasesTheScriptLockAfterAPanic(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		func() {
			defer func() { _ = recover() }()
			b.s.Do(func() { panic("in Do") })
		}()
		b.owner("user").Post(b.noting("next"))
		b.expect("next")
	})
}

const panicEnv = "TASK_TEST_PANIC"

// panicInItem runs in a separate process.
func panicInItem() {
	o := task.New(task.Options{}).NewOwner(context.Background(), "user")
	o.Post(itemFunc(func(*task.Task) { panic("in an item") }))
	select {}
}

func TestPanicEndsTheProcessWithItsExitCode(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), panicEnv+"=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != crash.ExitCode {
		t.Errorf("the process ended with %v, want exit code %d", err, crash.ExitCode)
	}
	if !strings.Contains(string(out), "in an item") || !strings.Contains(string(out), "panicInItem") {
		t.Errorf("the output does not contain the stack:\n%s", out)
	}
}
