package session

import (
	"time"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

// endingTimeout is how long a session's tasks may take to end once they have
// been cancelled, before the user's next session starts all the same.
const endingTimeout = 5 * time.Second

// terms say how a session is to end.
type terms struct {
	logout Message
	why    error
	// grace is how long what is queued may still take, limit how long
	// on.logout may.
	grace, limit time.Duration
	// heard tells that Spectrum still takes what the session sends.
	heard bool
}

// begin puts a session on the list of users and opens its mailbox, or else
// returns the pause that it has to wait for; it may also have to wait for the
// user's session before it. r.mu is held.
func (r *Registry) begin(s *Session) (pause time.Duration) {
	s.waits = 1 // this function
	if before := r.last[s.User]; before != nil {
		s.waits++
		before.next = s
	}
	if pause = r.pauses.of(s.User); pause > 0 {
		s.waits++
		s.delay = r.after(pause, func() {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.stopWaiting(s)
		})
	}
	r.users[s.User], r.last[s.User] = s, s
	r.all[s] = struct{}{}
	r.stopWaiting(s)
	return pause
}

// stopWaiting takes away one reason why a session waits; with the last one its
// mailbox is opened. r.mu is held.
func (r *Registry) stopWaiting(s *Session) {
	s.waits--
	switch {
	case s.waits > 0:
	case s.state == waiting:
		s.state = open
		s.owner.Release()
	case s.state == ending:
		r.finish(s)
	}
}

// terms are those of an ordinary end.
func (r *Registry) terms(logout Message, why error) terms {
	return terms{logout: logout, why: why, grace: r.opts.LogoutGrace, limit: r.opts.LogoutTimeout}
}

// end takes a session off the list of users and has it end: what is queued
// gets its grace, then on.logout runs, then all that the session owns is ended.
// If it is ending already, that may become faster. r.mu is held.
func (r *Registry) end(s *Session, how terms) {
	if r.users[s.User] == s {
		delete(r.users, s.User)
	}
	if !how.heard {
		s.mute.Store(true)
	}
	if s.state < ending {
		r.logEnd(s, how.why)
	}
	switch s.state {
	case waiting:
		r.cancelWaiting(s, how.why)
	case open:
		s.state = ending
		s.why, s.limit = how.why, how.limit
		s.owner.Finish(&logoutItem{r, s, how.logout})
		s.fuse = r.light(how.grace, func() { r.drop(s.owner.Interrupt(how.why)) }) // which works after Finish
	case ending:
		s.limit = min(s.limit, how.limit)
		s.fuse.shorten(how.grace)
	}
}

// cancelWaiting ends a session that never began. It keeps its place in the
// chain until the one before it has ended. r.mu is held.
func (r *Registry) cancelWaiting(s *Session, why error) {
	s.state = ending
	r.drop(s.owner.Cancel(why))
	if s.delay != nil && s.delay.Stop() {
		s.waits-- // else it has counted itself, or is about to
	}
	if s.waits == 0 {
		r.finish(s)
	}
}

// logoutBegins tells whether on.logout has to be called. If so, it has its
// limit from now on.
func (r *Registry) logoutBegins(s *Session, t *task.Task) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.fuse.putOut()
	if s.began {
		s.fuse = r.light(s.limit, func() { t.Cancel(ErrLogoutTooLong) })
	}
	return s.began
}

// logoutEnded ends what the session owns, and then the session.
func (r *Registry) logoutEnded(s *Session) {
	r.mu.Lock()
	s.fuse.putOut()
	r.mu.Unlock()
	r.drop(s.owner.Cancel(s.why))
	go func() {
		defer crash.Guard()
		select {
		case <-s.owner.Idle():
		case <-time.After(endingTimeout):
			r.log.WithField("user", s.User).Errorf("tasks of the user have not ended %v after their logout", endingTimeout)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.finish(s)
	}()
}

// finish lets the user's next session begin. r.mu is held.
func (r *Registry) finish(s *Session) {
	s.state = ended
	if r.last[s.User] == s {
		delete(r.last, s.User)
		r.opts.Secrets.Release(s.User)
	}
	delete(r.all, s)
	if len(r.all) == 0 && r.empty != nil {
		close(r.empty)
		r.empty = nil
	}
	if s.next != nil {
		r.stopWaiting(s.next)
		s.next = nil
	}
}

// fuse does something when its time is up, unless it is put out before. Its
// methods are called with registry.mu, but for putOut, which anyone may call.
type fuse struct {
	clock clock.Clock
	timer clock.Timer
	at    time.Time
}

func (r *Registry) light(d time.Duration, do func()) *fuse {
	return &fuse{r.clock, r.after(d, do), r.clock.Now().Add(d)}
}

// shorten has the time be up in d at the latest. It does nothing once it is.
func (f *fuse) shorten(d time.Duration) {
	if f == nil {
		return
	}
	if at := f.clock.Now().Add(d); at.Before(f.at) && f.timer.Stop() {
		f.at = at
		f.timer.Reset(d)
	}
}

func (f *fuse) putOut() { f.timer.Stop() }

// after does something later; a panic in it ends the process in order.
func (r *Registry) after(d time.Duration, do func()) clock.Timer {
	return r.clock.AfterFunc(d, func() {
		defer crash.Guard()
		do()
	})
}
