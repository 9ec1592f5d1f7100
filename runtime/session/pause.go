package session

import (
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
)

// stableAfter is how long a user must be connected for the pauses to start over.
const stableAfter = time.Minute

// maxFailures is the number of users whose failures are remembered.
const maxFailures = 100000

// pauses holds the pause of each user whose network failed. Spectrum logs such a
// user in again at once, so a network that drops them at once would receive an
// endless series of logins.
type pauses struct {
	clock       clock.Clock
	base, limit time.Duration
	users       map[string]*failure
}

type failure struct {
	until  time.Time     // when on.login may run again
	next   time.Duration // the pause after another failure
	count  int           // failures in a row
	told   bool          // the user knows the reason
	passed time.Time     // when Spectrum received the last error
}

// ownRetry is how soon after an error Spectrum's own LOGIN arrives.
const ownRetry = 5 * time.Second

// failed records that a user's network failed after they were connected for a time.
func (p *pauses) failed(user string, connected time.Duration) {
	if p.base <= 0 {
		return
	}
	now := p.clock.Now()
	f := p.users[user]
	if f == nil || connected >= stableAfter || now.Sub(f.until) > stableAfter+p.limit {
		f = &failure{next: min(p.base, p.limit)}
	}
	// A random part, up to a quarter, spreads users who failed together.
	f.until = now.Add(f.next - time.Duration(rand.Float64()/4*float64(f.next)))
	f.next = min(2*f.next, p.limit)
	f.count++
	if len(p.users) >= maxFailures {
		p.forgetSome(now)
	}
	p.users[user] = f
}

// loggedIn records a LOGIN. Unless Spectrum retries by itself, the failures before it no
// longer count; only the pause stays.
func (p *pauses) loggedIn(user string) {
	if f := p.users[user]; f != nil && p.clock.Now().Sub(f.passed) > ownRetry {
		f.count, f.told = 0, false
	}
}

// forget drops a user's failures, because their session ended with a final error.
func (p *pauses) forget(user string) { delete(p.users, user) }

// of returns how long a user has to wait now.
func (p *pauses) of(user string) time.Duration {
	f := p.users[user]
	if f == nil {
		return 0
	}
	return max(0, clock.Until(p.clock, f.until))
}

// forgetSome drops a quarter of the users, first those whose pause is over.
func (p *pauses) forgetSome(now time.Time) {
	for _, over := range []bool{true, false} {
		for user, f := range p.users {
			if len(p.users) <= maxFailures*3/4 {
				return
			}
			if !over || now.After(f.until) {
				delete(p.users, user)
			}
		}
	}
}

// noteConnected records that the session has sent CONNECTED.
func (r *Registry) noteConnected(s *Session) {
	r.mu.Lock()
	defer r.unlock()
	first := s.connected.IsZero()
	s.connected, s.known = r.clock.Now(), true
	r.logConnected(s)
	if first {
		r.settle(s)
	}
}

// disconnect handles a DISCONNECTED of s. It either retries the login, or passes the
// error on to Spectrum. how and keep are for retry.
func (r *Registry) disconnect(s *Session, payload []byte, how terms, keep bool) error {
	var d pb.Disconnected
	if proto.Unmarshal(payload, &d) != nil {
		return r.opts.Sender.Send(pb.WrapperMessage_TYPE_DISCONNECTED, payload)
	}
	pause, retried, tell := r.noteDisconnected(s, &d, how, keep)
	if !retried {
		return r.opts.Sender.Send(pb.WrapperMessage_TYPE_DISCONNECTED, payload)
	}
	if r.opts.OnRetry != nil {
		r.opts.OnRetry(s.User, &d, pause)
	}
	if !tell {
		return nil
	}
	return r.opts.Sender.Send(pb.WrapperMessage_TYPE_RAW_XML, notice(s.User, d.GetMessage()))
}

// noteDisconnected records a DISCONNECTED of s. It reports whether the login is retried
// after a pause, and whether the user has to be told.
func (r *Registry) noteDisconnected(s *Session, d *pb.Disconnected, how terms, keep bool) (pause time.Duration, retried, tell bool) {
	r.mu.Lock()
	defer r.unlock()
	if !retriable(d) {
		r.logDisconnected(s, d, 0)
		r.pauses.forget(s.User)
		return 0, false, false
	}
	if s.failed {
		return 0, false, false // Spectrum logs the user in again only once, even after several errors
	}
	s.failed = true
	var connected time.Duration
	if !s.connected.IsZero() {
		connected = clock.Since(r.clock, s.connected)
	}
	r.pauses.failed(s.User, connected)
	retried = r.retries(s)
	f := r.pauses.users[s.User]
	if f != nil {
		tell = !f.told
		f.told = f.told || retried
		if !retried {
			f.passed = r.clock.Now()
		}
		pause = max(0, clock.Until(r.clock, f.until))
	}
	if !retried {
		r.logDisconnected(s, d, 0)
		return 0, false, false
	}
	r.logDisconnected(s, d, pause)
	r.retry(s, how, keep)
	return pause, true, tell
}

// retriable reports whether another login may succeed after an error. All other errors
// are final, for Spectrum too.
func retriable(d *pb.Disconnected) bool {
	switch d.GetError() {
	case pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR, pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR:
		return true
	}
	return false
}
