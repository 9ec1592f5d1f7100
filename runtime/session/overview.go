package session

import (
	"time"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/task"
)

// States of sessions.
const (
	StateLogin   = "login"   // on.login has not connected the user yet
	StateOnline  = "online"  // the script has sent CONNECTED
	StateFailed  = "failed"  // the script has sent DISCONNECTED
	StateRetry   = "retry"   // waits for a pause after failures of the network
	StateWaiting = "waiting" // waits for the end of the user's previous session
	StateLogout  = "logout"  // on.logout or tasks have not ended
)

// Overview is what an admin sees of a session.
type Overview struct {
	User  string
	State string
	// For is how long the user has been online, or the time since LOGIN.
	For time.Duration
	// Retry is the time until the login is retried, in StateRetry. Failures counts the
	// failures of the user's network in a row.
	Retry    time.Duration
	Failures int
	// Backlog counts the messages that wait until the user is connected again. Bytes are
	// theirs and those in the mailbox.
	Backlog int
	Bytes   int64
	Owner   *task.Owner
}

// Overviews describes the sessions that have not ended, in no order.
func (r *Registry) Overviews() []Overview {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]Overview, 0, len(r.all))
	now := r.clock.Now()
	for s := range r.all {
		o := Overview{User: s.User, For: now.Sub(s.asked), Backlog: len(s.backlog.items), Bytes: s.queued.Load(), Owner: s.owner}
		for _, i := range s.backlog.items {
			o.Bytes += int64(len(i.message.Payload))
		}
		f := r.pauses.users[s.User]
		if f != nil {
			o.Failures = f.count
		}
		switch o.State = r.stateOf(s, now); o.State {
		case StateRetry:
			o.Retry = clock.Until(r.clock, f.until)
		case StateOnline:
			o.For = now.Sub(s.connected)
		}
		all = append(all, o)
	}
	return all
}

// stateOf returns the state of a session. r.mu is held.
func (r *Registry) stateOf(s *Session, now time.Time) string {
	f := r.pauses.users[s.User]
	switch {
	case s.state == ending:
		return StateLogout
	case s.state == waiting && f != nil && f.until.After(now):
		return StateRetry
	case s.state == waiting:
		return StateWaiting
	case s.outcome == failed || s.outcome == lost:
		return StateFailed
	case s.connected.IsZero():
		return StateLogin
	}
	return StateOnline
}
