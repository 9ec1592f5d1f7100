package task

import (
	"time"

	"spectrumlua/runtime/crash"
)

// slowness is what is known about handling that waits. sched.mu guards it.
type slowness struct {
	since time.Time   // of the first wait of what is being handled
	timer *time.Timer // tells of it; nil while nothing is queued behind it
	told  bool
}

// handlerWaits is called when what is being handled waits. sched.mu is held.
func (o *Owner) handlerWaits() {
	if o.slow.since.IsZero() && o.sched.opts.OnSlow != nil {
		o.slow.since = time.Now()
	}
	o.expectSlow()
}

// expectSlow has the handling watched for as long as something is queued behind
// it. sched.mu is held.
func (o *Owner) expectSlow() {
	s := &o.slow
	if s.since.IsZero() || s.told || s.timer != nil || o.inbox.len() == 0 {
		return
	}
	s.timer = time.AfterFunc(time.Until(s.since.Add(o.sched.opts.Slow)), o.tellSlow)
}

// tellSlow is called when the time is up.
func (o *Owner) tellSlow() {
	defer crash.Guard()
	o.sched.mu.Lock()
	s := &o.slow
	waited, queued := time.Since(s.since), o.inbox.len()
	tell := !s.since.IsZero() && waited >= o.sched.opts.Slow && queued > 0 && !s.told
	s.told = s.told || tell
	o.sched.mu.Unlock()
	if tell {
		o.sched.opts.OnSlow(o, waited, queued)
	}
}

// handlerEnds is called when something has been handled. sched.mu is held.
func (o *Owner) handlerEnds() {
	if o.slow.timer != nil {
		o.slow.timer.Stop()
		o.slow.timer = nil
	}
	o.slow.since = time.Time{}
}
