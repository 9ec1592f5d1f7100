// Package task runs what belongs to users' sessions and to the process: the
// handling of their messages, one after the other for each owner, and tasks
// beside it. All of it shares one lock, the baton: whoever has it runs, and
// gives it up while waiting.
//
// The baton goes round in the order of asking: a message to be handled and a
// task that has finished waiting stand in one queue, so that nobody is delayed
// by more than what others run in one go. Handling that never waits costs no
// switch between goroutines.
package task

import (
	"sync"
	"sync/atomic"
	"time"

	"spectrumlua/runtime/crash"
)

// maxIdle is how many goroutines are kept for the next job.
const maxIdle = 16

// Scheduler owns the baton. Its methods may be called from any goroutine
// unless they say otherwise.
type Scheduler struct {
	mu     sync.Mutex
	held   bool
	ready  queue[entry]
	idle   []*worker
	closed bool

	limits Limits
	// running is the task that has the baton; turn counts how often the baton
	// has changed hands.
	running  atomic.Pointer[Task]
	turn     atomic.Uint64
	stop     chan struct{}
	watchdog sync.WaitGroup
}

// Limits is how long a task may run without waiting.
type Limits struct {
	// Run ends a task with an error at its line; 0 means no limit.
	Run time.Duration
	// Grace is how much longer a task may ignore that. Then OnStuck is called,
	// once, from the watchdog's goroutine.
	Grace   time.Duration
	OnStuck func(t *Task)
}

// entry is one place in the queue for the baton: a job that any goroutine can
// run, or a goroutine that waits for it.
type entry struct {
	job    job
	waiter chan struct{}
}

type job interface {
	// run is called with the baton, and returns with it.
	run()
}

type worker struct{ wake chan struct{} }

// New makes a scheduler.
func New(l Limits) *Scheduler {
	s := &Scheduler{limits: l, stop: make(chan struct{})}
	if l.Run > 0 {
		s.watchdog.Go(s.watch)
	}
	return s
}

// Close ends the watchdog and the idle goroutines. What still runs or waits
// ends by itself; jobs that are queued later still run.
func (s *Scheduler) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	idle := s.idle
	s.idle = nil
	s.mu.Unlock()
	close(s.stop)
	for _, w := range idle {
		close(w.wake)
	}
	s.watchdog.Wait()
}

// Do runs f with the baton, on the caller's goroutine, when its turn comes. f
// must not wait. It must not be called by who has the baton.
func (s *Scheduler) Do(f func()) {
	s.acquire(nil)
	defer s.release()
	f()
}

// enqueue gives a job its place in the queue. s.mu is held.
func (s *Scheduler) enqueue(j job) {
	s.ready.push(entry{job: j})
	if !s.held {
		s.held = true
		s.wakeWorker()
	}
}

// acquire waits for the baton and takes it for t.
func (s *Scheduler) acquire(t *Task) {
	s.mu.Lock()
	if !s.held {
		s.held = true
		s.mu.Unlock()
	} else {
		turn := waiters.Get().(chan struct{})
		s.ready.push(entry{waiter: turn})
		s.mu.Unlock()
		<-turn
		waiters.Put(turn)
	}
	s.setRunning(t)
}

// release gives the baton to who is next.
func (s *Scheduler) release() {
	s.setRunning(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready.len() == 0 {
		s.held = false
		return
	}
	if next := s.ready.front(); next.waiter != nil {
		s.ready.pop()
		next.waiter <- struct{}{}
		return
	}
	s.wakeWorker()
}

var waiters = sync.Pool{New: func() any { return make(chan struct{}, 1) }}

// wakeWorker hands the baton to an idle worker, or to a new one. s.mu is held.
func (s *Scheduler) wakeWorker() {
	if n := len(s.idle); n > 0 {
		w := s.idle[n-1]
		s.idle = s.idle[:n-1]
		w.wake <- struct{}{}
		return
	}
	go s.work(&worker{wake: make(chan struct{}, 1)})
}

// work runs one job after the other. It starts with the baton, and parks or
// ends without it.
func (s *Scheduler) work(w *worker) {
	defer crash.Guard()
	for {
		s.mu.Lock()
		if s.ready.len() == 0 {
			s.held = false
		} else {
			next := s.ready.pop()
			if next.job != nil {
				s.mu.Unlock()
				next.job.run()
				continue
			}
			next.waiter <- struct{}{}
		}
		if s.closed || len(s.idle) >= maxIdle {
			s.mu.Unlock()
			return
		}
		s.idle = append(s.idle, w)
		s.mu.Unlock()
		if _, ok := <-w.wake; !ok {
			return
		}
	}
}

func (s *Scheduler) setRunning(t *Task) {
	s.running.Store(t)
	s.turn.Add(1)
}

// watch stops tasks that run for too long without waiting.
func (s *Scheduler) watch() {
	defer crash.Guard()
	const looks = 8 // within one limit
	tick := time.NewTicker(max(s.limits.Run/looks, time.Millisecond))
	defer tick.Stop()
	var turn uint64
	var since time.Time
	stuck := false
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		t, now := s.running.Load(), s.turn.Load()
		if t == nil || now != turn {
			turn, since = now, time.Now()
			continue
		}
		ran := time.Since(since)
		if ran >= s.limits.Run {
			t.cancel(&RanTooLongError{Limit: s.limits.Run})
		}
		if ran >= s.limits.Run+s.limits.Grace && s.limits.OnStuck != nil && !stuck {
			stuck = true
			s.limits.OnStuck(t)
		}
	}
}
