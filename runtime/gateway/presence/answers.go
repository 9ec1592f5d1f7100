package presence

import (
	"sync"
	"time"

	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/jid"
	"spectrumlua/runtime/stanza"
)

// Limits of the answers to the presence of one user, and of the requests to them.
const (
	// maxAnswers is how often in a minute a request of one kind for one address is
	// answered, or sent. Another program may react to each answer with a further request.
	maxAnswers = 10
	// maxAddresses is the number of different requests that are counted in a minute. A
	// user may subscribe to many contacts at once.
	maxAddresses = 20_000
	// maxStrangers is the number of strangers that are counted in a minute. A server can make
	// up any number of them.
	maxStrangers = 10_000
)

// answers counts the answers to a user, and the requests of contacts.
type answers struct {
	given   map[request]int
	refused int
	asked   map[string]int // by the contacts' names
	kept    int            // requests that were not sent
}

type request struct{ typ, name string }

var answered router.Slot[answers]

// counted returns the counts of the present minute.
func counted(u *router.User) *answers {
	a := answered.Of(u)
	if a.given == nil {
		a.given, a.asked = map[request]int{}, map[string]int{}
		u.After(time.Minute, recount)
	}
	return a
}

// MayAnswer reports whether a presence may be answered. It returns false if the same
// request arrives too often, so that no loop of requests and answers can last. The user
// must be registered.
func MayAnswer(u *router.User, s *router.Stanza) bool { return may(u, request{s.Type, s.Name}) }

func may(u *router.User, r request) bool {
	a := counted(u)
	if n := a.given[r]; n >= maxAnswers || n == 0 && len(a.given) >= maxAddresses {
		a.refused++
		return false
	}
	a.given[r]++
	return true
}

// MayAsk reports whether a contact may ask the user for a subscription. It returns false if the
// contact has asked too often, so that no loop of a script and a client can last. The number of
// contacts has no limit.
func MayAsk(u *router.User, name string) bool {
	a := counted(u)
	if a.asked[name] >= maxAnswers {
		a.kept++
		return false
	}
	a.asked[name]++
	return true
}

// strangers counts the answers to users who are not registered. All share it: a counter for
// each would keep them in memory.
type strangers struct {
	mu    sync.Mutex
	begin time.Time
	given map[string]int // by bare JIDs
}

var unknown router.Common[strangers]

// mayAnswerStranger is like MayAnswer for a user without a registration.
func mayAnswerStranger(u *router.User) bool {
	s, now := unknown.Of(u.Router()), u.Router().Clock.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.given == nil || now.Sub(s.begin) >= time.Minute {
		s.begin, s.given = now, map[string]int{}
	}
	if n := s.given[u.JID]; n >= maxAnswers || n == 0 && len(s.given) >= maxStrangers {
		return false
	}
	s.given[u.JID]++
	return true
}

// Deny answers a request about a subscription that the user does not have, or that a JID does not
// offer, such as a room (RFC 6121, section 3.1.3). Strangers get no answer.
func Deny(u *router.User, s *router.Stanza) {
	if (u.State != router.Offline || registered(u)) && MayAnswer(u, s) {
		u.Send(stanza.Presence(jid.Bare(s.To), u.JID, "unsubscribed"))
	}
}

// recount begins the next minute.
func recount(u *router.User) {
	a := answered.Peek(u)
	if a == nil {
		return
	}
	if a.refused > 0 {
		u.Log().WithField("count", a.refused).Warn("presence stanzas of the user were not answered, because the same ones arrive too often")
	}
	if a.kept > 0 {
		u.Log().WithField("count", a.kept).Warn("requests of contacts were not sent to the user, because the script repeats them too often")
	}
	answered.Drop(u)
}
