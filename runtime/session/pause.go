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
const maxFailures = 10000

// pauses holds the pause of each user whose network failed. Spectrum logs such a
// user in again at once, so a network that drops them at once would receive an
// endless series of logins.
type pauses struct {
	clock       clock.Clock
	base, limit time.Duration
	users       map[string]*failure
}

type failure struct {
	until time.Time     // when on.login may run again
	next  time.Duration // the pause after another failure
}

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
	if len(p.users) >= maxFailures {
		p.forgetSome(now)
	}
	p.users[user] = f
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
	defer r.mu.Unlock()
	s.connected = r.clock.Now()
	r.logConnected(s)
}

// noteDisconnected records that the session has sent DISCONNECTED.
func (r *Registry) noteDisconnected(s *Session, payload []byte) {
	var d pb.Disconnected
	if proto.Unmarshal(payload, &d) != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logDisconnected(s, &d)
	switch d.GetError() {
	case pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR, pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR:
		if s.failed {
			return // Spectrum logs the user in again only once, even after several errors
		}
		s.failed = true
		var connected time.Duration
		if !s.connected.IsZero() {
			connected = clock.Since(r.clock, s.connected)
		}
		r.pauses.failed(s.User, connected)
	default:
		r.pauses.forget(s.User)
	}
}
