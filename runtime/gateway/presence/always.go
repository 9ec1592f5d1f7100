package presence

import (
	"time"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/stanza"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/xmltree"
)

// probeTime is how long clients have to answer after a reconnect. Those that do not are
// gone.
const probeTime = 30 * time.Second

// retryTime is the time until the next attempt if the database fails at the start.
const retryTime = 30 * time.Second

// Stays reports whether the session of a user stays when the last client has left.
func Stays(u *router.User) bool {
	if value, known := u.Settings["stay_connected"]; known {
		return value == "1"
	}
	return u.Router().Settings().User.StayConnected
}

// Apply puts a change of the user's settings into effect, in the database or in
// User.Settings: a session without clients ends if it may not stay, and each session ends
// if the user has turned the transport off. A user who turns one of them on is logged in.
func Apply(u *router.User) {
	if u.State != router.Offline {
		u.Hooks(func(h *router.Hooks) func(*router.User) { return h.Settings })
	}
	switch {
	case u.State == router.Offline:
		Wake(u)
	case u.Settings["enable_transport"] == "0", len(u.Clients) == 0 && !Stays(u):
		Logout(u)
	}
}

// Wake logs in a user whose session stays without clients, and finds out which clients
// they have.
func Wake(u *router.User) {
	if u.State != router.Offline {
		return
	}
	if load(u, u.JID) == nil {
		ask(u)
		if Stays(u) {
			Login(u)
		}
	}
}

// ask requests the presence of all clients of a user.
func ask(u *router.User) { u.Send(stanza.Presence(u.Router().JID(), u.JID, "probe")) }

// beginning says whether the stream was open before.
type beginning struct{ open bool }

var began router.Slot[beginning] // of the transport itself

// streamOpened asks for the presence of users: after the start, of those who were online
// when the last process ended; later of those who are.
func streamOpened(u *router.User) {
	if b := began.Of(u); b.open {
		u.Router().Each(review)
		return
	}
	began.Of(u).open = true
	wakeAll(u)
}

func wakeAll(u *router.User) {
	jids, err := sleepers(u)
	if err != nil {
		u.Log().Errorf("users who were online are not logged in yet: %v", err)
		u.After(retryTime, wakeAll)
		return
	}
	wake(u, jids)
}

// sleepers returns the bare JIDs of the users to wake.
func sleepers(u *router.User) ([]string, error) {
	ctx, cancel := u.Context()
	defer cancel()
	all, err := u.Store().All(ctx)
	var decided []users.Account
	byDefault := u.Router().Settings().User.StayConnected
	if err == nil {
		decided, err = u.Store().AllWith(ctx, "stay_connected", users.Boolean(!byDefault))
	}
	if err != nil {
		return nil, err
	}
	unusual := map[int64]bool{}
	for _, a := range decided {
		unusual[a.ID] = true
	}
	var jids []string
	for _, a := range all {
		if _, domain, _ := jid.Split(a.JID); !u.Router().Settings().Service.Allows(domain) {
			continue
		}
		if a.Online || byDefault != unusual[a.ID] {
			jids = append(jids, a.JID)
		}
	}
	return jids, nil
}

// wake wakes users one after the other, with the pauses of login_delay.
func wake(u *router.User, jids []string) {
	delay := u.Router().Settings().Service.LoginDelay
	for i, name := range jids {
		if i > 0 && delay > 0 {
			u.After(delay, func(u *router.User) { wake(u, jids[i:]) })
			return
		}
		_ = u.Router().For(name, Wake) // an error means that the router is closed
	}
}

// silent has the clients that have to answer after a reconnect.
type silent struct {
	clients map[string]bool // by full JIDs
	timer   clock.Timer
}

var unheard router.Slot[silent]

// heard notes that a client is there.
func heard(u *router.User, client string) {
	if s := unheard.Peek(u); s != nil {
		delete(s.clients, client)
	}
}

// review asks all clients of a user whether they are still there, because they could leave
// unnoticed while the stream was closed.
func review(u *router.User) {
	if u.State == router.Offline || len(u.Clients) == 0 && !Stays(u) {
		return
	}
	s := unheard.Of(u)
	if s.timer != nil {
		s.timer.Stop()
	}
	s.clients = map[string]bool{}
	for _, c := range u.Clients {
		s.clients[c.JID] = true
		if c.InRooms { // the user's server does not report this client
			u.Query("get", c.JID, stanza.Element(stanza.Ping, "ping", nil), func(u *router.User, answer *xmltree.Node) {
				if answer != nil && stanza.Attr(answer, "type") == "result" {
					heard(u, c.JID)
				}
			})
		}
	}
	ask(u)
	// Queries end after the same time, so this leaves them one more second.
	s.timer = u.After(probeTime+time.Second, func(u *router.User) {
		if unheard.Peek(u) != s {
			return
		}
		unheard.Drop(u)
		for client := range s.clients {
			Left(u, client)
		}
	})
}
