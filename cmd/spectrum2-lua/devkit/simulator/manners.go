package simulator

import (
	"context"
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
	// Rejoin joins the user's rooms again after each CONNECTED.
	Rejoin bool
}

// SpectrumManners are those of the real Spectrum.
func SpectrumManners() Manners {
	return Manners{PingInterval: 20 * time.Second, ExitIdle: true, Relogin: true, EchoBuddies: true, Rejoin: true}
}

// maxRelogins is how often a user is logged in again by itself.
const maxRelogins = 3

// manners carries Manners out, in a goroutine of its own so that the reading
// one never waits for a backend that does not read.
type manners struct {
	Manners
	b    *Backend
	news chan news
	// hearing is held from when a frame is remembered until it is among the news.
	hearing sync.Mutex

	mu    sync.Mutex
	users map[string]*account // who is logged in
	rooms rooms

	relogins map[string]int // used by run alone
}

// news is a frame to be answered, or somebody who waits until those before it
// have been.
type news struct {
	frame   Frame
	settled chan struct{}
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
		news:     make(chan news, 64),
		users:    map[string]*account{},
		rooms:    rooms{},
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
		delete(m.rooms, f.User)
	case *pb.Room:
		m.rooms.note(f.Type, f.User, message)
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
	case m.news <- news{frame: f}:
	case <-m.b.closing:
	}
}

// SettleManners waits until the Manners have answered all that has come so far:
// each frame that Trace or Frames has shown.
func (b *Backend) SettleManners(ctx context.Context) error {
	if b.manners == nil {
		return nil
	}
	b.manners.hearing.Lock()   // what somebody has seen is among the news
	b.manners.hearing.Unlock() //nolint:staticcheck // there is nothing to guard
	settled := make(chan struct{})
	select {
	case b.manners.news <- news{settled: settled}:
	case <-b.done:
		return ErrEnded
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case <-settled:
		return nil
	case <-b.done:
		return ErrEnded
	case <-ctx.Done():
		return context.Cause(ctx)
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
		case n := <-m.news:
			if n.settled != nil {
				close(n.settled)
				continue
			}
			m.answer(n.frame)
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
		if m.Rejoin {
			m.rejoin(f.User)
		}
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
	rooms := m.roomsOf(user)
	_ = m.b.sendFrames(logout, relogin)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.rooms[user] = rooms // the rooms survive a relogin
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
