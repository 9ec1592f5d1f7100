package task

import (
	"context"
	"math/rand/v2"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"
)

func TestQueueIsFirstInFirstOut(t *testing.T) {
	var q queue[int]
	var want []int
	random := rand.New(rand.NewPCG(1, 2))
	next := 0
	for range 200 {
		for range random.IntN(2000) {
			q.push(next)
			want = append(want, next)
			next++
		}
		for range random.IntN(2000) {
			if len(want) == 0 {
				break
			}
			if front, got := q.front(), q.pop(); got != want[0] || front != got {
				t.Fatalf("got %d, front %d, want %d", got, front, want[0])
			}
			want = want[1:]
		}
		if q.len() != len(want) {
			t.Fatalf("len is %d, want %d", q.len(), len(want))
		}
		if q.len() == 0 && len(q.ring) > maxSpareRing {
			t.Fatalf("an empty queue keeps a ring of %d", len(q.ring))
		}
	}
	q.clear()
	if q.len() != 0 || q.ring != nil {
		t.Error("elements are left after clear")
	}
}

func TestQueueReleasesPoppedElements(t *testing.T) {
	var q queue[*[64]byte]
	q.push(new([64]byte))
	gone := weak.Make(q.pop())
	runtime.GC()
	if gone.Value() != nil {
		t.Error("the queue keeps the element")
	}
	runtime.KeepAlive(&q)
}

type itemOf func(*Task)

func (f itemOf) Handle(t *Task) { f(t) }

// TestCancelledOwnerReleasesItsMemory matters because a script may keep a session
// forever.
func TestCancelledOwnerReleasesItsMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		defer s.Close()
		o := s.NewOwner(t.Context(), "user")
		for range 100 {
			o.Post(itemOf(func(*Task) {}))
			o.Spawn("n", func(t *Task) {
				_ = t.Wait(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
			})
		}
		o.Finish(itemOf(func(*Task) {}))
		synctest.Wait()
		o.Cancel(ErrCancelled)
		<-o.Idle()
		if o.inbox.ring != nil || o.handler != nil || len(o.named) != 0 || o.active != 0 || o.busy {
			t.Errorf("the owner keeps %+v", o)
		}
	})
}

// TestHandlingNeedsNoContext matters for the memory of many users.
func TestHandlingNeedsNoContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		defer s.Close()
		o := s.NewOwner(t.Context(), "user")
		o.Post(itemOf(func(t *Task) { <-closedIfEnded(t) }))
		synctest.Wait()
		if o.handler == nil || o.handler.ctx != nil || o.handler.waits != nil || o.ctx != nil {
			t.Errorf("the owner is %+v, its task %+v", o, o.handler)
		}
	})
}

// closedIfEnded asks as an interpreter and its bindings do, and returns a closed channel.
func closedIfEnded(t *Task) <-chan struct{} {
	code := t.Code()
	if code.Done() != nil || code.Err() != nil || code.Value(Key) != t {
		return nil
	}
	return alwaysDone
}

// TestEndedTaskReleasesItsMemory checks its function and the task that replaced it.
func TestEndedTaskReleasesItsMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		defer s.Close()
		o := s.NewOwner(t.Context(), "user")
		first, captured := spawnCapturing(o)
		second := o.Spawn("n", func(*Task) {})
		<-second.Ended()
		synctest.Wait()
		runtime.GC()
		if first.next != nil || second.body != nil || captured.Value() != nil {
			t.Error("the task keeps its function or its successor")
		}
		runtime.KeepAlive(first)
	})
}

func spawnCapturing(o *Owner) (*Task, weak.Pointer[[64]byte]) {
	captured := new([64]byte)
	t := o.Spawn("n", func(t *Task) {
		_ = t.Wait(func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() })
		captured[0]++
	})
	synctest.Wait()
	return t, weak.Make(captured)
}

// TestEndedOwnersAndTasksDoNotPileUp creates owners and tasks whose parent context does
// not end.
func TestEndedOwnersAndTasksDoNotPileUp(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := New(Options{})
	defer s.Close()
	process := s.NewOwner(ctx, "")
	turn := func() {
		user := s.NewOwner(ctx, "user")
		user.Post(itemOf(func(t *Task) { t.Cancel(ErrCancelled) }))
		user.Finish(itemOf(func(t *Task) { _ = t.Wait(func(context.Context) error { return nil }) }))
		<-user.Spawn("n", func(t *Task) { _ = t.Wait(func(context.Context) error { return nil }) }).Ended()
		user.Cancel(ErrCancelled)
		<-user.Idle()
		<-process.Spawn("n", func(t *Task) { _ = t.Wait(func(context.Context) error { return nil }) }).Ended()
	}
	turn()
	before := heap()
	for range 10000 {
		turn()
	}
	if grown := heap() - before; grown > 500_000 {
		t.Errorf("%d bytes are left after 10000 turns", grown)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.ready.len(); n != 0 || len(s.idle) > maxIdle {
		t.Errorf("%d entries and %d idle goroutines are left", n, len(s.idle))
	}
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// borrower is a Lender that does nothing.
type borrower struct{ Lender }

func (borrower) Lend() {}

func TestNobodyLooksWhileNothingIsLent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := New(Options{})
		defer s.Close()
		o := s.NewOwner(t.Context(), "user")
		looks := func() bool {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.loans.looking
		}
		for range 2 {
			for range 3 {
				o.Handle(itemOf(func(*Task) {}), borrower{})
			}
			if !looks() {
				t.Error("nobody looks at an item")
			}
			time.Sleep(2*lookEvery + 1)
			synctest.Wait()
			if looks() {
				t.Error("somebody looks although nothing was lent meanwhile")
			}
		}
	})
}
