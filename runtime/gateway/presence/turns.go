package presence

import (
	"time"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/router"
)

// With login_delay, the logins that serve causes itself wait in a line: those of users who
// stay connected, and those by answers to requests for presence. A user who logs in without
// having been asked does not wait.

// turn is the state of an offline user who has been asked for presence or is in the line.
type turn struct {
	asked   bool // presence that arrives now is an answer
	inLine  bool
	clients router.Clients // that have answered
	timer   clock.Timer    // ends asked
}

var turns router.Slot[turn]

// line has the bare JIDs of users whose login waits for the ones before it.
type line struct {
	jids   []string
	moving bool // advance runs, or will
}

var lines router.Slot[line] // of the transport itself

func loginDelay(u *router.User) time.Duration { return u.Router().Settings().Service.LoginDelay }

// question asks an offline user for presence. Answers from before do not count any more.
func question(u *router.User) {
	t := turns.Of(u)
	if t.timer != nil {
		t.timer.Stop()
	}
	t.asked, t.clients = true, nil
	t.timer = u.After(probeTime, func(u *router.User) {
		if turns.Peek(u) != t {
			return
		}
		if t.asked = false; !t.inLine {
			turns.Drop(u)
		}
	})
	ask(u)
}

// waits reports whether a client that is available waits for the turn of its user, who is
// offline.
func waits(u *router.User, c *router.Client) bool {
	t := turns.Peek(u)
	if t == nil || loginDelay(u) <= 0 {
		return false
	}
	known := t.clients.Find(c.JID)
	switch {
	case known != nil:
		*known = *c
	case !t.asked:
		return false
	case len(t.clients) < router.MaxClients:
		t.clients = append(t.clients, c)
		lineUp(u)
	}
	return true
}

// lineUp gives an offline user a turn: at once without login_delay, otherwise after the users
// who are in the line.
func lineUp(u *router.User) {
	t := turns.Of(u)
	if t.inLine {
		return
	}
	t.inLine = true
	if loginDelay(u) <= 0 {
		takeTurn(u)
		return
	}
	jid := u.JID
	_ = u.Router().For("", func(u *router.User) { // an error means that the router is closed
		l := lines.Of(u)
		l.jids = append(l.jids, jid)
		if !l.moving {
			advance(u)
		}
	})
}

// advance gives the first user in the line their turn, and the next one after a pause. Users
// who do not log in cause no pause.
func advance(u *router.User) {
	l := lines.Of(u)
	if l.moving = len(l.jids) > 0; !l.moving {
		return
	}
	first := l.jids[0]
	l.jids = l.jids[1:]
	_ = u.Router().For(first, func(u *router.User) {
		next := advance
		if takeTurn(u) {
			next = func(u *router.User) { u.After(loginDelay(u), advance) }
		}
		_ = u.Router().For("", next)
	})
}

// takeTurn logs in a user if they have a client or need none. It reports whether a session has
// begun.
func takeTurn(u *router.User) bool {
	t := turns.Peek(u)
	if t == nil {
		return false // the user has logged in meanwhile
	}
	t.inLine = false
	switch asked := t.asked; {
	case len(t.clients) > 0:
		return Login(u)
	case mayLogin(u) && Stays(u):
		if !Login(u) {
			return false
		}
		if !asked {
			ask(u)
		}
		return true
	case !asked:
		turns.Drop(u)
	}
	return false
}

// endTurn gives a user who logs in the clients that have waited.
func endTurn(u *router.User) {
	t := turns.Peek(u)
	if t == nil {
		return
	}
	turns.Drop(u)
	if t.timer != nil {
		t.timer.Stop()
	}
	for _, c := range t.clients {
		if known := u.Clients.Find(c.JID); known != nil {
			*known = *c // it has joined a room meanwhile
		} else {
			u.Clients = append(u.Clients, c)
		}
	}
}

// leaveLine handles a client of an offline user that becomes unavailable.
func leaveLine(u *router.User, jid string) {
	if t := turns.Peek(u); t != nil {
		t.clients.Remove(jid)
	}
}
