// Package task runs what belongs to users' sessions and to the process: the
// handling of their messages, one after the other for each owner, and tasks
// beside it. All of it shares one lock, the script lock: whoever has it runs, and
// gives it up while waiting.
//
// The script lock goes round in the order of asking: a message to be handled and a
// task that has finished waiting stand in one queue, so that nobody is delayed
// by more than what others run in one go. Handling that never waits costs no
// switch between goroutines.
package task

import (
	"sync"
	"time"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/crash"
)

// maxIdle is how many goroutines are kept for the next job.
const maxIdle = 16

// Options are what a scheduler goes by. The zero value is good.
type Options struct {
	// Run is how long a task may run without waiting, by real time, before it
	// ends with an error at its line; 0 means no limit. It may run up to an
	// eighth longer before that is seen.
	Run time.Duration
	// Grace is how much longer a task may ignore that. Then OnStuck is called,
	// once, from the watchdog's goroutine.
	Grace   time.Duration
	OnStuck func(t *Task)
	// OnSlow is called once for an owner when something in his mailbox is still
	// being handled Slow after it first waited, and more is queued behind it. It
	// is called from a goroutine of its own.
	Slow   time.Duration
	OnSlow func(o *Owner, waited time.Duration, queued int)
	// Clock is what timers, sleeps and timeouts go by; default: clock.Real.
	Clock clock.Clock
}

// Scheduler owns the script lock. Its methods may be called from any goroutine
// unless they say otherwise.
type Scheduler struct {
	opts  Options
	stop  chan struct{} // closed by Close
	ended sync.WaitGroup
	// signals are what goroutines wait on for the script lock. They are not shared
	// with other schedulers, which may live in other bubbles of synctest.
	signals sync.Pool

	// mu guards the rest, and all owners and tasks. Nothing that may block is
	// done under it, and no other lock of this program is taken.
	mu sync.Mutex
	// held tells that someone has the script lock, or is about to. While it is false
	// nobody is ready.
	held bool
	// running is the task that has the script lock, if it is a task that has it, and
	// turn counts how often that has changed.
	running *Task
	turn    uint64
	ready   queue[entry]
	idle    []*worker
	closed  bool
	// woken counts the tasks whose time is up, or which go on soon by
	// themselves, and which have not got the script lock back yet.
	woken int
}

// entry is one place in the queue for the script lock: a job that any goroutine can
// run, or a goroutine that waits for it.
type entry struct {
	job    job
	signal chan struct{}
	task   *Task // whose goroutine it is; nil for Do
}

// job is an owner with something in its mailbox, or a task that starts.
type job interface {
	// run is called with the script lock and with mu, and returns with both. It lets
	// go of mu while the job runs.
	run()
}

type worker struct{ wake chan struct{} }

// New makes a scheduler.
func New(o Options) *Scheduler {
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	s := &Scheduler{opts: o, stop: make(chan struct{})}
	s.signals.New = func() any { return make(chan struct{}, 1) }
	if o.Run > 0 {
		s.ended.Go(s.watch)
	}
	return s
}

// Clock is what timers, sleeps and timeouts go by.
func (s *Scheduler) Clock() clock.Clock { return s.opts.Clock }

// Close ends the watchdog and the idle goroutines. What still runs or waits
// ends by itself; jobs that are queued later still run. Options.OnStuck must
// not call it.
func (s *Scheduler) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	for _, w := range s.idle {
		close(w.wake)
	}
	s.idle = nil
	s.mu.Unlock()
	close(s.stop)
	s.ended.Wait()
}

// Do runs f with the script lock, on the caller's goroutine, when its turn comes. f
// must not wait, and the watchdog does not look at it. Who has the script lock must
// not call Do.
func (s *Scheduler) Do(f func()) {
	s.acquire(nil)
	defer func() {
		s.mu.Lock()
		s.release()
		s.mu.Unlock()
	}()
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

// acquire waits for the script lock and takes it for t, or for none.
func (s *Scheduler) acquire(t *Task) {
	s.mu.Lock()
	if !s.held {
		s.held = true
		s.setRunning(t)
		s.mu.Unlock()
		return
	}
	signal := s.signals.Get().(chan struct{})
	s.ready.push(entry{signal: signal, task: t})
	s.mu.Unlock()
	<-signal
	s.signals.Put(signal)
}

// release gives the script lock to who is next. s.mu is held.
func (s *Scheduler) release() {
	s.setRunning(nil)
	switch {
	case s.ready.len() == 0:
		s.held = false
	case s.ready.front().job != nil:
		s.wakeWorker()
	default:
		next := s.ready.pop()
		s.setRunning(next.task)
		next.signal <- struct{}{} // it has room for one, and is empty
	}
}

// wakeWorker hands the script lock to an idle worker, or to a new one. s.mu is held.
func (s *Scheduler) wakeWorker() {
	if n := len(s.idle); n > 0 {
		s.idle[n-1].wake <- struct{}{} // it has room for one, and is empty
		s.idle = s.idle[:n-1]
		return
	}
	go s.work(&worker{wake: make(chan struct{}, 1)})
}

// work runs jobs. It has the script lock whenever it begins, and parks or ends
// without it.
func (s *Scheduler) work(w *worker) {
	defer crash.Guard()
	for woken := true; woken; _, woken = <-w.wake {
		s.mu.Lock()
		for s.ready.len() > 0 && s.ready.front().job != nil {
			s.ready.pop().job.run()
		}
		s.release()
		if s.closed || len(s.idle) == maxIdle {
			s.mu.Unlock()
			return
		}
		s.idle = append(s.idle, w)
		s.mu.Unlock()
	}
}

// setRunning notes who has the script lock now. s.mu is held.
func (s *Scheduler) setRunning(t *Task) {
	s.running = t
	s.turn++
	if t != nil {
		t.goesOn()
	}
}
