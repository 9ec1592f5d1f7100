package task_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"spectrumlua/runtime/task"
)

// lease is the lease of Measure in tests.
const lease = 10 * time.Second

// computing returns an item that holds the script lock for a time.
func computing(label *task.Label, d time.Duration) task.Item {
	return itemFunc(func(t *task.Task) {
		t.SetLabel(label)
		time.Sleep(d)
	})
}

func TestMeasureCountsTheTimeWithTheScriptLock(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		alice, bob := b.owner("alice"), b.owner("bob")
		login, message := &task.Label{Kind: "on", Name: "login"}, &task.Label{Kind: "on", Name: "conv_message"}
		alice.Post(computing(login, time.Hour)) // nobody measures yet
		time.Sleep(time.Hour + 1)
		b.s.Measure(lease)
		alice.Post(computing(login, 3*time.Second))
		alice.Post(computing(message, time.Second))
		bob.Post(computing(message, 2*time.Second))
		bob.Spawn("", func(t *task.Task) {
			t.SetLabel(message)
			time.Sleep(time.Second)
			_ = t.Wait(func(ctx context.Context) error { return t.Sleep(ctx, time.Second) })
			time.Sleep(500 * time.Millisecond)
		})
		b.s.Do(func() {})           // waits for its turn behind them
		time.Sleep(2 * time.Second) // the last wait
		got := b.s.Measure(lease)
		want := map[string]task.Usage{
			"login":        {CPU: 3 * time.Second, Calls: 1, Longest: 3 * time.Second},
			"conv_message": {CPU: 4500 * time.Millisecond, Calls: 3, Longest: 2 * time.Second},
		}
		if len(got.Labels) != len(want) {
			b.Errorf("%+v", got.Labels)
		}
		for _, l := range got.Labels {
			u := l.Usage
			u.Share = 0
			if u != want[l.Name] {
				b.Errorf("%s: %+v, want %+v", l.Name, u, want[l.Name])
			}
		}
		if got.Total.CPU != 7500*time.Millisecond || got.Total.Calls != 4 {
			b.Errorf("total: %+v", got.Total)
		}
		states := b.s.States([]*task.Owner{alice, bob})
		if states[0].Usage.CPU != 4*time.Second || states[1].Usage.CPU != 3500*time.Millisecond {
			b.Errorf("%+v", states)
		}
	})
}

// TestTimeOfDoCountsForNobody has a Do between two tasks that want the script lock.
func TestTimeOfDoCountsForNobody(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		alice, bob := b.owner("alice"), b.owner("bob")
		b.s.Measure(lease)
		bob.Spawn("", func(t *task.Task) {
			_ = t.Wait(func(ctx context.Context) error { return t.Sleep(ctx, time.Second) })
			time.Sleep(time.Second)
		})
		synctest.Wait()
		alice.Post(computing(nil, 2*time.Second))
		synctest.Wait()
		go b.s.Do(func() { time.Sleep(3 * time.Second) })
		time.Sleep(7 * time.Second)
		states := b.s.States([]*task.Owner{alice, bob})
		if states[0].Usage.CPU != 2*time.Second || states[1].Usage.CPU != time.Second {
			b.Errorf("%+v", states)
		}
	})
}

func TestMeasureSeesATaskThatStillComputes(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		b.s.Measure(lease)
		label := &task.Label{Kind: "on", Name: "login"}
		alice := b.owner("alice")
		alice.Post(computing(label, 5*time.Second))
		time.Sleep(4 * time.Second)
		got := b.s.Measure(lease)
		if u := got.Total; u.CPU != 4*time.Second || u.Longest != 4*time.Second || u.Share < 0.99 || u.Share > 1.01 {
			b.Errorf("%+v", u)
		}
		running, since := b.s.Running()
		if running == nil || running.Owner() != alice || running.Label() != label || since != 4*time.Second {
			b.Errorf("%v since %v", running, since)
		}
		time.Sleep(time.Minute)
		if running, _ := b.s.Running(); running != nil {
			b.Error("a task still runs")
		}
	})
}

func TestMeasureEndsWithItsLease(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		alice := b.owner("alice")
		label := &task.Label{Kind: "on", Name: "login"}
		cpu := func() time.Duration {
			alice.Post(computing(label, time.Second))
			time.Sleep(time.Second + 1)
			return b.s.Measure(lease).Total.CPU
		}
		b.s.Measure(lease)
		for n := range 3 {
			if got, want := cpu(), time.Duration(n+1)*time.Second; got != want {
				b.Errorf("after %d leases: %v, want %v", n, got, want)
			}
			time.Sleep(lease - 2*time.Second)
		}
		time.Sleep(3 * time.Second)
		alice.Post(computing(label, time.Second))
		time.Sleep(2 * time.Second)
		if got := b.s.States([]*task.Owner{alice})[0].Usage; got != (task.Usage{}) {
			b.Errorf("after the lease: %+v", got)
		}
		if got := b.s.Measure(lease); got.Total.CPU != 0 || len(got.Labels) != 0 {
			b.Errorf("the next measure begins with %+v", got)
		}
		if got := cpu(); got != time.Second {
			b.Errorf("the next measure has %v", got)
		}
		b.s.Close()
		if got := b.s.Measure(lease); got.Total.CPU != 0 {
			b.Errorf("after Close: %+v", got)
		}
	})
}

// TestShareFollowsTheLastSeconds computes for a tenth of each second.
func TestShareFollowsTheLastSeconds(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		alice := b.owner("alice")
		b.s.Measure(lease)
		for range 8 {
			alice.Post(computing(nil, 100*time.Millisecond))
			time.Sleep(time.Second)
		}
		share := func() float64 { return b.s.Measure(lease).Total.Share }
		if got := share(); got < 0.04 || got > 0.16 {
			b.Errorf("the share is %v", got)
		}
		time.Sleep(5 * time.Second)
		if got := share(); got != 0 {
			b.Errorf("the share of an idle scheduler is %v", got)
		}
	})
}

// TestMeasureOfManyShortTurns has more turns than are measured exactly, and a long one.
func TestMeasureOfManyShortTurns(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		alice, bob := b.owner("alice"), b.owner("bob")
		short, long := &task.Label{Kind: "on", Name: "short"}, &task.Label{Kind: "on", Name: "long"}
		b.s.Measure(time.Hour)
		const many, each = 50000, 100 * time.Microsecond
		for range many {
			alice.Post(computing(short, each))
		}
		time.Sleep(time.Second)
		bob.Post(itemFunc(func(t *task.Task) {
			t.SetLabel(long)
			instructions(t, 1024)
			time.Sleep(time.Second)
		}))
		time.Sleep(10 * time.Second)
		got := map[string]task.LabelUsage{}
		for _, l := range b.s.Measure(time.Hour).Labels {
			got[l.Name] = l
		}
		const want = many * each
		if u := got["short"]; u.Calls != many || u.CPU < want*8/10 || u.CPU > want*12/10 || u.Longest != each {
			b.Errorf("short turns: %+v, want %v", u.Usage, want)
		}
		if u := got["long"]; u.Calls != 1 || u.CPU != time.Second || u.Longest != time.Second {
			b.Errorf("a long turn: %+v", u.Usage)
		}
	})
}

func TestMeasureLimitsItsLabels(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		alice := b.owner("alice")
		b.s.Measure(lease)
		const many = 3000
		for n := range many {
			alice.Post(computing(&task.Label{Kind: "task", Name: fmt.Sprint(n)}, 0))
		}
		for n := range many { // one function with many names
			alice.Post(computing(&task.Label{Kind: "timer", Name: fmt.Sprint(n), Code: b}, 0))
		}
		synctest.Wait()
		labels := b.s.Measure(lease).Labels
		calls := uint64(0)
		for _, l := range labels {
			calls += l.Calls
		}
		if len(labels) > 1001 || calls != 2*many {
			b.Errorf("%d labels with %d calls", len(labels), calls)
		}
	})
}

func TestLabelsOfOneFunctionCountTogether(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		alice := b.owner("alice")
		b.s.Measure(lease)
		alice.Post(computing(&task.Label{Kind: "task", Name: "a", Code: 1}, 0))
		alice.Post(computing(&task.Label{Kind: "task", Name: "a", Code: 1}, 0))
		alice.Post(computing(&task.Label{Kind: "task", Name: "b", Code: 2}, 0))
		alice.Post(computing(&task.Label{Kind: "task", Name: "c", Code: 2}, 0))
		synctest.Wait()
		got := map[any]task.LabelUsage{}
		for _, l := range b.s.Measure(lease).Labels {
			got[l.Code] = l
		}
		if l := got[1]; l.Name != "a" || l.Calls != 2 {
			b.Errorf("%+v", l)
		}
		if l := got[2]; l.Name != "" || l.Calls != 2 {
			b.Errorf("a function with two names: %+v", l)
		}
	})
}

func TestStatesAndWaits(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		alice := b.owner("alice")
		never := make(chan struct{})
		waiting := alice.Spawn("", func(t *task.Task) { b.waitFor(t, "task", never) })
		alice.Post(b.waiting("message", never))
		alice.Post(b.noting("next"))
		synctest.Wait()
		time.Sleep(time.Minute)
		if got := b.s.States([]*task.Owner{alice})[0]; got != (task.OwnerState{Queued: 1, Tasks: 2}) {
			b.Errorf("%+v", got)
		}
		if since, waits := waiting.Waits(); !waits || since != time.Minute {
			b.Errorf("waits: %v since %v", waits, since)
		}
		close(never)
		synctest.Wait()
		if _, waits := waiting.Waits(); waits {
			b.Error("the task still waits")
		}
	})
}
