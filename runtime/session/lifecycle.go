package session

import (
	"time"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/crash"
	"spectrumlua/runtime/task"
)

// endingTimeout is how long a session's tasks may take to end after they are
// cancelled. After that the user's next session starts anyway.
const endingTimeout = 5 * time.Second

// terms are the conditions under which a session ends.
type terms struct {
	logout Message
	why    error
	// grace is the time limit for the messages that are still queued, limit the one
	// for on.logout.
	grace, limit time.Duration
	// heard is true if Spectrum still accepts messages of the session.
	heard bool
}

// begin makes s the current session of its user and opens its mailbox. It returns
// the pause if s has to wait for one first; s may also wait for the user's previous
// session. r.mu is held.
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
			r.pauseOver(s)
		})
	}
	r.users[s.User], r.last[s.User] = s, s
	r.all[s] = struct{}{}
	r.stopWaiting(s)
	return pause
}

// stopWaiting removes one reason to wait. It opens the mailbox with the last one.
// r.mu is held.
func (r *Registry) stopWaiting(s *Session) {
	s.waits--
	switch {
	case s.waits > 0:
	case s.state == waiting:
		s.state = open
		r.repeatLasting(s)
		s.owner.Release()
	case s.state == ending:
		r.finish(s)
	}
}

// terms returns the terms of an ordinary logout.
func (r *Registry) terms(logout Message, why error) terms {
	return terms{logout: logout, why: why, grace: r.opts.LogoutGrace, limit: r.opts.LogoutTimeout}
}

// end removes s from the logged-in users and starts its end: queued messages get
// their grace period, then on.logout runs, then the session's tasks are cancelled.
// If s is already ending, end can only shorten its limits. r.mu is held, and unlock has to
// be called.
func (r *Registry) end(s *Session, how terms) {
	if r.users[s.User] == s {
		delete(r.users, s.User)
	}
	if !how.heard {
		s.mute.Store(true)
	}
	if s.state < ending {
		r.logEnd(s, how.why)
		r.dropBacklog(s)
	}
	switch s.state {
	case waiting:
		r.cancelWaiting(s, how.why)
	case open:
		s.state = ending
		s.why, s.limit = how.why, how.limit
		s.owner.Finish(&logoutItem{r, s, how.logout})
		s.deadline = r.newDeadline(s.owner, how.grace, func() { r.drop(s.owner.Interrupt(how.why)) }) // Interrupt requires Finish
	case ending:
		s.limit = min(s.limit, how.limit)
		s.deadline.shorten(how.grace)
	}
}

// cancelWaiting ends a session whose on.login was never called. The user's next
// session still waits for the previous one to end. r.mu is held.
func (r *Registry) cancelWaiting(s *Session, why error) {
	s.state = ending
	r.drop(s.owner.Cancel(why))
	if s.delay != nil && s.delay.Stop() {
		s.waits-- // otherwise the timer has removed this reason, or is about to
	}
	if s.waits == 0 {
		r.finish(s)
	}
}

// logoutBegins reports whether on.logout has to be called. If so, it starts the
// time limit.
func (r *Registry) logoutBegins(s *Session, t *task.Task) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.deadline.stop()
	if s.loginCalled {
		s.deadline = r.newDeadline(s.owner, s.limit, func() { t.Cancel(errLogoutTooLong) })
	}
	return s.loginCalled
}

// logoutEnded cancels the session's tasks, waits for them and ends the session.
func (r *Registry) logoutEnded(s *Session) {
	r.mu.Lock()
	s.deadline.stop()
	r.mu.Unlock()
	r.drop(s.owner.Cancel(s.why))
	go func() {
		defer crash.Guard()
		select {
		case <-s.owner.Idle():
		case <-time.After(endingTimeout):
			r.log.WithField("user", s.User).Errorf("tasks of the user did not end within %v of the logout", endingTimeout)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.finish(s)
	}()
}

// finish ends a session and starts the user's next one. r.mu is held.
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

// deadline calls a function when its time is up. stop may be called from any
// goroutine, the other methods need registry.mu.
type deadline struct {
	clock clock.Clock
	timer clock.Timer
	at    time.Time
}

// newDeadline returns a deadline that calls do after d. It begins again while a debugger
// has stopped a task of the owner.
func (r *Registry) newDeadline(o *task.Owner, d time.Duration, do func()) *deadline {
	return &deadline{r.clock, o.AfterFunc(d, do), r.clock.Now().Add(d)}
}

// shorten moves the deadline to d from now if it is later. It does nothing if f is
// nil or the time is up.
func (f *deadline) shorten(d time.Duration) {
	if f == nil {
		return
	}
	if at := f.clock.Now().Add(d); at.Before(f.at) && f.timer.Stop() {
		f.at = at
		f.timer.Reset(d)
	}
}

// stop keeps the deadline from calling its function.
func (f *deadline) stop() { f.timer.Stop() }

// after calls do after d. A panic in do ends the process with a report; see
// crash.Guard.
func (r *Registry) after(d time.Duration, do func()) clock.Timer {
	return r.clock.AfterFunc(d, func() {
		defer crash.Guard()
		do()
	})
}
