package presence

import (
	"math/rand/v2"
	"time"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/router"
)

// Pauses between the logins of a user who stays connected and whose network keeps failing.
const (
	firstPause = time.Minute
	lastPause  = 30 * time.Minute
)

// revival is the next login of a user whose session ended by a failure of the network.
type revival struct {
	pause time.Duration
	timer clock.Timer
}

var revivals router.Slot[revival]

// revive logs in a user after a pause, which doubles each time. Pauses differ, so that
// users do not return at the same moment.
func revive(u *router.User) {
	r := revivals.Of(u)
	r.pause = min(max(2*r.pause, firstPause), lastPause)
	if r.timer != nil {
		r.timer.Stop()
	}
	r.timer = u.After(r.pause-rand.N(r.pause/4), func(u *router.User) {
		if revivals.Peek(u) == r {
			Wake(u)
		}
	})
}

// stopReviving forgets the next login.
func stopReviving(u *router.User) {
	if r := revivals.Peek(u); r != nil {
		r.timer.Stop()
		revivals.Drop(u)
	}
}

// unregister returns what forgets the next login of a user who unregisters.
func unregister(*router.User) (removed func(*router.User), err error) { return stopReviving, nil }

// forget forgets what belongs to a session.
func forget(u *router.User) {
	if s := unheard.Peek(u); s != nil {
		s.timer.Stop()
		unheard.Drop(u)
	}
	renewals.Drop(u)
}
