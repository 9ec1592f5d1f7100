package presence

import (
	"time"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
)

// Limits of the answers to the presence of one user.
const (
	// maxAnswers is how often in a minute a request of one kind for one address is
	// answered. Another program may react to each answer with a further request.
	maxAnswers = 10
	// maxAddresses is the number of different requests that are counted in a minute. A
	// user may subscribe to many contacts at once.
	maxAddresses = 20_000
)

// answers counts the answers to a user.
type answers struct {
	given   map[request]int
	refused int
}

type request struct{ typ, name string }

var answered router.Slot[answers]

// MayAnswer reports whether a presence may be answered. It returns false if the same
// request arrives too often, so that no loop of requests and answers can last. The user
// must be registered.
func MayAnswer(u *router.User, s *router.Stanza) bool { return may(u, request{s.Type, s.Name}) }

func may(u *router.User, r request) bool {
	a := answered.Of(u)
	if a.given == nil {
		a.given = map[request]int{}
		u.After(time.Minute, recount)
	}
	if n := a.given[r]; n >= maxAnswers || n == 0 && len(a.given) >= maxAddresses {
		a.refused++
		return false
	}
	a.given[r]++
	return true
}

// Deny answers a request about a subscription to a JID that does not offer one, such as a room
// (RFC 6121, section 3.1.3). Strangers get no answer.
func Deny(u *router.User, s *router.Stanza) {
	if (u.State != router.Offline || registered(u)) && MayAnswer(u, s) {
		u.Send(stanza.Presence(jid.Bare(s.To), u.JID, "unsubscribed"))
	}
}

// recount begins the next minute.
func recount(u *router.User) {
	if a := answered.Peek(u); a != nil && a.refused > 0 {
		u.Log().WithField("count", a.refused).Warn("presence stanzas of the user were not answered, because the same ones arrive too often")
	}
	answered.Drop(u)
}
