package task_test

import (
	"testing"
	"testing/synctest"

	"spectrumlua/runtime/task"
)

func TestPartIsCancelledOrJoined(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(part *task.Owner)
		want int32 // how often its resource is closed
	}{
		{"undone", func(part *task.Owner) { part.Cancel(errTest) }, 1},
		{"joined", func(part *task.Owner) {
			if n := len(part.Join()); n != 1 {
				t.Errorf("%d resources were open, not 1", n)
			}
		}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, task.Options{}, func(b *bench) {
				whole, cl := b.owner(""), &closer{}
				part := whole.Part()
				part.Own(cl)
				_ = part.Own(&closer{}).Close()
				ended := part.Spawn("", func(*task.Task) { c.run(part) }).Ended()
				<-ended
				synctest.Wait()
				if n := cl.closed.Load(); n != c.want {
					b.Errorf("closed %d times, not %d", n, c.want)
				}
				if part.Context().Err() == nil != (c.want == 0) {
					b.Errorf("the context's error is %v", part.Context().Err())
				}
				whole.Cancel(errTest)
				<-whole.Idle()
				if n := cl.closed.Load(); n != 1 {
					b.Errorf("closed %d times by the end of the whole", n)
				}
			})
		})
	}
}

func TestWholeWaitsForPart(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		whole := b.owner("")
		part := whole.Part()
		whole.Cancel(errTest)
		select {
		case <-whole.Idle():
			b.Error("the whole is idle before its part")
		default:
		}
		part.Cancel(errTest)
		<-whole.Idle()
	})
}

// TestCallsOnAJoinedPartActOnTheWhole uses the part after Join.
func TestCallsOnAJoinedPartActOnTheWhole(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		whole := b.owner("")
		part := whole.Part()
		stopGoing, stopReading := make(chan struct{}), make(chan struct{})
		going := part.Spawn("", func(t *task.Task) { b.waitFor(t, "going on", stopGoing) })
		synctest.Wait()
		part.Join()
		named := part.Spawn("reader", func(t *task.Task) { b.waitFor(t, "reading", stopReading) })
		synctest.Wait()
		if whole.Task("reader") != named || part.Task("reader") != named || part.Whole() != whole || whole.Whole() != whole {
			b.Error("the task does not belong to the whole")
		}
		cl := &closer{}
		part.Own(cl)
		close(stopGoing)
		<-going.Ended()
		close(stopReading)
		<-named.Ended()
		whole.Cancel(errTest)
		<-whole.Idle()
		if cl.closed.Load() != 1 {
			b.Error("the resource that was opened later does not belong to the whole")
		}
		b.expect("going on", "reading", "going on done", "reading done")
	})
}
