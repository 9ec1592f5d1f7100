package task_test

import (
	"context"
	"fmt"
	"testing"

	"spectrumlua/runtime/task"
)

// countdown is an item that closes done when it has been handled n times.
type countdown struct {
	left int // guarded by the script lock
	done chan struct{}
}

func (c *countdown) Handle(*task.Task) {
	if c.left--; c.left == 0 {
		close(c.done)
	}
}

// BenchmarkPost measures a message from Post to the end of Handle, with the messages
// spread over owners.
func BenchmarkPost(b *testing.B) {
	for _, owners := range []int{1, 100} {
		b.Run(fmt.Sprintf("owners=%d", owners), func(b *testing.B) {
			s := task.New(task.Options{})
			defer s.Close()
			var all []*task.Owner
			for range owners {
				all = append(all, s.NewOwner(b.Context(), "user"))
			}
			c := &countdown{left: b.N, done: make(chan struct{})}
			b.ReportAllocs()
			b.ResetTimer()
			for i := range b.N {
				all[i%owners].Post(c)
			}
			<-c.done
		})
	}
}

// BenchmarkPostIdle is BenchmarkPost with an idle scheduler: each message wakes a
// goroutine.
func BenchmarkPostIdle(b *testing.B) {
	s := task.New(task.Options{})
	defer s.Close()
	o := s.NewOwner(b.Context(), "user")
	done := make(chan struct{})
	handled := itemFunc(func(*task.Task) { done <- struct{}{} })
	b.ReportAllocs()
	for b.Loop() {
		o.Post(handled)
		<-done
	}
}

// BenchmarkSpawn measures a task from start to end. A handler spawns it.
func BenchmarkSpawn(b *testing.B) {
	for _, name := range []string{"", "reader"} {
		b.Run("name="+name, func(b *testing.B) {
			s := task.New(task.Options{})
			defer s.Close()
			o := s.NewOwner(b.Context(), "user")
			c := &countdown{left: b.N, done: make(chan struct{})}
			b.ReportAllocs()
			b.ResetTimer()
			var spawn func(*task.Task)
			spawn = func(t *task.Task) {
				c.Handle(t)
				if c.left > 0 {
					o.Spawn(name, spawn)
				}
			}
			o.Spawn(name, spawn)
			<-c.done
		})
	}
}

// BenchmarkWait measures releasing the script lock and taking it again, in one task and
// in many.
func BenchmarkWait(b *testing.B) {
	for _, tasks := range []int{1, 200} {
		b.Run(fmt.Sprintf("tasks=%d", tasks), func(b *testing.B) {
			s := task.New(task.Options{})
			defer s.Close()
			o := s.NewOwner(b.Context(), "user")
			left := b.N
			var all []*task.Task
			b.ReportAllocs()
			b.ResetTimer()
			for range tasks {
				all = append(all, o.Spawn("", func(t *task.Task) {
					for left > 0 {
						left--
						_ = t.Wait(func(context.Context) error { return nil })
					}
				}))
			}
			for _, t := range all {
				<-t.Ended()
			}
		})
	}
}

// BenchmarkInstruction measures what the interpreter pays for each instruction.
func BenchmarkInstruction(b *testing.B) {
	s := task.New(task.Options{})
	defer s.Close()
	running := s.NewOwner(b.Context(), "user").Spawn("", func(t *task.Task) {
		code := t.Code()
		for b.Loop() {
			select {
			case <-code.Done():
			default:
			}
		}
	})
	<-running.Ended()
}
