package task

import (
	"time"

	"spectrumlua/runtime/crash"
)

// watchdog is what is known about the turn that was seen last.
type watchdog struct {
	turn  uint64
	since time.Time
	told  bool // OnStuck has been called
}

// watch stops tasks that run for too long without waiting.
func (s *Scheduler) watch() {
	defer crash.Guard()
	const looks = 8 // within one limit
	tick := time.NewTicker(max(s.opts.Run/looks, time.Millisecond))
	defer tick.Stop()
	var w watchdog
	for {
		select {
		case <-s.stop:
			return
		case <-tick.C:
		}
		if stuck := s.look(&w); stuck != nil && s.opts.OnStuck != nil {
			s.opts.OnStuck(stuck)
		}
	}
}

// look cancels the running task if it has run for too long, and returns it if
// it is to be reported as stuck. It holds s.mu for all of that, so that the
// task which is cancelled is the one that ran for so long, in the turn that
// took so long, and not what has got the script lock since.
func (s *Scheduler) look(w *watchdog) (stuck *Task) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.running
	if t == nil || s.turn != w.turn {
		w.turn, w.since = s.turn, time.Now()
		return nil
	}
	ran := time.Since(w.since)
	if ran >= s.opts.Run {
		t.stop(&RanTooLongError{Limit: s.opts.Run})
	}
	if ran >= s.opts.Run+s.opts.Grace && !w.told {
		w.told = true
		return t
	}
	return nil
}
