package ids

import (
	"sync"

	"spectrumlua/runtime/gateway/router"
)

// pair is a message that the user's client and the network know by different ids.
type pair struct {
	byStanza, byNetwork key
	stanza, network     string
	own                 bool // the user wrote the message
	receipt             bool // the client wants a receipt
}

// maxMemory is the number of pairs in memory, for all users.
const maxMemory = 20_000

// memory has the last pairs of all users. It is safe for concurrent use.
type memory struct {
	mu    sync.Mutex
	pairs map[key]*pair
	ring  []*pair // in the order of their arrival; next is the oldest when it is full
	next  int
}

var memories router.Common[memory]

func find(u *router.User, k key) *pair {
	m := memories.Of(u.Router())
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.pairs[k]
}

func add(u *router.User, p pair) {
	m := memories.Of(u.Router())
	m.mu.Lock()
	defer m.mu.Unlock()
	m.add(&p)
}

// add adds a pair in the place of the oldest one. m.mu is locked.
func (m *memory) add(p *pair) {
	if m.pairs == nil {
		m.pairs = map[key]*pair{}
	}
	if len(m.ring) < maxMemory {
		m.ring = append(m.ring, p)
	} else {
		old := m.ring[m.next]
		for _, k := range []key{old.byStanza, old.byNetwork} {
			if m.pairs[k] == old {
				delete(m.pairs, k)
			}
		}
		m.ring[m.next] = p
		m.next = (m.next + 1) % maxMemory
	}
	m.pairs[p.byStanza] = p
	if m.pairs[p.byNetwork] == nil {
		m.pairs[p.byNetwork] = p
	}
}
