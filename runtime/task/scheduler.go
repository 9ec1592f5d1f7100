// Package task schedules the Lua code of a process. An owner is a user's session or
// the process; the scheduler handles the messages of each owner in order, and runs
// tasks next to them. All Lua code shares one lock, the script lock. The holder
// runs, and releases the lock while it waits.
//
// The lock passes on in the order of requests: messages to be handled and tasks
// that have finished waiting stand in one queue. Handling that never waits needs no
// switch between goroutines.
package task

import (
	"context"
	"sync"
	"time"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/crash"
)

// maxIdle is the number of idle workers that are kept.
const maxIdle = 16

// Options are the settings of a Scheduler. The zero value is usable.
type Options struct {
	// Run is how long a task may run without waiting, in real time, before it ends
	// with an error at its current line; 0 means no limit. The scheduler notices
	// this up to an eighth later.
	Run time.Duration
	// Grace is how much longer a task may continue after that. Then the watchdog's
	// goroutine calls OnStuck, once.
	Grace   time.Duration
	OnStuck func(t *Task)
	// OnSlow is called when an item is still being handled Slow after it first
	// waited, and more items are queued behind it. It is called once for each
	// owner, from a goroutine of its own.
	Slow   time.Duration
	OnSlow func(o *Owner, waited time.Duration, queued int)
	// Clock is the clock of timers, sleeps and timeouts. Nil means clock.Real.
	Clock clock.Clock
}

// Scheduler owns the script lock. It is safe for concurrent use unless a method
// says otherwise.
type Scheduler struct {
	opts  Options
	stop  chan struct{} // closed by Close
	ended sync.WaitGroup
	// signals holds the channels on which goroutines wait for the script lock.
	// Schedulers do not share them, because they may live in different synctest
	// bubbles.
	signals sync.Pool

	// mu guards the fields below, all owners and all tasks. Code that holds mu
	// neither blocks nor takes another lock of this program.
	mu sync.Mutex
	// held is true if the script lock is taken or about to be. Otherwise ready is
	// empty.
	held bool
	// running is the task that holds the script lock, or nil. turn counts its
	// changes.
	running *Task
	turn    uint64
	ready   queue[entry]
	idle    []*worker
	closed  bool
	// woken counts the tasks that wait for the script lock after a sleep or a
	// timeout, or that will do so soon; see Task.Soon.
	woken int
	// inputs has the functions of Task.Input.
	inputs map[*Task]func() bool
	// hook is the function of SetHook, or nil. suspended has the tasks in Suspend, and how to
	// end their contexts.
	hook      *func(*Task)
	suspended map[*Task]context.CancelCauseFunc
	// began is the zero of now. measure is nil while nobody measures. sample is the
	// function of a Sample that has not been called yet, and sampler the hook that calls it.
	began   time.Time
	measure *measure
	sample  func(*Task)
	sampler func(*Task)
	loans   loans
}

// entry is one place in the queue for the script lock: a job for a worker, or a
// goroutine that waits.
type entry struct {
	job    job
	signal chan struct{}
	task   *Task // the task of that goroutine; nil for Do
}

// job is an owner with items in its mailbox, or a task that starts.
type job interface {
	// run is called with the script lock and mu, and returns with both. It unlocks
	// mu while the job runs.
	run()
}

type worker struct{ wake chan struct{} }

// New returns a scheduler and starts its watchdog if Options.Run is set.
func New(o Options) *Scheduler {
	if o.Clock == nil {
		o.Clock = clock.Real()
	}
	s := &Scheduler{opts: o, stop: make(chan struct{}), began: time.Now()}
	s.sampler = s.sampled
	s.signals.New = func() any { return make(chan struct{}, 1) }
	if o.Run > 0 {
		s.ended.Go(s.watch)
	}
	return s
}

// Clock returns the clock of timers, sleeps and timeouts.
func (s *Scheduler) Clock() clock.Clock { return s.opts.Clock }

// Close ends the watchdog and the idle workers. Tasks that run or wait continue,
// and jobs that are queued later still run. OnStuck must not call Close.
func (s *Scheduler) Close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	s.endMeasure()
	for _, w := range s.idle {
		close(w.wake)
	}
	s.idle = nil
	s.mu.Unlock()
	close(s.stop)
	s.ended.Wait()
}

// Do waits for the script lock and calls f with it, on the caller's goroutine. f
// must not wait, and the watchdog ignores it. The caller must not hold the script
// lock.
func (s *Scheduler) Do(f func()) {
	s.acquire(nil)
	defer func() {
		s.mu.Lock()
		s.release()
		s.mu.Unlock()
	}()
	f()
}

// enqueue adds a job to the queue. s.mu is held.
func (s *Scheduler) enqueue(j job) {
	s.ready.push(entry{job: j})
	if !s.held {
		s.held = true
		s.wakeWorker()
	}
}

// acquire waits for the script lock and takes it for t, which is nil for Do.
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

// release passes the script lock to the next entry. s.mu is held.
func (s *Scheduler) release() {
	s.setRunning(nil)
	switch {
	case s.ready.len() == 0:
		s.held = false
		s.pauses()
	case s.ready.front().job != nil:
		s.wakeWorker()
	default:
		next := s.ready.pop()
		if next.task == nil {
			s.pauses()
		}
		s.setRunning(next.task)
		next.signal <- struct{}{} // never blocks: it buffers one signal and is empty
	}
}

// wakeWorker passes the script lock to an idle worker, or to a new one. s.mu is
// held.
func (s *Scheduler) wakeWorker() {
	s.pauses()
	if n := len(s.idle); n > 0 {
		s.idle[n-1].wake <- struct{}{} // never blocks: it buffers one signal and is empty
		s.idle = s.idle[:n-1]
		return
	}
	go s.work(&worker{wake: make(chan struct{}, 1)})
}

// work runs jobs. It holds the script lock when it starts or wakes up, and releases
// it before it becomes idle or returns.
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

// setRunning records which task holds the script lock. s.mu is held.
func (s *Scheduler) setRunning(t *Task) {
	if s.measure != nil && s.running != nil {
		s.charge()
		s.measure.fresh = s.measure.weight > 0
	}
	if s.sample != nil {
		s.takeSample()
	}
	s.running = t
	s.turn++
	if t != nil {
		if s.measure != nil {
			s.begins()
		}
		if t.brief, t.began = 0, 0; t.lender == nil {
			t.began = s.now()
		}
		t.setHook(s.hook)
		t.cancelled()
		t.goesOn()
	}
}
