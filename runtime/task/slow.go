package task

import (
	"time"

	"spectrumlua/runtime/crash"
)

// slowness is the state of Options.OnSlow for one owner. sched.mu guards it.
type slowness struct {
	since    time.Time   // the first wait of the current item
	timer    *time.Timer // nil while nothing is queued behind the item
	reported bool
}

// handlerWaits is called when the handling of an item waits. sched.mu is held.
func (o *Owner) handlerWaits() {
	if o.slow.since.IsZero() && o.sched.opts.OnSlow != nil {
		o.slow.since = time.Now()
	}
	o.expectSlow()
}

// expectSlow starts the timer if the current item has waited and more items are
// queued behind it. sched.mu is held.
func (o *Owner) expectSlow() {
	s := &o.slow
	if s.since.IsZero() || s.reported || s.timer != nil || o.inbox.len() == 0 {
		return
	}
	s.timer = time.AfterFunc(time.Until(s.since.Add(o.sched.opts.Slow)), o.reportSlow)
}

// reportSlow calls OnSlow if the current item is still slow when the timer fires.
func (o *Owner) reportSlow() {
	defer crash.Guard()
	o.sched.mu.Lock()
	s := &o.slow
	waited, queued := time.Since(s.since), o.inbox.len()
	report := !s.since.IsZero() && waited >= o.sched.opts.Slow && queued > 0 && !s.reported
	s.reported = s.reported || report
	o.sched.mu.Unlock()
	if report {
		o.sched.opts.OnSlow(o, waited, queued)
	}
}

// handlerEnds is called when an item has been handled. sched.mu is held.
func (o *Owner) handlerEnds() {
	if o.slow.timer != nil {
		o.slow.timer.Stop()
		o.slow.timer = nil
	}
	o.slow.since = time.Time{}
}
