package simulator

import (
	"slices"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
)

// Manners is what a Spectrum does without being asked. The zero value is
// nothing at all.
type Manners struct {
	// PingInterval sends PING at once and then at each interval. A backend from
	// which no frame at all has come since the last one is disconnected, which
	// counts as a violation.
	PingInterval time.Duration
	// ExitIdle sends EXIT in place of a PING to a backend without users.
	ExitIdle bool
	// Relogin answers DISCONNECTED: with the error network or other by LOGOUT
	// and the user's last LOGIN in one write, up to three times, a count that
	// CONNECTED resets; otherwise by LOGOUT.
	Relogin bool
	// EchoBuddies sends BUDDY_CHANGED back when a contact is new to the user's
	// roster, or its alias or groups have changed. The roster is forgotten at
	// the user's LOGOUT.
	EchoBuddies bool
}

// SpectrumManners are those of the real Spectrum.
func SpectrumManners() Manners {
	return Manners{PingInterval: 20 * time.Second, ExitIdle: true, Relogin: true, EchoBuddies: true}
}

// maxRelogins is how often a user is logged in again by itself.
const maxRelogins = 3

// manners carries Manners out, in a goroutine of its own so that the reading
// one never waits for a backend that does not read.
type manners struct {
	Manners
	b    *Backend
	news chan Frame

	mu    sync.Mutex
	users map[string]*account // who is logged in

	relogins map[string]int // used by run alone
}

// account is a user who is logged in.
type account struct {
	login  *pb.Login
	roster map[string]contact
}

// contact is what an echo of BUDDY_CHANGED depends on.
type contact struct {
	alias  string
	groups []string
}

func newManners(b *Backend, m Manners) *manners {
	return &manners{
		Manners:  m,
		b:        b,
		news:     make(chan Frame, 64),
		users:    map[string]*account{},
		relogins: map[string]int{},
	}
}

// note is told of each frame to the backend before it is sent.
func (m *manners) note(f Frame) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch message := f.Message.(type) {
	case *pb.Login:
		m.users[f.User] = &account{login: message, roster: map[string]contact{}}
	case *pb.Logout:
		delete(m.users, f.User)
	}
}

// hear is told of each frame from the backend.
func (m *manners) hear(f Frame) {
	switch f.Type {
	case pb.WrapperMessage_TYPE_CONNECTED, pb.WrapperMessage_TYPE_DISCONNECTED, pb.WrapperMessage_TYPE_BUDDY_CHANGED:
	default:
		return
	}
	select {
	case m.news <- f:
	case <-m.b.closing:
	}
}

func (m *manners) run() {
	var tick <-chan time.Time
	if m.PingInterval > 0 {
		ticker := time.NewTicker(m.PingInterval)
		defer ticker.Stop()
		tick = ticker.C
		m.ping()
	}
	received := 0
	for {
		select {
		case <-m.b.done:
			return
		case f := <-m.news:
			m.answer(f)
		case <-tick:
			now := m.b.Received()
			if now == received {
				m.b.violations.add(Violation{Text: "nothing has come since the last PING: Spectrum disconnects the backend and sends it SIGABRT"})
				_ = m.b.conn.Close()
				continue
			}
			received = now
			m.ping()
		}
	}
}

// ping sends PING, or EXIT to a backend that is not needed. A failed write is
// no news: the reading goroutine sees the connection end.
func (m *manners) ping() {
	typ := pb.WrapperMessage_TYPE_PING
	m.mu.Lock()
	if m.ExitIdle && len(m.users) == 0 && m.b.Received() > 0 {
		typ = pb.WrapperMessage_TYPE_EXIT
	}
	m.mu.Unlock()
	_ = m.b.Send(typ, nil)
}

func (m *manners) answer(f Frame) {
	switch message := f.Message.(type) {
	case *pb.Connected:
		delete(m.relogins, f.User)
	case *pb.Disconnected:
		if m.Relogin {
			m.disconnected(f.User, message.GetError())
		}
	case *pb.Buddy:
		if m.EchoBuddies {
			m.buddyChanged(f.User, message)
		}
	}
}

func (m *manners) disconnected(user string, reason pb.ConnectionError) {
	m.mu.Lock()
	online := m.users[user]
	m.mu.Unlock()
	if online == nil {
		return
	}
	login := online.login
	logout, err := wrapper(pb.WrapperMessage_TYPE_LOGOUT, &pb.Logout{User: proto.String(user), LegacyName: login.LegacyName})
	if err != nil {
		return
	}
	again := reason == pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR || reason == pb.ConnectionError_CONNECTION_ERROR_OTHER_ERROR
	if !again || m.relogins[user] == maxRelogins {
		delete(m.relogins, user)
		_ = m.b.sendFrames(logout)
		return
	}
	m.relogins[user]++
	relogin, err := wrapper(pb.WrapperMessage_TYPE_LOGIN, login)
	if err != nil {
		return
	}
	_ = m.b.sendFrames(logout, relogin)
}

func (m *manners) buddyChanged(user string, buddy *pb.Buddy) {
	now, news := m.remember(user, buddy)
	if !news {
		return
	}
	_ = m.b.Send(pb.WrapperMessage_TYPE_BUDDY_CHANGED, &pb.Buddy{
		UserName:  proto.String(user),
		BuddyName: buddy.BuddyName,
		Alias:     proto.String(now.alias),
		Group:     now.groups,
		Status:    pb.StatusType_STATUS_TYPE_NONE.Enum(),
	})
}

// remember puts a contact on the roster of a user who is logged in, and tells
// whether that changed it.
func (m *manners) remember(user string, buddy *pb.Buddy) (now contact, news bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	online := m.users[user]
	if online == nil {
		return contact{}, false
	}
	old, known := online.roster[buddy.GetBuddyName()]
	now = old
	// Empty, both keep what was.
	if alias := buddy.GetAlias(); alias != "" {
		now.alias = alias
	}
	if groups := buddy.GetGroup(); len(groups) > 0 {
		now.groups = groups
	}
	online.roster[buddy.GetBuddyName()] = now
	return now, !known || now.alias != old.alias || !slices.Equal(now.groups, old.groups)
}
