package session

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	logtest "github.com/sirupsen/logrus/hooks/test"
	"google.golang.org/protobuf/proto"

	"spectrumlua/pb"
	"spectrumlua/runtime/schema"
	"spectrumlua/runtime/task"
)

// A model records the messages that were received, and checks each call of the script
// against them.
type model struct {
	testing.TB
	r *Registry
	// unit scales all times. exact is true in a bubble, where running takes no time.
	unit  time.Duration
	exact bool
	lends bool // the next message may be handled by the goroutine that receives it
	users []string

	mu      sync.Mutex
	current map[string]*life // by user
	lives   []*life          // by number, which is the legacy name
}

// Times, in units.
const (
	modelGrace = 200
	modelLimit = 100
	modelDelay = 50
)

// life is one session as the model sees it.
type life struct {
	number int
	user   string
	habits byte // what its on.login and on.logout do
	sent   int  // number of messages sent to it
	over   bool // its LOGOUT has arrived
	overAt time.Time

	// What the script saw:
	began, loggedOut, ended bool
	handling                bool
	handled                 int // the last message
	tasks                   int
}

func newModel(t testing.TB, s *task.Scheduler, unit time.Duration, exact bool) *model {
	log, _ := logtest.NewNullLogger()
	m := &model{TB: t, unit: unit, exact: exact, users: []string{"alice", "bob", "carol"}, current: map[string]*life{}}
	m.r = New(t.Context(), Options{
		Scheduler: s, Script: m, Sender: m, Log: log,
		LogoutGrace: modelGrace * unit, LogoutTimeout: modelLimit * unit,
		LoginDelay: modelDelay * unit, LoginDelayMax: 2 * modelDelay * unit,
		MaxQueue: 1 << 20, MaxQueueBytes: 1 << 30,
	})
	return m
}

// step does what two bytes of the test's data say.
func (m *model) step(what, how byte, settle func()) {
	user := m.users[int(what)%len(m.users)]
	m.lends = what/30%2 == 0
	switch what / 3 % 10 {
	case 0:
		m.login(user, how)
	case 1:
		m.logout(user)
	case 2:
		m.logout(user)
		m.login(user, how)
	case 3:
		time.Sleep(time.Duration(how) * m.unit)
	case 4:
		settle()
	default:
		m.say(user, how)
	}
}

func (m *model) login(user string, habits byte) {
	m.mu.Lock()
	m.isOver(m.current[user])
	l := &life{number: len(m.lives), user: user, habits: habits}
	m.lives = append(m.lives, l)
	m.current[user] = l
	m.mu.Unlock()
	receive(m.Context(), m.r, m.lends, "login", loginOf(user, strconv.Itoa(l.number)))
}

func (m *model) logout(user string) {
	m.mu.Lock()
	m.isOver(m.current[user])
	delete(m.current, user)
	m.mu.Unlock()
	receive(m.Context(), m.r, m.lends, "logout", mustMarshal(&pb.Logout{User: &user, LegacyName: proto.String("x")}))
}

func (m *model) say(user string, how byte) {
	m.mu.Lock()
	text := "for no session"
	if l := m.current[user]; l != nil {
		l.sent++
		text = fmt.Sprint(l.number, " ", l.sent, " ", how)
	}
	m.mu.Unlock()
	receive(m.Context(), m.r, m.lends, "conv_message", sayingOf(user, text))
}

// isOver records that the LOGOUT of a life has arrived. m.mu is held.
func (m *model) isOver(l *life) {
	if l != nil && !l.over {
		l.over, l.overAt = true, time.Now()
	}
}

// exit ends the registry and checks that no session is left.
func (m *model) exit(within time.Duration) {
	m.mu.Lock()
	for _, l := range m.lives {
		if !l.over {
			l.over = true // now, because queued messages may be lost
		}
	}
	clear(m.current)
	m.mu.Unlock()
	ctx, cancel := context.WithTimeout(m.Context(), within)
	defer cancel()
	m.r.Exit(ctx, Message{Type: schema.TypeByName("exit")})
	if ctx.Err() != nil {
		m.Error("Exit has not ended in time")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.lives {
		if l.began != l.loggedOut || l.began && !l.ended || l.handling || l.tasks > 0 {
			m.Errorf("after the exit: %+v", *l)
		}
	}
}

// Send implements Sender. The message contains the number of its session.
func (m *model) Send(typ pb.WrapperMessage_Type, payload []byte) error {
	if typ != pb.WrapperMessage_TYPE_CONV_MESSAGE {
		return nil
	}
	var c pb.ConversationMessage
	_ = proto.Unmarshal(payload, &c)
	number, _ := strconv.Atoi(c.GetMessage())
	m.mu.Lock()
	defer m.mu.Unlock()
	if l := m.lives[number]; m.exact && l.over && !l.overAt.IsZero() && time.Now().After(l.overAt) {
		m.Errorf("session %d has sent after its LOGOUT", number)
	}
	return nil
}

// Dispatch implements Script.
func (m *model) Dispatch(t *task.Task, s *Session, msg Message) error {
	if s == nil {
		return nil
	}
	m.r.Sessions()
	l, habits := m.enter(s, msg)
	defer m.leave(l)
	_ = m.r.Send(s, pb.WrapperMessage_TYPE_CONV_MESSAGE, sayingOf(s.User, s.LegacyName))
	err := m.behave(t, s, l, habits)
	_ = m.r.Send(s, pb.WrapperMessage_TYPE_CONV_MESSAGE, sayingOf(s.User, s.LegacyName))
	return err
}

// enter checks that the message is allowed now. It returns the life of its session and
// what to do with the message.
func (m *model) enter(s *Session, msg Message) (*life, byte) {
	found := m.r.Find(s.User)
	m.mu.Lock()
	defer m.mu.Unlock()
	number, _ := strconv.Atoi(s.LegacyName)
	l := m.lives[number]
	if found != nil && found != s && msg.Type.Number != pb.WrapperMessage_TYPE_LOGOUT {
		m.Errorf("while session %d handles, session %s is shown", number, found.LegacyName)
	}
	for _, other := range m.lives[:number] {
		if other.user == l.user && (other.handling || other.tasks > 0 || other.began && !other.ended) {
			m.Errorf("session %d has %s, but before it there is %+v", number, msg.Type.Name, *other)
		}
	}
	if l.handling || l.loggedOut || l.user != s.User {
		m.Errorf("session %d has %s, but it is %+v", number, msg.Type.Name, *l)
	}
	l.handling = true
	switch msg.Type.Number {
	case pb.WrapperMessage_TYPE_LOGIN:
		if l.began {
			m.Errorf("session %d begins twice", number)
		}
		l.began = true
		return l, l.habits
	case pb.WrapperMessage_TYPE_LOGOUT:
		inTime := time.Since(l.overAt) < modelGrace*m.unit
		if !l.began || !l.over || m.exact && inTime && l.handled < l.sent {
			m.Errorf("session %d has LOGOUT, but it is %+v", number, *l)
		}
		l.loggedOut = true
		return l, l.habits >> 4
	}
	var c pb.ConversationMessage
	_ = proto.Unmarshal([]byte(msg.Payload), &c)
	var forSession, message int
	var how byte
	if _, err := fmt.Sscan(c.GetMessage(), &forSession, &message, &how); err != nil || forSession != number || message != l.handled+1 || !l.began {
		m.Errorf("session %d has %q, but it is %+v", number, c.GetMessage(), *l)
	}
	l.handled = message
	return l, how
}

func (m *model) leave(l *life) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l.handling = false
}

func (m *model) count(n *int, by int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	*n += by
}

// behave does what the bits of habits say.
func (m *model) behave(t *task.Task, s *Session, l *life, habits byte) error {
	switch habits % 8 {
	case 0:
		return m.nap(t, l, time.Duration(habits)*m.unit)
	case 1:
		return m.nap(t, l, 3*modelGrace*m.unit)
	case 2:
		return m.nap(t, l, 0)
	case 3, 4:
		name := []string{"", "n"}[habits>>3&1]
		s.Owner().Spawn(name, func(t *task.Task) {
			m.count(&l.tasks, 1)
			defer m.count(&l.tasks, -1)
			_ = m.nap(t, l, time.Duration(habits)*m.unit)
		})
	case 5:
		code := pb.ConnectionError_CONNECTION_ERROR_NETWORK_ERROR
		return m.r.Send(s, pb.WrapperMessage_TYPE_DISCONNECTED, mustMarshal(&pb.Disconnected{User: &s.User, Error: &code}))
	}
	return nil
}

// nap waits. Only the session's LOGOUT may cancel it.
func (m *model) nap(t *task.Task, l *life, d time.Duration) error {
	err := t.Wait(func(ctx context.Context) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil && err != task.ErrReplaced && !l.over {
		m.Errorf("session %d is disturbed without a reason: %v", l.number, err)
	}
	return err
}

// Offline implements Script.
func (m *model) Early(*Session, *schema.Type, []byte) bool { return false }
func (m *model) Offline(*Session) [][]byte                 { return nil }

// Ended implements Script.
func (m *model) Ended(s *Session) {
	m.mu.Lock()
	defer m.mu.Unlock()
	number, _ := strconv.Atoi(s.LegacyName)
	l := m.lives[number]
	if l.ended || l.handling || l.began != l.loggedOut {
		m.Errorf("the end of %+v", *l)
	}
	l.ended = true
}
