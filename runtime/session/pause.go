package session

import (
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/clock"
)

// stableAfter is how long a user must have been connected for a failure to
// count as the first one again.
const stableAfter = time.Minute

// maxFailures is how many users' failures are remembered.
const maxFailures = 10000

// pauses is how long each user whose network failed has to wait. Spectrum logs
// such a user in again at once, and a network that drops him at once would be
// hammered for ever.
type pauses struct {
	clock       clock.Clock
	base, limit time.Duration
	users       map[string]*failure
}

type failure struct {
	until time.Time     // when on.login may run again
	next  time.Duration // the pause after another failure
}

// failed notes that a user's network failed, after he was connected for a
// time.
func (p *pauses) failed(user string, connected time.Duration) {
	if p.base <= 0 {
		return
	}
	now := p.clock.Now()
	f := p.users[user]
	if f == nil || connected >= stableAfter || now.Sub(f.until) > stableAfter+p.limit {
		f = &failure{next: min(p.base, p.limit)}
	}
	// Up to a quarter less, so that users who failed together do not come back
	// together.
	f.until = now.Add(f.next - time.Duration(rand.Float64()/4*float64(f.next)))
	f.next = min(2*f.next, p.limit)
	if len(p.users) >= maxFailures {
		p.forgetSome(now)
	}
	p.users[user] = f
}

// forget drops a user's failures: what ended him now is final.
func (p *pauses) forget(user string) { delete(p.users, user) }

// of is how long a user has to wait now.
func (p *pauses) of(user string) time.Duration {
	f := p.users[user]
	if f == nil {
		return 0
	}
	return max(0, clock.Until(p.clock, f.until))
}

// forgetSome makes a quarter of maxFailures free: first of users whose pause is
// over, then of any.
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

func (r *Registry) noteConnected(s *Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.connected = r.clock.Now()
	r.logConnected(s)
}

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
			return // Spectrum logs him in again once, however often it is told
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
