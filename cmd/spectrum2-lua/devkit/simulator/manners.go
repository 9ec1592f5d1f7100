package simulator

import (
	"context"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/rules"
)

// Manners are the messages that a Spectrum sends by itself. The zero value sends none.
type Manners struct {
	// PingInterval is the time between PINGs; the first is sent at once. If the backend
	// sends no frame between two PINGs, the simulator disconnects it, which is a
	// violation.
	PingInterval time.Duration
	// ExitIdle sends EXIT instead of PING to a backend without users.
	ExitIdle bool
	// Relogin answers DISCONNECTED. After the errors network and other, it sends LOGOUT and
	// the user's last LOGIN in one write, up to three times; CONNECTED resets the count.
	// After other errors it sends LOGOUT.
	Relogin bool
	// EchoBuddies sends BUDDY_CHANGED back if the contact is new in the user's roster, or
	// its alias or groups changed. LOGOUT clears the roster.
	EchoBuddies bool
	// Rejoin joins the user's rooms again after each CONNECTED.
	Rejoin bool
}

// SpectrumManners returns the manners of the real Spectrum.
func SpectrumManners() Manners {
	return Manners{PingInterval: 20 * time.Second, ExitIdle: true, Relogin: true, EchoBuddies: true, Rejoin: true}
}

// manners implements Manners in its own goroutine, so that reading continues while the
// backend does not read.
type manners struct {
	Manners
	b    *Backend
	news chan news
	// hearing is held while a frame is added to the journal and to news.
	hearing sync.Mutex

	mu    sync.Mutex
	users map[string]*account // the logged-in users
	rooms rooms

	relogins map[string]int // only run uses it
}

// news is a frame to answer, or a wait for the frames before it.
type news struct {
	frame   Frame
	settled chan struct{}
}

// account is a user who is logged in.
type account struct {
	login  *pb.Login
	roster map[string]rules.Contact
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

// note handles a frame to the backend before it is sent.
func (m *manners) note(f Frame) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch message := f.Message.(type) {
	case *pb.Login:
		m.users[f.User] = &account{login: message, roster: map[string]rules.Contact{}}
	case *pb.Logout:
		delete(m.users, f.User)
		delete(m.rooms, f.User)
	case *pb.Room:
		m.rooms.note(f.Type, f.User, message)
	}
}

// hear handles a frame from the backend.
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

// SettleManners waits until Manners have answered all frames that Trace or Frames have
// shown so far.
func (b *Backend) SettleManners(ctx context.Context) error {
	if b.manners == nil {
		return nil
	}
	b.manners.hearing.Lock()   // a frame that a caller has seen is now in news
	b.manners.hearing.Unlock() //nolint:staticcheck // only waits for its holder
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
				m.b.violations.add(Violation{Text: "no frame arrived since the last PING: Spectrum disconnects the backend and sends it SIGABRT"})
				_ = m.b.conn.Close()
				continue
			}
			received = now
			m.ping()
		}
	}
}

// ping sends PING, or EXIT to an idle backend. It ignores errors, because the reading
// goroutine sees the end of the connection.
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
	if !rules.IsTransient(reason) || m.relogins[user] == rules.MaxRelogins {
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
	_ = m.b.Send(pb.WrapperMessage_TYPE_BUDDY_CHANGED, now.Echo(user, buddy.GetBuddyName()))
}

// remember adds a contact to the roster of a logged-in user. It reports whether the
// roster changed.
func (m *manners) remember(user string, buddy *pb.Buddy) (now rules.Contact, news bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	online := m.users[user]
	if online == nil {
		return now, false
	}
	old, known := online.roster[buddy.GetBuddyName()]
	now, news = old.Changed(buddy)
	online.roster[buddy.GetBuddyName()] = now
	return now, news || !known
}
