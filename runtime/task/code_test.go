package task_test

import (
	"testing"

	"spectrumlua/runtime/task"
)

// TestCodeIsTheTask checks that an interpreter sees the task.
func TestCodeIsTheTask(t *testing.T) {
	inBubble(t, task.Options{}, func(b *bench) {
		b.owner("user").Spawn("", func(t *task.Task) {
			code := t.Code()
			if _, ok := code.Deadline(); ok || code.Err() != nil || code.Value(task.Key) != t || code.Done() != nil {
				b.Error("the code differs from the task")
			}
			t.Cancel(errTest)
			if code.Err() != errTest || !isClosed(code.Done()) {
				b.Errorf("the error is %v", code.Err())
			}
			b.note("checked")
		})
		b.expect("checked")
	})
}
