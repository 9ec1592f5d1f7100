package task

import (
	"context"
	"runtime/metrics"
	"time"
)

const (
	// settling is how long nothing may run before Settle returns. Data on a local
	// socket arrives within that time.
	settling = time.Millisecond
	// unsettled is how long Settle waits for tasks that never become idle, and looks is how
	// often it observes them at least: on a busy machine, an observation takes long.
	unsettled = 100 * time.Millisecond
	looks     = 50
)

// Settle returns when all tasks of the schedulers wait for something that does not
// arrive at once, or when ctx is done. It is meant for clock.NewMovable. Settle
// observes the schedulers and the process from outside, so input from other processes may
// arrive later. It waits for tasks whose Input has arrived. It gives up after a tenth of a
// second on tasks that never become idle, but waits for those in Suspend.
func Settle(ctx context.Context, schedulers ...*Scheduler) {
	before, rested, late := uint64(0), false, time.Now().Add(unsettled)
	process := newProcess()
	for look := 0; ctx.Err() == nil && (look < looks || time.Now().Before(late)); look++ {
		turns, rest := uint64(0), true
		for _, s := range schedulers {
			turn, settled, suspended := s.settled()
			turns, rest = turns+turn, rest && settled
			if suspended {
				late = time.Now().Add(unsettled)
			}
		}
		rest = rest && process.quiet()
		if rest && rested && turns == before {
			return
		}
		before, rested = turns, rest
		time.Sleep(settling)
	}
}

// process observes the goroutines of this process.
type process struct{ goroutines []metrics.Sample }

func newProcess() process {
	return process{[]metrics.Sample{
		{Name: "/sched/goroutines/running:goroutines"}, {Name: "/sched/goroutines/runnable:goroutines"},
	}}
}

// quiet reports whether no goroutine but this one can run. Nothing else counts the goroutine of
// a task that has just begun or ended to wait. Threads that look for a goroutine count as one
// for some microseconds, so quiet asks repeatedly.
func (p process) quiet() bool {
	for range 1000 {
		metrics.Read(p.goroutines)
		active := uint64(0)
		for _, g := range p.goroutines {
			if g.Value.Kind() == metrics.KindUint64 { // KindBad: this version of Go does not count them
				active += g.Value.Uint64()
			}
		}
		if active <= 1 {
			return true
		}
	}
	return false
}

// settled reports whether nothing runs or is about to run, and returns the number
// of times that the script lock has changed hands. suspended reports whether a task is in
// Suspend.
func (s *Scheduler) settled() (turn uint64, settled, suspended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	suspended = len(s.suspended) > 0
	settled = !s.held && s.ready.len() == 0 && s.woken == 0 && !suspended
	for _, arrived := range s.inputs {
		settled = settled && !arrived()
	}
	return s.turn, settled, suspended
}
