package task

import "time"

// slowness is what is known about handling that waits. sched.mu guards it.
type slowness struct {
	since time.Time // of the first wait of what is being handled
	told  bool
}

// handlerWaits is called when what is being handled waits. sched.mu is held.
func (o *Owner) handlerWaits() {
	if o.slow.since.IsZero() && o.sched.limits.OnSlow != nil {
		o.slow.since = time.Now()
	}
	o.checkSlow()
}

// checkSlow tells of handling that holds up what is queued behind it: when
// something is queued, and when the handling goes on or ends. sched.mu is held.
func (o *Owner) checkSlow() {
	if o.slow.since.IsZero() || o.slow.told || o.inbox.len() == 0 {
		return
	}
	if waited := time.Since(o.slow.since); waited >= o.sched.limits.Slow {
		o.slow.told = true
		o.sched.limits.OnSlow(o, waited, o.inbox.len())
	}
}
