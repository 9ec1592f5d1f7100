package ids

import (
	"context"

	"spectrumlua/runtime/gateway/backlog"
	"spectrumlua/runtime/gateway/router"
	"spectrumlua/runtime/gateway/users"
)

// pair is a message that the user's client and the network know by different ids.
type pair struct {
	jid                 string // the user
	byStanza, byNetwork key
	stanza, network     string
	own                 bool // the user wrote the message
	receipt             bool // the client wants a receipt
}

// maxMemory is the number of pairs in memory, for all users.
const maxMemory = 20_000

// memory has the last pairs of all users. It is safe for concurrent use: the lock of the
// Writer guards everything.
type memory struct {
	backlog.Writer[[]users.Pair]
	pairs   map[key]*pair
	ring    []*pair // in the order of their arrival; next is the oldest when it is full
	next    int
	waiting []users.Pair // for the database
}

var memories router.Common[memory]

// find returns a pair of the user from memory or from the database, or nil.
func find(u *router.User, k key, load func(ctx context.Context, jid string, k int32) ([]byte, error)) *pair {
	m := memories.Of(u.Router())
	m.Lock()
	p, failing := m.pairs[k], m.Failing()
	m.Unlock()
	if p != nil || failing {
		return p
	}
	ctx, cancel := u.Context()
	defer cancel()
	packed, err := load(ctx, u.JID, k.stored())
	if err != nil {
		u.Log().WithField("error", err.Error()).Debug("an id of a message is unknown")
		return nil
	}
	if p = unpack(packed); p == nil {
		return nil
	}
	p.jid = u.JID
	return p
}

// add adds a pair, and stores it when its message has left.
func add(u *router.User, p *pair) {
	m := memories.Of(u.Router())
	m.Lock()
	defer m.Unlock()
	m.remember(p)
	m.store(u.Router(), p)
}

// remember adds a pair to the memory in the place of the oldest one. The lock is held.
func (m *memory) remember(p *pair) {
	if m.pairs == nil {
		m.pairs = map[key]*pair{}
	}
	if len(m.ring) < maxMemory {
		m.ring = append(m.ring, p)
	} else {
		m.forget(m.ring[m.next])
		m.ring[m.next] = p
		m.next = (m.next + 1) % maxMemory
	}
	m.pairs[p.byStanza] = p
	if m.pairs[p.byNetwork] == nil {
		m.pairs[p.byNetwork] = p
	}
}

func (m *memory) forget(p *pair) {
	for _, k := range []key{p.byStanza, p.byNetwork} {
		if m.pairs[k] == p {
			delete(m.pairs, k)
		}
	}
}

// drop forgets the pairs of a user. The lock is not held.
func (m *memory) drop(jid string) {
	m.Lock()
	defer m.Unlock()
	for _, p := range m.ring {
		if p.jid == jid {
			m.forget(p)
		}
	}
	m.discard(jid)
}
