package session

import (
	"errors"
	"math/rand/v2"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

// ErrExit is the cause that ends what waits when the process does.
var ErrExit = errors.New("the backend is ending")

// stableAfter is how long a user must have been connected for a failure to
// count as the first one again.
const stableAfter = time.Minute

// maxFailures is how many users' failures are remembered.
const maxFailures = 10000

// pauses is how long each user whose network failed has to wait. Spectrum logs
// such a user in again at once, and a network that drops him at once would be
// hammered for ever.
type pauses struct {
	base, limit time.Duration
	users       map[string]*failure
}

type failure struct {
	count int
	until time.Time // when on.login may run again
}

// failed notes that a user's network failed, after he was connected for a
// time.
func (p *pauses) failed(user string, connected time.Duration) {
	now := time.Now()
	f := p.users[user]
	if f == nil || connected >= stableAfter || now.Sub(f.until) > stableAfter+p.limit {
		f = &failure{}
	}
	if len(p.users) >= maxFailures {
		p.forgetOld(now)
	}
	f.count++
	pause := p.base
	for i := 1; i < f.count && pause < p.limit; i++ {
		pause *= 2
	}
	pause = min(pause, p.limit)
	// Up to a quarter more or less, so that users who failed together do not
	// come back together.
	jitter := time.Duration((rand.Float64() - 0.5) / 2 * float64(pause))
	f.until = now.Add(pause + jitter)
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
	return max(0, time.Until(f.until))
}

func (p *pauses) forgetOld(now time.Time) {
	for user, f := range p.users {
		if now.After(f.until) {
			delete(p.users, user)
		}
	}
}

func (r *Registry) noteConnected(s *Session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.connected = time.Now()
}

func (r *Registry) noteDisconnected(s *Session, payload []byte) {
	var d pb.Disconnected
	if proto.Unmarshal(payload, &d) != nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch d.GetError() {
	case pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR, pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR:
		var connected time.Duration
		if !s.connected.IsZero() {
			connected = time.Since(s.connected)
		}
		r.pauses.failed(s.User, connected)
	default:
		r.pauses.forget(s.User)
	}
}
