package task_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"spectrumlua/runtime/task"
)

var errTest = errors.New("the test says so")

func TestMain(m *testing.M) {
	if os.Getenv(panicEnv) != "" {
		panicInItem()
		return
	}
	goleak.VerifyTestMain(m)
}

// itemFunc is an item that is a function.
type itemFunc func(*task.Task)

func (f itemFunc) Handle(t *task.Task) { f(t) }

// bench is a scheduler in a synctest bubble, and a log of the notes that code with the
// script lock has made.
type bench struct {
	*testing.T
	s   *task.Scheduler
	log []string // guarded by the script lock
}

// inBubble runs test in a bubble. All its goroutines must end.
func inBubble(t *testing.T, l task.Options, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := &bench{T: t, s: task.New(l)}
		defer b.s.Close()
		test(b)
	})
}

func (b *bench) owner(name string) *task.Owner { return b.s.NewOwner(b.Context(), name) }

// note adds a note to the log. The caller holds the script lock.
func (b *bench) note(what string) { b.log = append(b.log, what) }

// noting returns an item that makes a note.
func (b *bench) noting(what string) task.Item {
	return itemFunc(func(*task.Task) { b.note(what) })
}

// waiting returns an item that makes a note, waits until it receives from the channel
// or is cancelled, and makes another note.
func (b *bench) waiting(what string, until <-chan struct{}) task.Item {
	return itemFunc(func(t *task.Task) { b.waitFor(t, what, until) })
}

func (b *bench) waitFor(t *task.Task, what string, until <-chan struct{}) {
	b.note(what)
	err := t.Wait(func(ctx context.Context) error { return receive(ctx, until) })
	if err != nil {
		b.note(what + ": " + err.Error())
		return
	}
	b.note(what + " done")
}

func receive(ctx context.Context, until <-chan struct{}) error {
	select {
	case <-until:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// holdScriptLock holds the script lock until letGo is called. letGo returns when all
// goroutines are blocked.
func (b *bench) holdScriptLock() (letGo func()) {
	release := make(chan struct{})
	go b.s.Do(func() { <-release })
	synctest.Wait()
	return func() {
		close(release)
		synctest.Wait()
	}
}

// expect waits until all goroutines are blocked, compares the notes with want, and
// clears them.
func (b *bench) expect(want ...string) {
	b.Helper()
	synctest.Wait()
	var got []string
	b.s.Do(func() { got, b.log = b.log, nil })
	if !slices.Equal(got, want) {
		b.Errorf("got:\n%q\nwant:\n%q", got, want)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// patience is the time limit for steps outside a bubble.
const patience = time.Minute

func await(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatalf("timeout after %v: waiting for %s", patience, what)
	}
}
