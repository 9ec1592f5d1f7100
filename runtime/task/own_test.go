package task_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/task"
)

// closer counts the calls of Close, which takes some time.
type closer struct {
	closed atomic.Int32
	takes  time.Duration
	err    error
}

func (c *closer) Close() error {
	time.Sleep(c.takes)
	c.closed.Add(1)
	return c.err
}

func TestResourcesAreClosedOnce(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(b *bench, o *task.Owner, c *closer)
		want int32
	}{
		{"open", func(_ *bench, o *task.Owner, c *closer) { o.Own(c) }, 0},
		{"closed", func(_ *bench, o *task.Owner, c *closer) { o.Own(c).Close() }, 1},
		{"closed with its owner", func(_ *bench, o *task.Owner, c *closer) { o.Own(c); o.Cancel(errTest) }, 1},
		{"of an owner that has ended", func(_ *bench, o *task.Owner, c *closer) { o.Cancel(errTest); o.Own(c) }, 1},
		{"closed twice", func(b *bench, o *task.Owner, c *closer) {
			r := o.Own(c)
			first, second := r.Close(), r.Close()
			if first != errTest || second != errTest || !r.Closed() {
				b.Errorf("the errors are %v and %v", first, second)
			}
		}, 1},
		{"closed, then its owner ends", func(_ *bench, o *task.Owner, c *closer) { o.Own(c).Close(); o.Cancel(errTest) }, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, task.Options{}, func(b *bench) {
				o, cl := b.owner("user"), &closer{err: errTest}
				c.run(b, o, cl)
				synctest.Wait()
				if n := cl.closed.Load(); n != c.want {
					b.Errorf("closed %d times, not %d", n, c.want)
				}
				o.Cancel(errTest)
				<-o.Idle()
				if n := cl.closed.Load(); n != 1 {
					b.Errorf("closed %d times by the end of its owner", n)
				}
			})
		})
	}
}

// TestIdleWaitsForResources matters because the user's next session may need the same
// address.
func TestIdleWaitsForResources(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		o, slow := b.owner("user"), &closer{takes: time.Second}
		o.Own(slow)
		begin := time.Now()
		o.Cancel(errTest)
		<-o.Idle()
		if took := time.Since(begin); took != time.Second || slow.closed.Load() != 1 {
			b.Errorf("idle after %v, closed %d times", took, slow.closed.Load())
		}
	})
}

// TestResourceMayBeOpenedWhileItsOwnerEnds finds data races with the race detector.
func TestResourceMayBeOpenedWhileItsOwnerEnds(t *testing.T) {
	const each = 100
	s := task.New(task.Options{})
	defer s.Close()
	for range 15 {
		o := s.NewOwner(t.Context(), "user")
		var all [4][each]closer
		var owning sync.WaitGroup
		for i := range all {
			owning.Go(func() {
				for j := range all[i] {
					r := o.Own(&all[i][j])
					if j%10 == 0 {
						r.Close()
					}
					if i == 0 && j == each/2 {
						o.Cancel(errTest)
					}
				}
			})
		}
		owning.Wait()
		await(t, o.Idle(), "the end of the owner")
		for i := range all {
			for j := range all[i] {
				for all[i][j].closed.Load() == 0 { // opened after the owner's end
					runtime.Gosched()
				}
			}
		}
	}
}
