package task

import (
	"time"

	"spectrumlua/runtime/crash"
)

// watchdog remembers the last turn that look has seen.
type watchdog struct {
	turn     uint64
	since    time.Time
	reported bool // OnStuck has been called
}

// watch cancels tasks that run too long without waiting.
func (s *Scheduler) watch() {
	defer crash.Guard()
	const looks = 8 // calls of look within the limit
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

// look cancels the running task if it has run too long. It returns the task if OnStuck has
// to be called for it. It holds s.mu throughout, so that it cannot cancel a task that has
// taken the script lock since.
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
	if ran >= s.opts.Run+s.opts.Grace && !w.reported {
		w.reported = true
		return t
	}
	return nil
}
