package presence

import (
	"errors"
	"time"

	"spectrumlua/runtime/clock"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
	"spectrumlua/runtime/stanza"
	"spectrumlua/runtime/xmltree"
)

// probeTime is how long clients have to answer after a reconnect. Those that do not are
// gone.
const probeTime = 30 * time.Second

// probesPerSecond limits how fast offline users are asked for their presence.
const probesPerSecond = 50

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
	if u.State != router.Offline || !mayLogin(u) {
		return
	}
	ask(u)
	if Stays(u) {
		Login(u)
	}
}

// mayLogin loads the account of an offline user and reports whether they may log in. During an
// outage of the database, the login waits.
func mayLogin(u *router.User) bool {
	err := load(u, u.JID)
	if errors.Is(err, users.ErrOutage) {
		waiting.Of(u)
	}
	return err == nil
}

// waiting has the users whose login waits for the database.
var waiting router.Slot[struct{}]

// databaseReturned logs in the users whose login waits for the database, and checks those whom
// configured could not check.
func databaseReturned(u *router.User) {
	u.Router().Each(func(u *router.User) {
		if waiting.Peek(u) != nil {
			waiting.Drop(u)
			question(u)
			lineUp(u)
		}
		if unchecked.Peek(u) != nil {
			recheck(u)
		}
	})
}

// ask requests the presence of all clients of a user.
func ask(u *router.User) { u.Send(stanza.Presence(u.Router().JID(), u.JID, "probe")) }

// round is a search for users. Each opening of the stream begins another one.
type round struct {
	number  int
	started bool // sessions may exist
}

var rounds router.Slot[round] // of the transport itself

// streamOpened looks for users. Presence that they sent while the stream was closed is lost:
// their server answered it with an error. So each user is asked: those with a session
// whether their clients are still there, and then all others who are registered. At the
// start, those who were online when the last process ended come first.
func streamOpened(u *router.User) {
	r := rounds.Of(u)
	r.number++
	if r.started {
		u.Router().Each(review)
	} else {
		start(u)
	}
	look(u)
}

// start begins the sessions of users who stay connected, once: when the stream opens, or when
// the first attempt to open it has failed. Before that, another process may have them. A session
// that ends later begins again by presence only.
func start(u *router.User) {
	rounds.Of(u).started = true
	all, err := registeredUsers(u)
	if err != nil {
		u.Failed("users who stay connected are not logged in yet", err)
		u.After(retryTime, start)
		return
	}
	for _, s := range all {
		if s.stays {
			_ = u.Router().For(s.jid, func(u *router.User) { // an error means that the router is closed
				if u.State == router.Offline {
					lineUp(u)
				}
			})
		}
	}
}

// look asks users in the current round.
func look(u *router.User) {
	all, err := registeredUsers(u)
	current := rounds.Of(u).number
	if err != nil {
		u.Failed("users who were online are not logged in yet", err)
		u.After(retryTime, func(u *router.User) {
			if rounds.Of(u).number == current {
				look(u)
			}
		})
		return
	}
	var first, others []string
	for _, s := range all {
		if s.online && current == 1 {
			first = append(first, s.jid)
		} else {
			others = append(others, s.jid)
		}
	}
	questionAll(u, first)
	pass(u, current, others)
}

// questionAll asks those of the users who are offline.
func questionAll(u *router.User, jids []string) {
	for _, name := range jids {
		_ = u.Router().For(name, func(u *router.User) { // an error means that the router is closed
			if u.State == router.Offline {
				question(u)
			}
		})
	}
}

// pass asks users, some in each second. It ends with the round.
func pass(u *router.User, current int, jids []string) {
	if rounds.Of(u).number != current || len(jids) == 0 {
		return
	}
	n := min(probesPerSecond, len(jids))
	questionAll(u, jids[:n])
	u.After(time.Second, func(u *router.User) { pass(u, current, jids[n:]) })
}

// sleeper is a user who may use the transport.
type sleeper struct {
	jid    string // bare
	stays  bool   // the session needs no client
	online bool   // the user was online when the last process ended
}

// registeredUsers returns the users who may use the transport.
func registeredUsers(u *router.User) ([]sleeper, error) {
	ctx, cancel := u.Context()
	defer cancel()
	all, err := u.Store().All(ctx)
	byDefault := u.Router().Settings().User.StayConnected
	unusual, disabled := map[int64]bool{}, map[int64]bool{}
	for _, s := range []struct {
		setting, value string
		users          map[int64]bool
	}{
		{"stay_connected", users.Boolean(!byDefault), unusual},
		{"enable_transport", users.Boolean(false), disabled},
	} {
		var some []users.Account
		if err == nil {
			some, err = u.Store().AllWith(ctx, s.setting, s.value)
		}
		for _, a := range some {
			s.users[a.ID] = true
		}
	}
	if err != nil {
		return nil, err
	}
	var sleepers []sleeper
	for _, a := range all {
		if !disabled[a.ID] && u.Router().Settings().Service.Allows(a.JID) {
			sleepers = append(sleepers, sleeper{a.JID, byDefault != unusual[a.ID], a.Online})
		}
	}
	return sleepers, nil
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

// returned reports whether a client that has to answer after a reconnect has left and come back
// unnoticed, so that it knows nothing of the transport. A server that answers for a client that
// has not left says when the client sent the presence (RFC 6121, section 4.3.2): not after the
// last one that arrived here.
func returned(u *router.User, s *router.Stanza, known *router.Client) bool {
	waiting := unheard.Peek(u)
	if waiting == nil || !waiting.clients[known.JID] {
		return false
	}
	sent, err := time.Parse(time.RFC3339, stanza.Attr(stanza.Child(s.Node, stanza.Delay, "delay"), "stamp"))
	return err != nil || sent.After(known.Heard)
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
